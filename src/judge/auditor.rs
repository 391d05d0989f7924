//! Sees the sessions as they end, and notes what opened each, or would.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use super::handle::Handle;
use super::key_logs::Asked;
use super::keys::Opened;
use crate::keys::{KeyError, Row};
use crate::report::document::{Generator, KeyReport};
use crate::report::key_audit::{
    KEY_AUDIT_SCHEMA, KeyAudit, LoggedSession, MissingKey, MissingSecret, RowReport, UnusableKey,
    UsableKey,
};
use crate::report::reason::Reason;
use crate::report::session::SessionReport;
use crate::report::summary::{MissingOrigin, Summary};
use crate::report::tls::TlsReport;
use crate::tls::Keys;
use crate::tls::suite::KeyExchange;

/// Session ids, servers and lines that each list has; of more the count is told.
pub(super) const MOST_NAMED: usize = 1_000;

/// Sessions to be resumed that are remembered: as many as the search for secrets remembers.
pub(super) const MOST_HANDLES: usize = 100_000;

/// Sessions that only a key log opens, and whose randoms are kept until the end (20 MB).
pub(super) const MOST_SECRETS: usize = 100_000;

/// Sees the sessions as they end.
#[derive(Debug, Default)]
pub struct KeyAuditor {
    summary: Summary,
    opened: Opened,
    by_source: BTreeMap<String, Vec<u64>>,
    missing_keys: BTreeMap<Lock, MissingKey>,
    /// What names a session that a missing key would open, should others resume it.
    handles: HashMap<Handle, Lock>,
    closed: Vec<Closed>,
    more_secrets: u64,
    /// The sessions that key logs are asked about at the end, when all of them were read.
    asked: Vec<Asked>,
}

/// What tells one missing key from another: the certificate's SPKI hash or, where none was
/// captured, the server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lock {
    Spki(String),
    Server(SocketAddr),
}

/// A session that no server key opens, unless it is by way of the one that it resumes.
#[derive(Debug)]
struct Closed {
    secret: MissingSecret,
    takes_up: Option<Handle>,
    gives_out: Vec<Handle>,
}

impl KeyAuditor {
    /// Notes a session.
    pub fn see(&mut self, session: &SessionReport) {
        let Some(tls) = &session.tls else { return };
        self.summary.count(session);
        self.opened.count(session);
        if self.asked.len() < MOST_SECRETS {
            self.asked.extend(Asked::of(session));
        }
        if let Some(source) = session.opened_by() {
            let sessions = self.by_source.entry(source.clone()).or_default();
            name(sessions, session.id);
        }
        match tls.decryption.reason {
            Some(Reason::NoKey | Reason::KeyMismatch | Reason::NoCertificate) => {
                self.miss_key(session, tls);
            }
            Some(reason) if needs_key_log(reason, tls) => self.miss_secret(session, tls, reason),
            _ => {}
        }
    }

    fn miss_key(&mut self, session: &SessionReport, tls: &TlsReport) {
        let certificate = tls.certificates.first();
        let lock = match certificate {
            Some(certificate) => Lock::Spki(certificate.spki_sha256.clone()),
            None => Lock::Server(session.server.0),
        };
        let key = self.missing_keys.entry(lock.clone()).or_insert_with(|| MissingKey {
            subject: certificate.map(|certificate| certificate.subject.clone()),
            issuer: certificate.map(|certificate| certificate.issuer.clone()),
            spki_sha256: certificate.map(|certificate| certificate.spki_sha256.clone()),
            bits: certificate.map(|certificate| certificate.key_bits),
            servers: Vec::new(),
            would_open: 0,
            sessions: Vec::new(),
            resumed_sessions: Vec::new(),
        });
        key.would_open += 1;
        name(&mut key.sessions, session.id);
        if !key.servers.contains(&session.server) {
            name(&mut key.servers, session.server);
        }
        let room = MOST_HANDLES.saturating_sub(self.handles.len());
        self.handles.extend(tls.gives_out().take(room).map(|handle| (handle, lock.clone())));
    }

    fn miss_secret(&mut self, session: &SessionReport, tls: &TlsReport, reason: Reason) {
        if self.closed.len() >= MOST_SECRETS {
            self.more_secrets += 1;
            return;
        }
        let secret = MissingSecret {
            session: session.id,
            server: session.server,
            reason,
            client_random: tls.client_hello.as_ref().map(|hello| hello.random.clone()),
        };
        let (takes_up, gives_out) = (tls.takes_up(), tls.gives_out().collect());
        self.closed.push(Closed { secret, takes_up, gives_out });
    }

    /// The document, when all sessions were seen. `errors` is what was wrong with the keys.
    #[must_use]
    pub fn finish(mut self, keys: &Keys, errors: &[KeyError]) -> KeyAudit {
        let mut missing_secrets = self.give_resumed_to_their_keys();
        let missing_secrets_total = missing_secrets.len() as u64 + self.more_secrets;
        missing_secrets.truncate(MOST_NAMED);
        let missing_origins = self.origins_without_key();
        let has_sessions = self.summary.sessions > 0;
        let log = keys.ring.keylog().read().filter(|_| has_sessions);
        let mut unmatched_lines = log.as_ref().map_or_else(Vec::new, |log| log.unmatched_places());
        unmatched_lines.truncate(MOST_NAMED);
        let mut logged_sessions = self.logged_sessions(keys);
        let logged_sessions_total = logged_sessions.len() as u64;
        logged_sessions.truncate(MOST_NAMED);
        KeyAudit {
            schema: KEY_AUDIT_SCHEMA,
            generator: Generator::default(),
            keys: self.usable(keys),
            errors: errors.iter().map(UnusableKey::new).collect(),
            tls_sessions: self.summary.sessions,
            missing_keys: by_use(self.missing_keys.into_values().collect()),
            missing_secrets,
            missing_secrets_total,
            unmatched_lines,
            unmatched_lines_total: log.map_or(0, |log| log.unmatched_lines() as u64),
            decryption: self.summary.decryption,
            reasons: self.summary.reasons,
            missing_origins,
            logged_sessions,
            logged_sessions_total,
        }
    }

    fn logged_sessions(&mut self, keys: &Keys) -> Vec<LoggedSession> {
        let Some(log) = keys.ring.keylog().read() else { return Vec::new() };
        let mut found: Vec<_> =
            self.asked.iter().filter_map(|asked| asked.examined(&log)).collect();
        found.sort_by_key(|logged| logged.session);
        found
    }

    /// A session that resumes one which a missing key would open is opened by that key too, and so
    /// are those that resume it with a ticket of its own. Gives the others, by id.
    fn give_resumed_to_their_keys(&mut self) -> Vec<MissingSecret> {
        let mut others = Vec::new();
        let mut closed = std::mem::take(&mut self.closed);
        closed.sort_by_key(|closed| closed.secret.session);
        for Closed { secret, takes_up, gives_out } in closed {
            let lock = takes_up.and_then(|handle| self.handles.get(&handle)).cloned();
            let key = lock.as_ref().and_then(|lock| self.missing_keys.get_mut(lock));
            let (Some(lock), Some(key)) = (lock, key) else {
                others.push(secret);
                continue;
            };
            key.would_open += 1;
            name(&mut key.resumed_sessions, secret.session);
            self.handles.extend(gives_out.into_iter().map(|handle| (handle, lock.clone())));
        }
        others
    }

    /// Sessions that are resumed, are not opened, and that no missing key would open.
    fn origins_without_key(&mut self) -> Vec<MissingOrigin> {
        let mut origins = std::mem::take(&mut self.summary.missing_origins);
        let is_known = |o: &MissingOrigin| self.handles.contains_key(&(o.by, o.handle.clone()));
        origins.retain(|origin| !is_known(origin));
        origins
    }

    fn usable(&mut self, keys: &Keys) -> Vec<UsableKey> {
        // Key logs are told behind the keys, and have no rows.
        let rows = keys.ring.keys().iter().map(|key| key.rows()).chain(std::iter::repeat(&[][..]));
        let told = KeyReport::of_counted(keys, &self.opened).into_iter().zip(rows);
        told.map(|(key, rows)| UsableKey {
            rows: rows.iter().map(RowReport::new).collect(),
            sessions: sorted(self.by_source.remove(&key.source).unwrap_or_default()),
            key,
        })
        .collect()
    }
}

/// Whether a line of a key log would open a session that no server key opens.
fn needs_key_log(reason: Reason, tls: &TlsReport) -> bool {
    let exchange = tls.suite.map(|suite| suite.key_exchange);
    match reason {
        Reason::ForwardSecrecy
        | Reason::Tls13
        | Reason::KeylogWithoutSession
        | Reason::KeylogIncomplete
        | Reason::ResumedWithoutOrigin => true,
        Reason::UnsupportedCipherSuite => {
            matches!(exchange, Some(KeyExchange::Psk | KeyExchange::RsaPsk))
        }
        _ => false,
    }
}

/// Adds to a list that has its limit.
fn name<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST_NAMED {
        list.push(item);
    }
}

fn sorted(mut sessions: Vec<u64>) -> Vec<u64> {
    sessions.sort_unstable();
    sessions
}

/// The most useful key first; sessions, which were seen as they ended, by id.
fn by_use(mut keys: Vec<MissingKey>) -> Vec<MissingKey> {
    for key in &mut keys {
        key.sessions.sort_unstable();
        key.resumed_sessions.sort_unstable();
        key.servers.sort_by_key(|server| server.0);
    }
    keys.sort_by_key(|key| Reverse(key.would_open));
    keys
}

impl RowReport {
    fn new(row: &Row) -> Self {
        Self {
            source: row.source.clone(),
            address: row.address.to_string(),
            port: row.port.to_string(),
            protocol: row.protocol.clone(),
        }
    }
}

impl UnusableKey {
    fn new(error: &KeyError) -> Self {
        let place = error.row.as_ref().unwrap_or(&error.at);
        Self {
            file: place.file.clone(),
            line: place.line,
            column: place.column,
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}
