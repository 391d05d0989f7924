//! Whether a TLS session was opened, and if not, why not: one reason, the facts that show it, and
//! what would help. The first cause wins: each question below is asked only if those before it do
//! not answer the matter.

use serde::Serialize;

use super::findings::{Finding, Severity};
use super::hex;
use super::session::Ends;
use crate::keys::{KeyIdentity, Origin as LogOrigin};
use crate::moment::Moment;
use crate::role::{PerRole, Role};
use crate::tls::certificate::Certificate;
use crate::tls::facts::{KeySearch, Opener, Origin, PremasterNote, Resumption, Secret};
use crate::tls::suite::{KeyExchange, Suite};
use crate::tls::{Keys, TlsFacts};

/// Whether a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecryptionStatus {
    /// From its first protected record to its last.
    Decrypted,
    /// With holes.
    Partial,
    /// Not at all.
    None,
    /// It carries nothing to open.
    NotNeeded,
}

impl DecryptionStatus {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decrypted => "decrypted",
            Self::Partial => "partial",
            Self::None => "none",
            Self::NotNeeded => "not_needed",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
        /// Why a session was not opened, or not wholly.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code in the report.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of the finding that goes with it.
            #[must_use]
            pub fn finding(self) -> &'static str {
                match self { $(Self::$variant => concat!("tls.", $name),)* }
            }
        }
    };
}

reasons! {
    /// The key exchange leaves nothing that the server's key could open.
    ForwardSecrecy "forward_secrecy",
    /// TLS 1.3, which always has forward secrecy.
    Tls13 "tls13",
    /// No key fits the server's certificate.
    NoKey "no_key",
    /// A row names this server, but its key is not the certificate's.
    KeyMismatch "key_mismatch",
    /// No certificate was captured and no key verifies.
    NoCertificate "no_certificate",
    /// The session was resumed, and its origin is not in the capture.
    ResumedWithoutOrigin "resumed_without_origin",
    /// The capture begins after the handshake.
    HandshakeMissing "handshake_missing",
    /// The handshake was not finished.
    HandshakeIncomplete "handshake_incomplete",
    /// One direction alone was captured.
    OneSided "one_sided",
    /// Packets are missing.
    LostPackets "lost_packets",
    /// The snap length cut packets.
    SnapLength "snaplen",
    /// The premaster secret has the wrong padding or version.
    BadPremaster "bad_premaster",
    /// A key log was given, but has no line for this session.
    KeylogWithoutSession "keylog_without_session",
    /// The suite or version is not one that can be opened.
    UnsupportedCipherSuite "unsupported_cipher_suite",
    /// A MAC or tag does not fit.
    IntegrityFailed "integrity_failed",
}

/// What came of the decryption of a session.
#[derive(Debug, Serialize)]
pub struct Decryption {
    /// Whether it was opened.
    pub status: DecryptionStatus,
    /// If not wholly, why.
    pub reason: Option<Reason>,
    /// What opened it: `rsa_key`, `keylog`, `dsb` or `resumption`.
    pub secret: Option<&'static str>,
    /// The key that opened it, by its `source`.
    pub key: Option<String>,
    /// Whether the Finished messages have the right content; null if none was read.
    pub finished_verified: Option<bool>,
    /// Records of application data opened, by sender.
    pub records: PerRole<u64>,
    /// Bytes of application data in them.
    pub bytes: PerRole<u64>,
    /// Protected records seen, by sender.
    pub protected_records: PerRole<u64>,
    /// Records that had to be openable and were not, or were damaged by a hole.
    pub records_failed: u64,
    /// The facts, in a sentence.
    pub evidence: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What a verdict is made of.
pub(super) struct Case<'a> {
    pub(super) facts: &'a TlsFacts,
    pub(super) keys: &'a Keys,
    pub(super) ends: Ends,
    /// The connection was closed within the capture.
    pub(super) closed: bool,
}

/// A reason with its evidence and what would help.
struct Explanation {
    reason: Reason,
    evidence: String,
    hint: Option<String>,
}

impl Explanation {
    fn new(reason: Reason, evidence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason, evidence: evidence.into(), hint: Some(hint.into()) }
    }
}

/// Both sides have agreed, as far as that can be seen: the handshake was finished, or application
/// data flows.
pub(super) fn is_established(facts: &TlsFacts) -> bool {
    let data = facts.first_application_data;
    facts.is_complete() || (data.client.is_some() && data.server.is_some())
}

impl Case<'_> {
    /// Decides.
    pub(super) fn decide(&self) -> Decryption {
        let (status, explanation) = match self.facts.keys {
            KeySearch::Opened(_) => self.opened(),
            _ if self.carries_nothing() => (DecryptionStatus::NotNeeded, None),
            _ => (DecryptionStatus::None, Some(self.not_opened())),
        };
        self.decryption(status, explanation)
    }

    fn decryption(&self, status: DecryptionStatus, why: Option<Explanation>) -> Decryption {
        let facts = self.facts;
        let secret = self.secret().filter(|_| status != DecryptionStatus::None);
        let (reason, evidence, hint) = match why {
            Some(Explanation { reason, evidence, hint }) => (Some(reason), evidence, hint),
            None => (None, self.success(status), None),
        };
        Decryption {
            status,
            reason,
            secret: secret.map(secret_name),
            key: secret.map(|secret| self.source(secret.opener())),
            finished_verified: facts.finished_verdict(),
            records: PerRole::new(|role| facts.opened[role].records),
            bytes: PerRole::new(|role| facts.opened[role].bytes),
            protected_records: PerRole::new(|role| facts.protected[role].records),
            records_failed: Role::BOTH.map(|r| facts.failed[r] + facts.damaged[r]).iter().sum(),
            evidence,
            hint,
        }
    }

    fn secret(&self) -> Option<Secret> {
        match self.facts.keys {
            KeySearch::Opened(secret) => Some(secret),
            _ => None,
        }
    }

    fn key(&self, opener: Opener) -> Option<&KeyIdentity> {
        match opener {
            Opener::RsaKey(id) => Some(self.keys.ring.key(id).identity()),
            Opener::KeyLog | Opener::Dsb => None,
        }
    }

    /// What `keys[].source` calls it.
    fn source(&self, opener: Opener) -> String {
        let log = |origin| {
            self.keys.ring.keylog().read().map(|log| log.source(origin)).unwrap_or_default()
        };
        match opener {
            Opener::RsaKey(id) => self.keys.ring.key(id).identity().source.clone(),
            Opener::KeyLog => log(LogOrigin::File),
            Opener::Dsb => log(LogOrigin::Dsb),
        }
    }

    /// The secret in words.
    fn described(&self) -> String {
        let Some(secret) = self.secret() else { return String::new() };
        let opener = match self.key(secret.opener()) {
            Some(key) => key_name(key),
            None => self.source(secret.opener()),
        };
        match secret {
            Secret::Resumed { origin, .. } => {
                format!("the secret of {}, which {opener} opened", origin_name(&origin))
            }
            _ => opener,
        }
    }

    fn success(&self, status: DecryptionStatus) -> String {
        if status == DecryptionStatus::NotNeeded {
            return "the handshake was finished, and no application data followed".into();
        }
        let proof = match self.facts.finished_verdict() {
            Some(true) => "both Finished messages and every record's integrity check out",
            _ => "every record's integrity checks out",
        };
        format!("opened with {}; {proof}", self.described())
    }

    fn carries_nothing(&self) -> bool {
        let facts = self.facts;
        let data = facts.first_application_data;
        let whole = facts.holes.client.first.is_none() && facts.holes.server.first.is_none();
        facts.is_complete() && whole && data.client.is_none() && data.server.is_none()
    }

    /// The keys are known: is everything open?
    fn opened(&self) -> (DecryptionStatus, Option<Explanation>) {
        let facts = self.facts;
        let opened = facts.opened.client.records + facts.opened.server.records;
        let failed = facts.failed.client + facts.failed.server;
        let protected = facts.protected.client.records + facts.protected.server.records;
        let status = if opened > 0 || failed < protected {
            DecryptionStatus::Partial
        } else {
            DecryptionStatus::None
        };
        let first_hole = self.first_hole();
        let failed_first = facts
            .first_failure
            .is_some_and(|failure| first_hole.is_none_or(|(hole, _)| failure < hole));
        if failed_first {
            return (status, Some(self.integrity_failed(failed)));
        }
        if let Some((at, cut)) = first_hole {
            return (status, Some(self.hole(at, cut)));
        }
        if facts.closed_again.is_some() {
            let why = self.by_negotiation().unwrap_or_else(|| self.by_search());
            return (status, Some(why));
        }
        if facts.finished_verdict() == Some(false) {
            return (status, Some(self.integrity_failed(failed)));
        }
        (DecryptionStatus::Decrypted, None)
    }

    fn first_hole(&self) -> Option<(Moment, bool)> {
        let holes = Role::BOTH.map(|role| self.facts.holes[role]);
        holes.iter().filter_map(|hole| Some((hole.first?, hole.cut > 0))).min()
    }

    fn hole(&self, at: Moment, cut: bool) -> Explanation {
        let [client, server] =
            Role::BOTH.map(|r| self.facts.holes[r].lost + self.facts.holes[r].cut);
        let missing = format!("{client} bytes of the client and {server} of the server");
        if cut {
            let evidence = format!("the snap length cut {missing}, first in frame {}", at.frame);
            return Explanation::new(
                Reason::SnapLength,
                evidence,
                "capture whole packets: `tcpdump -s 0`, the default since tcpdump 4.0",
            );
        }
        let evidence = format!("{missing} are in no captured frame; frame {} shows it", at.frame);
        Explanation::new(
            Reason::LostPackets,
            evidence,
            "capture again with a larger buffer (`tcpdump -B 16384`) or closer to one of the ends",
        )
    }

    fn integrity_failed(&self, failed: u64) -> Explanation {
        let frame = self.facts.first_failure.map_or(0, |at| at.frame);
        let key = self.described();
        let evidence = if failed > 0 {
            format!("{failed} records do not verify with {key}; frame {frame} has the first")
        } else {
            format!("a Finished message has not the content that {key} demands")
        };
        Explanation::new(
            Reason::IntegrityFailed,
            evidence,
            "the capture was altered, or a middlebox took the connection over",
        )
    }

    /// The keys are not known: what is the first thing that is missing?
    fn not_opened(&self) -> Explanation {
        self.never_captured().or_else(|| self.by_negotiation()).unwrap_or_else(|| self.by_search())
    }

    /// Is the handshake in the capture?
    fn never_captured(&self) -> Option<Explanation> {
        let facts = self.facts;
        let hole = self.first_hole();
        match (facts.seen.client, facts.seen.server) {
            (true, false) if hole.is_none() && !self.answered_nothing() => {
                return Some(one_sided(Role::Client));
            }
            (false, true) => return Some(one_sided(Role::Server)),
            _ => {}
        }
        if facts.client_hello.is_none() && facts.server_hello.is_none() {
            return Some(match hole {
                Some((at, cut)) => self.hole(at, cut),
                None => handshake_missing(),
            });
        }
        if let Some((at, cut)) = hole.filter(|_| facts.client_hello.is_none()) {
            return Some(self.hole(at, cut));
        }
        if facts.server_hello.is_none() {
            return Some(hole.map_or_else(|| self.incomplete(), |(at, cut)| self.hole(at, cut)));
        }
        None
    }

    /// The server was there, but said nothing to the ClientHello.
    fn answered_nothing(&self) -> bool {
        self.facts.client_hello.is_some() && self.facts.first_application_data.client.is_none()
    }

    /// Does what was negotiated allow it?
    fn by_negotiation(&self) -> Option<Explanation> {
        let facts = self.facts;
        let settled = is_established(facts) || self.first_hole().is_some();
        if !settled && facts.client_key_exchange_at.is_none() && facts.resumed.is_none() {
            return Some(self.incomplete());
        }
        if facts.is_ssl2() && facts.ssl2_kind.is_none() {
            return Some(self.ssl2_without_kind());
        }
        let Some(suite) = facts.suite() else { return Some(unsupported(facts)) };
        let needs_log = facts.is_tls13() || facts.resumed.is_some() || is_ephemeral(suite);
        if needs_log && facts.log_without_line {
            return Some(self.not_in_log());
        }
        if facts.is_tls13() {
            return Some(tls13(facts));
        }
        if let Some(resumption) = facts.resumed {
            return Some(resumed(facts, resumption));
        }
        match suite.key_exchange {
            KeyExchange::Rsa | KeyExchange::RsaExport => None,
            KeyExchange::RsaPsk | KeyExchange::Psk | KeyExchange::NoExchange => {
                Some(unsupported(facts))
            }
            _ => Some(forward_secrecy(suite)),
        }
    }

    /// In SSL 2.0 the client chooses, in the message that holds the key: a session that is resumed
    /// has none, and what is resumed names no kind.
    fn ssl2_without_kind(&self) -> Explanation {
        match (self.facts.resumed, self.first_hole()) {
            (Some(resumption), _) => resumed(self.facts, resumption),
            (None, Some((at, cut))) => self.hole(at, cut),
            (None, None) => self.incomplete(),
        }
    }

    /// Why did the search for the key fail?
    fn by_search(&self) -> Explanation {
        let hole = self.first_hole();
        match self.facts.keys {
            KeySearch::NoKeyForCertificate => self.no_key_for_certificate(),
            KeySearch::NoKeyFits => self.no_key_fits(),
            KeySearch::BadPremaster(key, note) => {
                bad_premaster(self.keys.ring.key(key).identity(), note)
            }
            KeySearch::UnsupportedSuite => unsupported(self.facts),
            KeySearch::TranscriptDamaged | KeySearch::NotTried | KeySearch::Opened(_) => {
                match (hole, self.facts.suite().map(|suite| suite.key_exchange)) {
                    (Some((at, cut)), _) => self.hole(at, cut),
                    (None, Some(KeyExchange::RsaExport)) => unsupported(self.facts),
                    _ => self.incomplete(),
                }
            }
        }
    }

    fn not_in_log(&self) -> Explanation {
        let hello = self.facts.client_hello.as_ref();
        let random = hello.map(|hello| hex(&hello.random)).unwrap_or_default();
        let log = self.keys.ring.keylog().read();
        let lines = log.map_or(0, |log| log.lines());
        Explanation::new(
            Reason::KeylogWithoutSession,
            format!("none of the {lines} lines of the key log is for the client random {random}"),
            "record the key log in the process that made this connection, while it is made",
        )
    }

    fn incomplete(&self) -> Explanation {
        let last = if self.facts.server_hello.is_some() {
            "the server's hello was captured, but the handshake was never finished"
        } else {
            "a ClientHello was captured, but no ServerHello answers it"
        };
        let end = match self.facts.alerts.first() {
            Some(alert) => alert_sentence(alert),
            None if self.closed => "the connection was closed".into(),
            None => "the capture ends first".into(),
        };
        Explanation::new(
            Reason::HandshakeIncomplete,
            format!("{last}: {end}"),
            "there is nothing to decrypt; the timeline shows who stopped",
        )
    }

    fn no_key_for_certificate(&self) -> Explanation {
        let certificate = self.facts.certificates.first();
        let wanted = certificate.map(certificate_name).unwrap_or_default();
        let (ip, port) = (self.ends.server.ip(), self.ends.server.port());
        let named: Vec<_> = self
            .keys
            .ring
            .rows_naming(ip, port)
            .map(|(row, id)| {
                let key = self.keys.ring.key(id).identity();
                format!("{} ({} bits, SPKI {})", row.source, key.bits, short(&key.spki_sha256))
            })
            .collect();
        if !named.is_empty() {
            let evidence = format!(
                "the server's certificate is {wanted}; the key of {} is another",
                named.join(", ")
            );
            return Explanation::new(
                Reason::KeyMismatch,
                evidence,
                "give the private key of that certificate; `openssl pkey -in KEY -pubout -outform der | sha256sum` shows a key's SPKI hash",
            );
        }
        let given = match self.keys.ring.keys().len() {
            0 => "no RSA key was given".to_string(),
            1 => "the one key given is another".to_string(),
            n => format!("none of the {n} keys given is its key"),
        };
        Explanation::new(
            Reason::NoKey,
            format!("the server's certificate is {wanted}; {given}"),
            "give the private key of that certificate with --keys or --key",
        )
    }

    fn no_key_fits(&self) -> Explanation {
        let keys = self.keys.ring.keys().len();
        Explanation::new(
            Reason::NoCertificate,
            format!(
                "no readable certificate of the server was captured, and none of {keys} keys opens the ClientKeyExchange"
            ),
            "give the private key of the server that was called, or capture the whole handshake",
        )
    }
}

fn is_ephemeral(suite: &Suite) -> bool {
    !matches!(suite.key_exchange, KeyExchange::Rsa | KeyExchange::RsaExport)
}

fn secret_name(secret: Secret) -> &'static str {
    match secret {
        Secret::RsaKey(_) => "rsa_key",
        Secret::KeyLog => "keylog",
        Secret::Dsb => "dsb",
        Secret::Resumed { .. } => "resumption",
    }
}

fn origin_name(origin: &Origin) -> String {
    let client = origin.client.map(|client| client.to_string()).unwrap_or_default();
    format!("the session that {client} began in frame {}", origin.began.frame)
}

fn one_sided(seen: Role) -> Explanation {
    Explanation::new(
        Reason::OneSided,
        format!("only what the {} sent was captured", seen.name()),
        "capture both directions: check the filter, the mirror port, and asymmetric routing",
    )
}

fn handshake_missing() -> Explanation {
    Explanation::new(
        Reason::HandshakeMissing,
        "the first TLS record captured is already protected: the capture begins after the handshake",
        "start the capture before the connection is opened, or restart the client",
    )
}

fn tls13(facts: &TlsFacts) -> Explanation {
    let suite = facts.suite_name().unwrap_or_default();
    Explanation::new(
        Reason::Tls13,
        format!(
            "TLS 1.3 with {suite}: its keys come from an ephemeral exchange, no RSA key opens it"
        ),
        "record a key log at one of the ends (SSLKEYLOGFILE), or let a test use TLS 1.2 with RSA key exchange",
    )
}

fn forward_secrecy(suite: &Suite) -> Explanation {
    let name = suite.openssl().unwrap_or(suite.name);
    Explanation::new(
        Reason::ForwardSecrecy,
        format!(
            "{name} uses {}: its keys come from an ephemeral exchange, no RSA key opens it",
            suite.key_exchange.name()
        ),
        "record a key log at one of the ends (SSLKEYLOGFILE), or force RSA key exchange for a test (OpenSSL cipher string `kRSA`)",
    )
}

fn unsupported(facts: &TlsFacts) -> Explanation {
    let name = facts.suite_name().unwrap_or_default();
    let evidence = match facts.suite().and_then(|_| facts.suite_code()) {
        Some(code) => format!("{name} ({code}) is not a suite that can be opened here"),
        None => format!("the suite agreed on, {name}, is in no table"),
    };
    Explanation::new(
        Reason::UnsupportedCipherSuite,
        evidence,
        "for a test, let the server choose AES128-SHA or AES128-GCM-SHA256 with TLS 1.0 to 1.2",
    )
}

fn resumed(facts: &TlsFacts, resumption: Resumption) -> Explanation {
    let id = facts.server_hello.as_ref().map(|hello| hex(&hello.session_id)).unwrap_or_default();
    let by = match resumption {
        Resumption::SessionId => format!("the session ID {id}"),
        Resumption::Ticket => {
            let ticket =
                facts.client_hello.as_ref().and_then(|hello| hello.session_ticket.as_ref());
            let head = ticket.and_then(|ticket| ticket.get(..8.min(ticket.len())));
            format!("the ticket that begins {}", hex(head.unwrap_or_default()))
        }
        Resumption::Psk => "a pre-shared key".into(),
    };
    Explanation::new(
        Reason::ResumedWithoutOrigin,
        format!("the handshake resumes an earlier session by {by}: no key is exchanged in it"),
        "capture from before the client's first connection to this server, or restart the client so that it makes a full handshake",
    )
}

fn bad_premaster(key: &KeyIdentity, note: PremasterNote) -> Explanation {
    let what = match note {
        PremasterNote::Padding => {
            "what it decrypts to has no PKCS #1 padding around a secret of the right length".into()
        }
        PremasterNote::Length => "the ClientKeyExchange has another length than the key".into(),
        PremasterNote::Version(version) => {
            format!("the premaster secret names version {version}, which was not offered")
        }
    };
    Explanation::new(
        Reason::BadPremaster,
        format!("{} is the certificate's key, but {what}", key_name(key)),
        "the ClientKeyExchange was altered or badly made; the server will have refused it too",
    )
}

fn alert_sentence(alert: &crate::tls::Alert) -> String {
    let who = alert.from.name();
    match alert.description {
        Some(description) => {
            format!("the {who} sent alert {description} in frame {}", alert.at.frame)
        }
        None => format!("the {who} sent an alert in frame {}", alert.at.frame),
    }
}

fn key_name(key: &KeyIdentity) -> String {
    format!("{} ({} bits, SPKI {})", key.source, key.bits, short(&key.spki_sha256))
}

fn certificate_name(certificate: &Certificate) -> String {
    format!("\"{}\" (SPKI {})", certificate.subject, short(&certificate.spki_sha256))
}

/// The first eight bytes of a hash: enough for a person to tell keys apart.
fn short(hash: &[u8; 32]) -> String {
    hex(hash.get(..8).unwrap_or_default())
}

impl Decryption {
    /// The finding that goes with the reason.
    pub(super) fn finding(&self, frame: Option<u64>) -> Option<Finding> {
        let reason = self.reason?;
        let severity = match reason {
            Reason::KeyMismatch
            | Reason::LostPackets
            | Reason::SnapLength
            | Reason::OneSided
            | Reason::BadPremaster
            | Reason::IntegrityFailed => Severity::Warning,
            _ => Severity::Info,
        };
        let finding = Finding::new(reason.finding(), severity, self.evidence.clone()).at(frame);
        Some(Finding { hint: self.hint.clone(), ..finding })
    }
}
