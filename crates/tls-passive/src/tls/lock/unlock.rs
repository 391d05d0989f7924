//! Locks and keys become the lines of a key log, many at once.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::{KeyExchange, Lock, Way};
use crate::keys::{KeyId, KeyRing};
use crate::tls::decrypt::{
    KeyLogLine, MasterSecret, PremasterFault, PremasterRequest, PremasterSecret, Prf, Randoms,
    open_premasters,
};
use crate::tls::names::ProtocolVersion;
use crate::tls::suite::SuiteId;

/// Resumptions that wait for the session that they resume, some 700 bytes each. Further ones stay
/// closed: unlock some files at a time.
pub(crate) const MOST_WAITING: usize = 100_000;

/// Sessions that may be resumed, by session ID and by ticket, some 150 bytes each.
pub(crate) const MOST_MASTERS: usize = 500_000;

/// Handshakes that are answered in a run: as many as a key log may have secrets.
pub(crate) const MOST_ANSWERS: u64 = 1 << 20;

/// Ciphertexts with which a key is asked in vain. Those of a capture were made by clients, for this key;
/// who searches for a secret by the answers needs many thousands of his own (Bleichenbacher, 1998).
pub(crate) const MOST_IN_VAIN: u64 = 10_000;

/// Handshakes that one ciphertext is answered for: it belongs to one, which may have been captured
/// more than once, and in parts.
pub(crate) const MOST_BINDINGS: u8 = 4;

/// What a client names to resume a session: a session ID, or the SHA-256 of a ticket.
type Handle = Box<[u8]>;

/// Half of a SHA-256.
type Name = [u8; 16];

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
    /// The key was asked so often, or so often in vain, that it answers no more.
    Exhausted,
    /// Its ciphertext was answered for other handshakes already.
    Reused,
    /// More resumptions wait for their origin than are kept.
    TooMany,
}

/// Opens locks with the keys of a ring.
pub struct Unlocker<'r> {
    ring: &'r KeyRing,
    /// The sessions that may be resumed.
    masters: HashMap<Handle, Rc<MasterSecret>>,
    resumptions: Vec<Lock>,
    asked: HashMap<KeyId, Asked>,
    answered: u64,
    /// For how many handshakes each ciphertext was answered, and for which, as hashes.
    bindings: HashMap<Name, u8>,
    bound: HashSet<Name>,
}

/// What a key was asked, and what it answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Handshakes that it opened.
    pub answered: u64,
    /// Different session hashes and pairs of randoms among them: what a secret was made from.
    pub bindings: u64,
    /// Ciphertexts that hold no premaster secret under it.
    pub in_vain: u64,
    /// Handshakes that it was not asked for, since one of the limits was reached.
    pub refused: u64,
}

impl<'r> Unlocker<'r> {
    /// Without locks yet.
    #[must_use]
    pub fn new(ring: &'r KeyRing) -> Self {
        Self {
            ring,
            masters: HashMap::new(),
            resumptions: Vec::new(),
            asked: HashMap::new(),
            answered: 0,
            bindings: HashMap::new(),
            bound: HashSet::new(),
        }
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
                Way::Resumption(_) if self.resumptions.len() < MOST_WAITING => {
                    self.resumptions.push(lock);
                }
                Way::Resumption(_) => tell(&lock, Err(LockFate::TooMany)),
            }
        }
        // What a batch asks for counts before the next: its limits may be passed by one batch.
        let keys: Vec<_> =
            exchanged.iter().map(|(lock, exchange)| self.keys_for(lock, exchange)).collect();
        let fits: Vec<_> =
            exchanged.iter().zip(&keys).map(|(asked, keys)| self.may_ask(asked, keys)).collect();
        let allowed: Vec<_> = keys
            .into_iter()
            .zip(&fits)
            .map(|(keys, fits)| if fits.is_ok() { keys } else { Vec::new() })
            .collect();
        let requests: Vec<_> = exchanged.iter().zip(&allowed).flat_map(requests).collect();
        let mut answers = open_premasters(self.ring, &requests).into_iter();
        for (((lock, exchange), keys), fits) in exchanged.iter().zip(&allowed).zip(fits) {
            let answers: Vec<_> = answers.by_ref().take(keys.len()).collect();
            self.count(keys, &answers);
            let master = fits
                .and_then(|()| premaster_of(exchange, answers))
                .and_then(|premaster| master_of(lock, exchange, &premaster));
            tell(lock, master.map(|master| self.remember(lock, Rc::new(master))));
        }
    }

    /// Opens the resumptions of sessions that are open, in whatever order they came: a session that
    /// was resumed may give out the ticket of the next.
    pub fn finish(
        mut self,
        tell: &mut impl FnMut(&Lock, Result<KeyLogLine, LockFate>),
    ) -> Vec<(KeyId, Asked)> {
        let resumptions = std::mem::take(&mut self.resumptions);
        let mut waiting: HashMap<Handle, Vec<usize>> = HashMap::new();
        let mut ready = Vec::new();
        for (at, lock) in resumptions.iter().enumerate() {
            if self.origin_of(lock).is_some() {
                ready.push(at);
            }
            for handle in wanted(lock) {
                waiting.entry(handle).or_default().push(at);
            }
        }
        ready.reverse();
        let mut is_open = vec![false; resumptions.len()];
        while let Some(at) = ready.pop() {
            let Some(lock) = resumptions.get(at).filter(|_| !is_open[at]) else { continue };
            let Some(master) = self.origin_of(lock) else { continue };
            is_open[at] = true;
            tell(lock, Ok(self.remember(lock, master)));
            // Each handle wakes its waiters once, so this is linear in any order.
            for handle in given(lock) {
                ready.extend(waiting.remove(&handle).into_iter().flatten().rev());
            }
        }
        let closed = resumptions.iter().zip(is_open).filter(|(_, is_open)| !is_open);
        closed.for_each(|(lock, _)| tell(lock, Err(LockFate::NoOrigin)));
        let mut asked: Vec<_> = self.asked.into_iter().collect();
        asked.sort_by_key(|(key, _)| *key);
        asked
    }

    /// Whether the limits allow that these keys are asked for a handshake.
    fn may_ask(
        &mut self,
        (lock, exchange): &(Lock, KeyExchange),
        keys: &[KeyId],
    ) -> Result<(), LockFate> {
        let Some(&first) = keys.first() else { return Ok(()) };
        let is_spent =
            |key: &&KeyId| self.asked.get(key).is_some_and(|asked| asked.in_vain >= MOST_IN_VAIN);
        let spent = keys
            .iter()
            .find(is_spent)
            .or_else(|| (self.answered >= MOST_ANSWERS).then_some(&first));
        if let Some(&key) = spent {
            self.asked.entry(key).or_default().refused += 1;
            return Err(LockFate::Exhausted);
        }
        let [ciphertext, binding] = names(lock, exchange);
        if self.bound.contains(&binding) {
            return Ok(());
        }
        let bindings = self.bindings.entry(ciphertext).or_default();
        let asked = self.asked.entry(first).or_default();
        if *bindings >= MOST_BINDINGS {
            asked.refused += 1;
            return Err(LockFate::Reused);
        }
        *bindings += 1;
        asked.bindings += 1;
        self.bound.insert(binding);
        Ok(())
    }

    /// Without a certificate most keys are asked in vain: this counts if all were.
    fn count(&mut self, keys: &[KeyId], answers: &[Result<PremasterSecret, PremasterFault>]) {
        let found = answers.iter().position(Result::is_ok);
        if let Some(key) = found.and_then(|at| keys.get(at)) {
            self.answered += 1;
            self.asked.entry(*key).or_default().answered += 1;
            return;
        }
        keys.iter().for_each(|key| self.asked.entry(*key).or_default().in_vain += 1);
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
        wanted(lock).find_map(|handle| self.masters.get(&handle)).cloned()
    }

    fn remember(&mut self, lock: &Lock, master: Rc<MasterSecret>) -> KeyLogLine {
        let line = KeyLogLine::of_master(lock.client_random.0, &master);
        for handle in given(lock) {
            if self.masters.len() < MOST_MASTERS || self.masters.contains_key(&handle) {
                self.masters.insert(handle, Rc::clone(&master));
            }
        }
        line
    }
}

/// By what a resumption names its origin: the ticket, then the session ID.
fn wanted(lock: &Lock) -> impl Iterator<Item = Handle> {
    let ticket = match &lock.way {
        Way::Resumption(resumed) => resumed.ticket_sha256.map(|ticket| ticket.0.into()),
        Way::KeyExchange(_) => None,
    };
    ticket.into_iter().chain(session_id(lock))
}

/// By what later sessions may name this one.
fn given(lock: &Lock) -> impl Iterator<Item = Handle> {
    let ticket = lock.new_ticket_sha256.map(|ticket| ticket.0.into());
    ticket.into_iter().chain(session_id(lock))
}

fn session_id(lock: &Lock) -> Option<Handle> {
    Some(lock.session_id.0.as_slice().into()).filter(|id: &Handle| !id.is_empty())
}

/// What a ciphertext is known by, and what it and the handshake it is bound to are.
fn names(lock: &Lock, exchange: &KeyExchange) -> [Name; 2] {
    let ciphertext = Sha256::digest(&exchange.encrypted_premaster_secret.0);
    let bound = Sha256::new_with_prefix(ciphertext);
    let bound = match &exchange.session_hash {
        Some(hash) if exchange.extended_master_secret => bound.chain_update(&hash.0),
        _ => bound.chain_update(lock.client_random.0).chain_update(lock.server_random.0),
    };
    [half(&ciphertext), half(&bound.finalize())]
}

fn half(hash: &[u8]) -> Name {
    hash.first_chunk().copied().unwrap_or_default()
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
