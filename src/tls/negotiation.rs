//! One handshake, from its ClientHello to its second Finished: transcript, choice and keys.

use std::net::SocketAddr;

use super::certificate::Certificate;
use super::decrypt::{
    MasterSecret, PremasterFault, PremasterSecret, Prf, Randoms, RecordCipher, open_premaster,
    record_ciphers,
};
use super::facts::{KeySearch, PremasterNote, Resumption};
use super::handshake::{HandshakeType, Message};
use super::hello::{ClientHello, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, ServerHello};
use super::names::ProtocolVersion;
use super::suite::{KeyExchange, Suite};
use crate::keys::{KeyId, KeyRing};
use crate::role::{PerRole, Role};

/// The transcript is kept until the Finished messages are checked, and no longer than this: two
/// certificate lists of the greatest length are shorter.
const LONGEST_TRANSCRIPT: usize = 1 << 20;

/// One handshake under way.
#[derive(Default)]
pub(super) struct Negotiation {
    /// All handshake messages so far, as the Finished hash takes them (RFC 5246 §7.4.9).
    transcript: Vec<u8>,
    /// A message is missing from the transcript, or it grew too long.
    pub(super) damaged: bool,
    pub(super) client_hello: Option<ClientHello>,
    pub(super) server_hello: Option<ServerHello>,
    secrets: Option<(Prf, MasterSecret)>,
    ciphers: PerRole<Option<RecordCipher>>,
    /// The server answered with ChangeCipherSpec or Finished before any ClientKeyExchange.
    pub(super) abbreviated: bool,
    pub(super) finished: PerRole<bool>,
}

/// What a negotiation needs to know to find its key.
pub(super) struct Search<'a> {
    pub(super) ring: &'a KeyRing,
    pub(super) server: SocketAddr,
    pub(super) certificate: Option<&'a Certificate>,
}

impl Negotiation {
    /// Adds a message to the transcript. HelloRequest is never part of it (RFC 5246 §7.4.1.1).
    pub(super) fn record(&mut self, message: &Message<'_>) {
        if message.kind == HandshakeType::HELLO_REQUEST {
            return;
        }
        self.record_bytes(message.bytes);
    }

    pub(super) fn record_bytes(&mut self, bytes: &[u8]) {
        if self.transcript.len() + bytes.len() > LONGEST_TRANSCRIPT {
            self.damaged = true;
            return;
        }
        self.transcript.extend_from_slice(bytes);
    }

    /// A message was lost.
    pub(super) fn damage(&mut self) {
        self.damaged = true;
    }

    /// Whether the server took up the session that the client offered (RFC 5246 §7.3): it skips
    /// its certificate and goes straight to ChangeCipherSpec.
    pub(super) fn resumption(&self) -> Option<Resumption> {
        let (client, server) = (self.client_hello.as_ref()?, self.server_hello.as_ref()?);
        let offered_ticket = client.session_ticket.as_ref().is_some_and(|t| !t.is_empty());
        let same_id = !client.session_id.is_empty() && client.session_id == server.session_id;
        match (offered_ticket, same_id) {
            (true, _) => Some(Resumption::Ticket),
            (false, true) => Some(Resumption::SessionId),
            (false, false) => None,
        }
    }

    /// Derives the keys from a ClientKeyExchange, which is the last message of the transcript.
    pub(super) fn exchange_keys(&mut self, body: &[u8], search: &Search<'_>) -> KeySearch {
        let (Some(client), Some(server)) = (&self.client_hello, &self.server_hello) else {
            return KeySearch::NotTried;
        };
        let Some(suite) = server.cipher_suite.suite() else { return KeySearch::NotTried };
        if suite.key_exchange != KeyExchange::Rsa {
            return KeySearch::NotTried;
        }
        let versions = [client.version, server.agreed_version()];
        match find_premaster(body, versions, search) {
            Ok((key, premaster)) => self.derive(key, suite, &premaster),
            Err(failed) => failed,
        }
    }

    fn derive(&mut self, key: KeyId, suite: &Suite, premaster: &PremasterSecret) -> KeySearch {
        let (Some(client), Some(server)) = (&self.client_hello, &self.server_hello) else {
            return KeySearch::NotTried;
        };
        let version = server.agreed_version();
        let Some(prf) = Prf::of(version, suite) else { return KeySearch::UnsupportedSuite(key) };
        let randoms = Randoms { client: client.random, server: server.random };
        let master = if server.agrees(EXTENDED_MASTER_SECRET) {
            if self.damaged {
                return KeySearch::TranscriptDamaged(key);
            }
            prf.extended_master_secret(premaster, &self.transcript)
        } else {
            prf.master_secret(premaster, &randoms)
        };
        let etm = server.agrees(ENCRYPT_THEN_MAC);
        match record_ciphers(suite, version, etm, &master, &randoms) {
            Ok(PerRole { client, server }) => {
                self.ciphers = PerRole { client: Some(client), server: Some(server) };
                self.secrets = Some((prf, master));
                KeySearch::Opened(key)
            }
            Err(_) => KeySearch::UnsupportedSuite(key),
        }
    }

    /// The protection that begins with a ChangeCipherSpec of `from`; None if it is not known.
    pub(super) fn take_cipher(&mut self, from: Role) -> Option<RecordCipher> {
        self.ciphers[from].take()
    }

    /// Checks the content of a Finished message, before it is added to the transcript
    /// (RFC 5246 §7.4.9). None if that cannot be done.
    pub(super) fn verify_finished(&self, from: Role, body: &[u8]) -> Option<bool> {
        let (prf, master) = self.secrets.as_ref().filter(|_| !self.damaged)?;
        Some(prf.verify_data(master, from, &self.transcript) == body)
    }

    /// Both Finished messages are through: nothing of the transcript is needed any more.
    pub(super) fn conclude(&mut self) {
        self.transcript = Vec::new();
        self.secrets = None;
    }
}

/// Law 7: the certificate's own key first. A certificate that was read decides the matter, since
/// what was encrypted to its key no other key opens; without one the rows for the server are
/// tried, then all other keys, and only right padding and version count.
fn find_premaster(
    body: &[u8],
    versions: [ProtocolVersion; 2],
    search: &Search<'_>,
) -> Result<(KeyId, PremasterSecret), KeySearch> {
    if let Some(public) = search.certificate.and_then(|certificate| certificate.rsa.as_ref()) {
        let id = search.ring.by_public_key(&public.modulus, &public.exponent);
        let id = id.ok_or(KeySearch::NoKeyForCertificate)?;
        return match open_premaster(search.ring.key(id), body, versions) {
            Ok(premaster) => Ok((id, premaster)),
            Err(fault) => Err(KeySearch::BadPremaster(id, note(fault))),
        };
    }
    let (ip, port) = (search.server.ip(), search.server.port());
    let rest = (0..search.ring.keys().len()).map(KeyId);
    let mut tried = Vec::new();
    for id in search.ring.by_address(ip, port).chain(rest) {
        if tried.contains(&id) {
            continue;
        }
        tried.push(id);
        if let Ok(premaster) = open_premaster(search.ring.key(id), body, versions) {
            return Ok((id, premaster));
        }
    }
    Err(KeySearch::NoKeyFits)
}

fn note(fault: PremasterFault) -> PremasterNote {
    match fault {
        PremasterFault::Length => PremasterNote::Length,
        PremasterFault::Padding => PremasterNote::Padding,
        PremasterFault::Version(version) => PremasterNote::Version(version),
    }
}
