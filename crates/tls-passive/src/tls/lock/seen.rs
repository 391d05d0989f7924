//! The locks that a connection shows, kept if somebody asks for them.

use sha2::{Digest, Sha256};

use super::{CertificateKey, Code, KeyExchange, Lock, Resumed, Way};
use crate::hex::{Hex, HexArray};
use crate::moment::Moment;
use crate::tls::machine::Tls;

/// Locks kept of one connection: each renegotiation has one of its own, and a connection with more
/// of them is an attack on whoever reads it.
pub(in crate::tls) const MOST_LOCKS: usize = 1024;

/// What was seen, in order.
#[derive(Default)]
pub(in crate::tls) struct Locks {
    is_asked_for: bool,
    seen: Vec<Lock>,
}

impl Tls {
    /// Keeps the locks of this connection, from now on.
    pub fn note_locks(&mut self) {
        self.locks.is_asked_for = true;
    }

    /// The locks kept.
    pub fn take_locks(&mut self) -> Vec<Lock> {
        std::mem::take(&mut self.locks.seen)
    }

    /// A ClientKeyExchange came, and is in the transcript.
    pub(in crate::tls) fn lock_key_exchange(&mut self, body: &[u8], at: Moment) {
        if !self.locks.is_asked_for {
            return;
        }
        let certificate = self.facts.certificates.first();
        let way = Way::KeyExchange(KeyExchange {
            encrypted_premaster_secret: Hex(body.to_vec()),
            certificate: certificate.and_then(|certificate| {
                let key = certificate.rsa.as_ref()?;
                Some(CertificateKey {
                    spki_sha256: HexArray(certificate.spki_sha256),
                    modulus: Hex(key.modulus.clone()),
                    exponent: Hex(key.exponent.clone()),
                })
            }),
            extended_master_secret: self.negotiation.is_extended(),
            session_hash: self.negotiation.session_hash().map(Hex),
        });
        self.lock(way, at);
    }

    /// The server went on without a key exchange: it took up an earlier session.
    pub(in crate::tls) fn lock_resumption(&mut self, at: Moment) {
        if !self.locks.is_asked_for || self.facts.resumed.is_none() {
            return;
        }
        let hello = self.negotiation.client_hello.as_ref();
        let ticket = hello.and_then(|hello| hello.session_ticket.as_deref());
        let ticket_sha256 = ticket.filter(|ticket| !ticket.is_empty()).map(name_of);
        self.lock(Way::Resumption(Resumed { ticket_sha256 }), at);
    }

    fn lock(&mut self, way: Way, at: Moment) {
        let negotiation = &self.negotiation;
        let (Some(client), Some(server)) = (&negotiation.client_hello, &negotiation.server_hello)
        else {
            return;
        };
        if !negotiation.has_rsa_suite() || self.locks.seen.len() == MOST_LOCKS {
            return;
        }
        self.locks.seen.push(Lock {
            client: self.ends[0].into(),
            server: self.ends[1].into(),
            frame: at.frame,
            time: at.ts,
            version: Code(server.agreed_version().0),
            offered_version: Code(client.version.0),
            cipher_suite_id: Code(server.cipher_suite.0),
            client_random: HexArray(client.random),
            server_random: HexArray(server.random),
            session_id: Hex(server.session_id.clone()),
            new_ticket_sha256: negotiation.new_ticket.as_deref().map(name_of),
            way,
        });
    }

    /// The ticket of a full handshake comes behind its key exchange.
    pub(in crate::tls) fn lock_ticket(&mut self) {
        let negotiation = &self.negotiation;
        let random = negotiation.server_hello.as_ref().map(|hello| HexArray(hello.random));
        let Some(lock) = self.locks.seen.last_mut() else { return };
        if Some(lock.server_random) == random {
            lock.new_ticket_sha256 = negotiation.new_ticket.as_deref().map(name_of);
        }
    }
}

/// Tickets are long, and only their sameness counts.
fn name_of(ticket: &[u8]) -> HexArray<32> {
    HexArray(Sha256::digest(ticket).into())
}
