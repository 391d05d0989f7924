//! Locks and keys become the lines of a key log, many at once.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use super::{KeyExchange, Lock, Way};
use crate::keys::{KeyId, KeyRing};
use crate::tls::decrypt::{
    KeyLogLine, MasterSecret, PremasterFault, PremasterRequest, PremasterSecret, Prf, Randoms,
    open_premasters,
};
use crate::tls::names::ProtocolVersion;
use crate::tls::suite::SuiteId;

/// What a client names to resume a session: a session ID, or the SHA-256 of a ticket.
type Handle = Vec<u8>;

/// What came of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockFate {
    /// It is open.
    Opened,
    /// Nobody gave the key of the certificate, or, without a certificate, a key that fits.
    NoKey,
    /// The key is the certificate's, but what it opens is no premaster secret.
    BadPremaster,
    /// The secret is bound to a handshake that has a gap.
    TranscriptDamaged,
    /// The version or the suite is none that has such a secret.
    Unsupported,
    /// The session that it resumes was not opened.
    NoOrigin,
}

/// Opens locks with the keys of a ring.
pub struct Unlocker<'r> {
    ring: &'r KeyRing,
    /// The sessions that may be resumed.
    masters: HashMap<Handle, Rc<MasterSecret>>,
    resumptions: Vec<Lock>,
}

impl<'r> Unlocker<'r> {
    /// Without locks yet.
    #[must_use]
    pub fn new(ring: &'r KeyRing) -> Self {
        Self { ring, masters: HashMap::new(), resumptions: Vec::new() }
    }

    /// Opens the locks of `batch` whose secret was exchanged, all RSA operations at once, and keeps
    /// the others for [`finish`](Self::finish). `tell` hears of each, with its line if it is open.
    pub fn open(
        &mut self,
        batch: Vec<Lock>,
        tell: &mut impl FnMut(&Lock, Result<KeyLogLine, LockFate>),
    ) {
        let mut exchanged = Vec::new();
        for lock in batch {
            match lock.way.clone() {
                Way::KeyExchange(exchange) => exchanged.push((lock, exchange)),
                Way::Resumption(_) => self.resumptions.push(lock),
            }
        }
        let keys: Vec<_> =
            exchanged.iter().map(|(lock, exchange)| self.keys_for(lock, exchange)).collect();
        let requests: Vec<_> = exchanged.iter().zip(&keys).flat_map(requests).collect();
        let mut answers = open_premasters(self.ring, &requests).into_iter();
        for ((lock, exchange), keys) in exchanged.iter().zip(&keys) {
            let answers: Vec<_> = answers.by_ref().take(keys.len()).collect();
            let master = premaster_of(exchange, answers)
                .and_then(|premaster| master_of(lock, exchange, &premaster));
            tell(lock, master.map(|master| self.remember(lock, Rc::new(master))));
        }
    }

    /// Opens the resumptions of sessions that are open, in whatever order they came: a session that
    /// was resumed may give out the ticket of the next.
    pub fn finish(mut self, tell: &mut impl FnMut(&Lock, Result<KeyLogLine, LockFate>)) {
        loop {
            let before = self.resumptions.len();
            for lock in std::mem::take(&mut self.resumptions) {
                match self.origin_of(&lock) {
                    Some(master) => tell(&lock, Ok(self.remember(&lock, master))),
                    None => self.resumptions.push(lock),
                }
            }
            if self.resumptions.len() == before {
                break;
            }
        }
        self.resumptions.iter().for_each(|lock| tell(lock, Err(LockFate::NoOrigin)));
    }

    /// The certificate's key and no other; without a certificate those of the server's rows, then
    /// all (law 5).
    fn keys_for(&self, lock: &Lock, exchange: &KeyExchange) -> Vec<KeyId> {
        if let Some(public) = &exchange.certificate {
            return self
                .ring
                .by_public_key(&public.modulus.0, &public.exponent.0)
                .into_iter()
                .collect();
        }
        let mut keys: Vec<_> = self.ring.by_address(lock.server.ip, lock.server.port).collect();
        let rest = (0..self.ring.keys().len()).map(KeyId).filter(|id| !keys.contains(id));
        keys.extend(rest.collect::<Vec<_>>());
        keys
    }

    fn origin_of(&self, lock: &Lock) -> Option<Rc<MasterSecret>> {
        let Way::Resumption(resumed) = &lock.way else { return None };
        let by_ticket = resumed.ticket_sha256.and_then(|ticket| self.masters.get(&ticket.0[..]));
        by_ticket.or_else(|| self.masters.get(&lock.session_id.0)).cloned()
    }

    fn remember(&mut self, lock: &Lock, master: Rc<MasterSecret>) -> KeyLogLine {
        let line = KeyLogLine::of_master(lock.client_random.0, &master);
        if let Some(ticket) = lock.new_ticket_sha256 {
            self.masters.insert(ticket.0.to_vec(), Rc::clone(&master));
        }
        if !lock.session_id.0.is_empty() {
            self.masters.insert(lock.session_id.0.clone(), master);
        }
        line
    }
}

fn requests<'l>(
    ((lock, exchange), keys): (&'l (Lock, KeyExchange), &'l Vec<KeyId>),
) -> impl Iterator<Item = PremasterRequest<'l>> {
    let versions = [lock.offered_version, lock.version].map(|code| ProtocolVersion(code.0));
    keys.iter().map(move |&key| PremasterRequest {
        key,
        body: &exchange.encrypted_premaster_secret.0,
        versions,
    })
}

/// The first answer that is a premaster secret.
fn premaster_of(
    exchange: &KeyExchange,
    answers: Vec<Result<PremasterSecret, PremasterFault>>,
) -> Result<PremasterSecret, LockFate> {
    let is_certain = exchange.certificate.is_some() && !answers.is_empty();
    let failed = if is_certain { LockFate::BadPremaster } else { LockFate::NoKey };
    answers.into_iter().find_map(Result::ok).ok_or(failed)
}

fn master_of(
    lock: &Lock,
    exchange: &KeyExchange,
    premaster: &PremasterSecret,
) -> Result<MasterSecret, LockFate> {
    let suite = SuiteId(lock.cipher_suite_id.0).suite().ok_or(LockFate::Unsupported)?;
    let prf = Prf::of(ProtocolVersion(lock.version.0), suite).ok_or(LockFate::Unsupported)?;
    if exchange.extended_master_secret {
        let hash = exchange.session_hash.as_ref().ok_or(LockFate::TranscriptDamaged)?;
        return Ok(prf.extended_master_secret(premaster, &hash.0));
    }
    let randoms = Randoms { client: lock.client_random.0, server: lock.server_random.0 };
    Ok(prf.master_secret(premaster, &randoms))
}

impl Lock {
    /// The server, as rows of key lists name it.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        (self.server.ip, self.server.port).into()
    }
}
