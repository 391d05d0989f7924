//! Candidates become secrets: each is tried on the records of the locks, and what opens one is proven.

use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use super::record_lock::{LockedRecord, RecordLock};
use crate::keys::{FoundSecret, TrafficLabel};
use crate::role::{PerRole, Role};
use crate::tls::decrypt::{MasterSecret, RecordCipher, Sieve, TrafficSecret, record_ciphers};
use crate::tls::handshake::HandshakeType;
use crate::tls::record::ContentType;
use crate::tls::suite::Suite;

/// A secret that opened records of the session with this random.
pub struct Proven {
    /// The random of the ClientHello.
    pub client_random: [u8; 32],
    /// The secret.
    pub secret: FoundSecret,
}

/// The sessions that a search is for. Several threads may ask at once.
pub struct Prover {
    /// Up to TLS 1.2.
    masters: Vec<(RecordLock, AtomicBool)>,
    /// TLS 1.3, by suite: one key and IV is tried on all sessions of a suite.
    suites: Vec<OfSuite>,
}

/// The sessions of TLS 1.3 with one suite.
struct OfSuite {
    suite: &'static Suite,
    sieve: Sieve,
    locks: Vec<(RecordLock, PerRole<AtomicBool>)>,
}

impl Prover {
    /// Takes the locks.
    #[must_use]
    pub fn new(locks: Vec<RecordLock>) -> Self {
        let mut prover = Self { masters: Vec::new(), suites: Vec::new() };
        for lock in locks {
            if !lock.is_tls13() {
                prover.masters.push((lock, AtomicBool::new(false)));
                continue;
            }
            let known = prover.suites.iter().position(|of| of.suite.id == lock.suite.id);
            let index = known.unwrap_or_else(|| {
                let suite = lock.suite;
                prover.suites.push(OfSuite { suite, sieve: Sieve::new(suite), locks: Vec::new() });
                prover.suites.len() - 1
            });
            prover.suites[index].locks.push((lock, PerRole::default()));
        }
        prover
    }

    /// How many sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.masters.len() + self.suites.iter().map(|of| of.locks.len()).sum::<usize>()
    }

    /// Whether every secret is found.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let is_found = |found: &AtomicBool| found.load(Ordering::Relaxed);
        self.masters.iter().all(|(_, found)| is_found(found))
            && self
                .suites
                .iter()
                .flat_map(|of| &of.locks)
                .all(|(_, found)| Role::BOTH.iter().all(|&role| is_found(&found[role])))
    }

    /// Tries a candidate of 32 or 48 bytes on every session that is still closed.
    #[must_use]
    pub fn prove(&self, candidate: &[u8]) -> Vec<Proven> {
        let mut proven = Vec::new();
        if let Ok(master) = candidate.try_into() {
            self.prove_master(&MasterSecret::new(master), candidate, &mut proven);
        }
        for of in &self.suites {
            of.prove(candidate, &mut proven);
        }
        proven
    }

    fn prove_master(&self, master: &MasterSecret, bytes: &[u8], proven: &mut Vec<Proven>) {
        for (lock, found) in &self.masters {
            if found.load(Ordering::Relaxed) || !opens(master, lock) {
                continue;
            }
            found.store(true, Ordering::Relaxed);
            proven.push(Proven {
                client_random: lock.randoms.client,
                secret: FoundSecret::Master(Zeroizing::new(bytes.to_vec())),
            });
        }
    }
}

/// Whether a master secret opens the first protected record of a direction.
fn opens(master: &MasterSecret, lock: &RecordLock) -> bool {
    let ciphers = record_ciphers(lock.suite, lock.version, lock.options, master, &lock.randoms);
    let Ok(PerRole { mut client, mut server }) = ciphers else { return false };
    let opened = |cipher: &mut RecordCipher, records: &[LockedRecord]| {
        records.first().map(|record| is_opened(cipher, record))
    };
    let by_client = opened(&mut client, &lock.records.client);
    by_client.unwrap_or(false)
        || (by_client.is_none() && opened(&mut server, &lock.records.server).unwrap_or(false))
}

fn is_opened(cipher: &mut RecordCipher, record: &LockedRecord) -> bool {
    let mut content = Vec::new();
    cipher.open(record.header, &record.fragment, &mut content).is_ok()
}

/// What a traffic secret is for, by the first record that it protects: a handshake message other than
/// NewSessionTicket is of the handshake (RFC 8446 §4.6.1).
fn label_of(role: Role, content_type: ContentType, content: &[u8]) -> TrafficLabel {
    let begins = HandshakeType(content.first().copied().unwrap_or_default());
    let is_handshake =
        content_type == ContentType::HANDSHAKE && begins != HandshakeType::NEW_SESSION_TICKET;
    match (role, is_handshake) {
        (Role::Client, true) => TrafficLabel::ClientHandshake,
        (Role::Server, true) => TrafficLabel::ServerHandshake,
        (Role::Client, false) => TrafficLabel::ClientApplication,
        (Role::Server, false) => TrafficLabel::ServerApplication,
    }
}

impl OfSuite {
    fn prove(&self, candidate: &[u8], proven: &mut Vec<Proven>) {
        let Some(secret) = TrafficSecret::new(self.suite, candidate) else { return };
        let mut sifter = self.sieve.of(&secret);
        for (lock, found) in &self.locks {
            for role in Role::BOTH.into_iter().filter(|&role| !found[role].load(Ordering::Relaxed))
            {
                let mut fits = lock.records[role].iter().filter(|it| sifter.may_open(&it.fragment));
                let Some(label) = fits.find_map(|record| self.opens(&secret, role, record)) else {
                    continue;
                };
                let is_data = [TrafficLabel::ClientApplication, TrafficLabel::ServerApplication];
                found[role].fetch_or(is_data.contains(&label), Ordering::Relaxed);
                proven.push(Proven {
                    client_random: lock.randoms.client,
                    secret: FoundSecret::Traffic(label, Zeroizing::new(candidate.to_vec())),
                });
            }
        }
    }

    fn opens(
        &self,
        secret: &TrafficSecret,
        role: Role,
        record: &LockedRecord,
    ) -> Option<TrafficLabel> {
        let mut cipher = secret.cipher(self.suite).ok()?;
        let mut scratch = Vec::new();
        let content = cipher.open(record.header, &record.fragment, &mut scratch).ok()?;
        Some(label_of(role, content.content_type, content.bytes))
    }
}
