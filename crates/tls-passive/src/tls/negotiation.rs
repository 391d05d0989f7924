//! One handshake, from its ClientHello to its second Finished: transcript, choice and keys.

use std::net::SocketAddr;

use super::certificate::Certificate;
use super::decrypt::{
    Handle, MasterSecret, PremasterFault, PremasterSecret, Prf, Randoms, RecordCipher,
    RecordOptions, SessionStore, open_premaster, record_ciphers,
};
use super::facts::{KeySearch, Origin, PremasterNote, Resumption, Secret};
use super::handshake::{HandshakeType, Message};
use super::hello::{ClientHello, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, ServerHello};
use super::names::ProtocolVersion;
use super::suite::{KeyExchange, Suite};
use crate::keys::{KeyId, KeyLog, KeyRing, LoggedSecret, RsaOperations};
use crate::role::{PerRole, Role};

/// The transcript is kept until the Finished messages are checked, and no longer than this: two
/// certificate lists of the greatest length are shorter.
pub(super) const LONGEST_TRANSCRIPT: usize = 1 << 20;

/// Secrets that are tried for one session, at most: a key log may have several lines for it.
pub(super) const MOST_CANDIDATES: usize = 16;

/// Secrets of other sessions' lines that are tried where the ClientHello, and with it the random
/// that a line is found by, was lost: a log of as many sessions is a long one.
pub(super) const MOST_STRANGERS: usize = 1024;

/// DEFLATE as a compression method (RFC 3749 §2).
const DEFLATE: u8 = 1;

/// One handshake under way.
#[derive(Default)]
pub(super) struct Negotiation {
    /// All handshake messages so far, as the Finished hash takes them (RFC 5246 §7.4.9).
    pub(super) transcript: Vec<u8>,
    /// A message is missing from the transcript, or it grew too long.
    pub(super) damaged: bool,
    pub(super) client_hello: Option<ClientHello>,
    pub(super) server_hello: Option<ServerHello>,
    /// The server sent a key exchange of its own: what the client encrypts is to that key.
    pub(super) server_key_exchange: bool,
    /// A ticket that the server has given out.
    pub(super) new_ticket: Option<Vec<u8>>,
    /// The client has sent its key. One to a hello: a second one is no handshake.
    pub(super) is_exchanged: bool,
    /// What came of the search among RSA keys.
    pub(super) by_rsa: KeySearch,
    candidates: Vec<Candidate>,
    /// The candidate that a record has proven right.
    chosen: Option<usize>,
    pub(super) finished: PerRole<bool>,
}

/// A master secret that may be the session's.
struct Candidate {
    master: MasterSecret,
    secret: Secret,
    /// The client's random that goes with it, where the ClientHello was lost.
    client_random: Option<[u8; 32]>,
}

/// Where the keys may come from.
pub(super) struct Search<'a> {
    pub(super) ring: &'a KeyRing,
    pub(super) log: Option<&'a KeyLog>,
    pub(super) store: &'a SessionStore,
    pub(super) operations: &'a RsaOperations,
    pub(super) server: SocketAddr,
    pub(super) certificate: Option<&'a Certificate>,
    /// Keys that may be tried where there is no certificate.
    pub(super) trials: usize,
    /// The frame in which the keys are wanted: what comes to be known later does not count.
    pub(super) frame: u64,
    /// The same for sessions that are resumed.
    pub(super) origins_before: u64,
}

impl Negotiation {
    /// The handshake's secret is this one, whatever it was.
    pub(super) fn pretend(&mut self, master: MasterSecret, origin: Secret) {
        self.candidates = vec![Candidate { master, secret: origin, client_random: None }];
        self.chosen = Some(0);
    }

    /// Adds a message to the transcript. HelloRequest is never part of it (RFC 5246 §7.4.1.1).
    pub(super) fn record(&mut self, message: &Message<'_>) {
        if message.kind != HandshakeType::HELLO_REQUEST {
            self.record_bytes(message.bytes);
        }
    }

    pub(super) fn record_bytes(&mut self, bytes: &[u8]) {
        if self.transcript.len() + bytes.len() > LONGEST_TRANSCRIPT {
            self.damaged = true;
            return;
        }
        self.transcript.extend_from_slice(bytes);
    }

    /// Whether the server took up the session that the client offered (RFC 5246 §7.3).
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

    pub(super) fn has_secret(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Finds the secret when the ClientKeyExchange, the last message of the transcript, has come.
    pub(super) fn exchange_keys(&mut self, body: &[u8], search: &Search<'_>) -> KeySearch {
        let by_rsa = self.open_with_rsa(body, search);
        self.by_rsa = by_rsa;
        self.add_pre_shared(body, search);
        self.add_logged_premasters(body, search);
        self.add_logged_masters(search);
        self.outcome().unwrap_or(by_rsa)
    }

    /// Finds the secret of a handshake without key exchange: an earlier session's.
    pub(super) fn resume_keys(&mut self, search: &Search<'_>) -> KeySearch {
        self.add_logged_masters(search);
        self.add_resumed(search);
        self.outcome().unwrap_or(KeySearch::NotTried)
    }

    /// What the search has come to, if it found anything.
    fn outcome(&mut self) -> Option<KeySearch> {
        let (suite, version) = self.agreed()?;
        let first = self.candidates.first()?;
        let (secret, is_proposed) = (first.secret, first.client_random.is_none());
        let can_open = Prf::of(version, suite).is_some() && self.cipher(0, Role::Client).is_some();
        if !can_open {
            self.candidates.clear();
            return Some(KeySearch::UnsupportedSuite);
        }
        // Which stranger's secret it is, if any, the first record tells.
        is_proposed.then_some(KeySearch::Opened(secret))
    }

    pub(super) fn agreed(&self) -> Option<(&'static Suite, ProtocolVersion)> {
        let hello = self.server_hello.as_ref()?;
        Some((hello.cipher_suite.suite()?, hello.agreed_version()))
    }

    pub(super) fn randoms(&self) -> Option<Randoms> {
        self.randoms_with(self.client_hello.as_ref()?.random)
    }

    fn randoms_with(&self, client: [u8; 32]) -> Option<Randoms> {
        Some(Randoms { client, server: self.server_hello.as_ref()?.random })
    }

    fn open_with_rsa(&mut self, body: &[u8], search: &Search<'_>) -> KeySearch {
        let (Some((suite, version)), Some(client)) = (self.agreed(), &self.client_hello) else {
            return KeySearch::NotTried;
        };
        if !self.is_rsa(suite) {
            return KeySearch::NotTried;
        }
        let versions = [client.version, version];
        let open = |id| {
            let ask =
                |ciphertext: &[u8]| search.operations.raw_decrypt(search.ring, id, ciphertext);
            open_premaster(search.ring.key(id).modulus_len(), ask, body, versions)
        };
        match find_key(search, open) {
            Ok((key, premaster)) => self.add_premaster(&premaster, Secret::RsaKey(key)),
            Err(failed) => failed,
        }
    }

    /// Whether the client encrypts the secret to the key of the certificate.
    fn is_rsa(&self, suite: &Suite) -> bool {
        match suite.key_exchange {
            KeyExchange::Rsa => true,
            KeyExchange::RsaExport => !self.server_key_exchange,
            _ => false,
        }
    }

    /// The same, of the suite agreed on.
    pub(super) fn has_rsa_suite(&self) -> bool {
        self.agreed().is_some_and(|(suite, _)| self.is_rsa(suite))
    }

    /// Whether the master secret is bound to the handshake (RFC 7627).
    pub(super) fn is_extended(&self) -> bool {
        let binds = |hello: &ServerHello| {
            hello.agrees(EXTENDED_MASTER_SECRET) && hello.agreed_version() != ProtocolVersion::SSL3
        };
        self.server_hello.as_ref().is_some_and(binds)
    }

    /// The hash of the messages up to the ClientKeyExchange, the last of the transcript
    /// (RFC 7627 §3), if a secret is bound to it.
    pub(super) fn session_hash(&self) -> Option<Vec<u8>> {
        let (suite, version) = self.agreed().filter(|_| self.is_extended() && !self.damaged)?;
        Some(Prf::of(version, suite)?.transcript_hash(&self.transcript))
    }

    pub(super) fn add_premaster(
        &mut self,
        premaster: &PremasterSecret,
        secret: Secret,
    ) -> KeySearch {
        let Some((suite, version)) = self.agreed() else { return KeySearch::NotTried };
        let Some(prf) = Prf::of(version, suite) else { return KeySearch::UnsupportedSuite };
        let Some(randoms) = self.randoms() else { return KeySearch::NotTried };
        let master = match (self.is_extended(), self.session_hash()) {
            (true, None) => return KeySearch::TranscriptDamaged,
            (true, Some(hash)) => prf.extended_master_secret(premaster, &hash),
            (false, _) => prf.master_secret(premaster, &randoms),
        };
        self.add(master, secret);
        KeySearch::Opened(secret)
    }

    fn add(&mut self, master: MasterSecret, secret: Secret) {
        if self.candidates.len() < MOST_CANDIDATES {
            self.candidates.push(Candidate { master, secret, client_random: None });
        }
    }

    /// Each line of a key log has the client's random beside the master secret, which is all that
    /// a lost ClientHello gives to the keys.
    fn add_strangers(&mut self, search: &Search<'_>) {
        let Some(log) = search.log.filter(|_| self.candidates.is_empty()) else { return };
        let known = log.all_master_secrets().filter(|(_, secret)| secret.since() < search.frame);
        self.candidates = known
            .take(MOST_STRANGERS)
            .filter_map(|(random, secret)| {
                Some(Candidate {
                    master: MasterSecret::new(secret.as_48()?),
                    secret: secret.origin().into(),
                    client_random: Some(*random),
                })
            })
            .collect();
    }

    fn add_logged_premasters(&mut self, body: &[u8], search: &Search<'_>) {
        let (Some(log), Some(client)) = (search.log, &self.client_hello) else { return };
        let mut found = Vec::new();
        let mut take = |secret: &LoggedSecret| {
            if secret.since() < search.frame {
                found.push((PremasterSecret::new(secret.as_bytes()), secret.origin().into()));
            }
        };
        log.premasters_by_random(&client.random).for_each(&mut take);
        // Behind the length of two bytes in TLS, at once in SSL 3.0.
        for encrypted in [body.get(2..), Some(body)].into_iter().flatten() {
            if let Some(first8) = encrypted.first_chunk() {
                log.premasters_by_encrypted(first8).for_each(&mut take);
            }
        }
        for (premaster, secret) in found {
            self.add_premaster(&premaster, secret);
        }
    }

    fn add_logged_masters(&mut self, search: &Search<'_>) {
        let Some(client) = &self.client_hello else { return self.add_strangers(search) };
        let Some(log) = search.log else { return };
        let id = self.server_hello.as_ref().map_or(&[][..], |hello| &hello.session_id);
        let by_id = (!id.is_empty()).then(|| log.master_by_session_id(id)).into_iter().flatten();
        let found: Vec<_> = log
            .master_secrets(&client.random)
            .chain(by_id)
            .filter(|secret| secret.since() < search.frame)
            .filter_map(|secret| Some((MasterSecret::new(secret.as_48()?), secret.origin().into())))
            .collect();
        found.into_iter().for_each(|(master, secret)| self.add(master, secret));
    }

    fn add_resumed(&mut self, search: &Search<'_>) {
        let (Some(client), Some(server)) = (&self.client_hello, &self.server_hello) else { return };
        let ticket = client.session_ticket.as_deref().filter(|ticket| !ticket.is_empty());
        let by_ticket = ticket.map(Handle::Ticket);
        let by_id =
            (!server.session_id.is_empty()).then_some(Handle::SessionId(&server.session_id));
        let found: Vec<_> = [by_ticket, by_id]
            .into_iter()
            .flatten()
            .filter_map(|handle| search.store.recall(handle, search.origins_before))
            .collect();
        for (master, secret, origin) in found {
            self.add(master, Secret::resumed(secret, origin));
        }
    }

    /// What the hellos agree on beside the keys.
    pub(super) fn record_options(&self) -> Option<RecordOptions> {
        self.server_hello.as_ref().map(options_of)
    }

    /// The protection of a direction by one of the candidates.
    pub(super) fn cipher(&self, candidate: usize, from: Role) -> Option<RecordCipher> {
        let ((suite, version), server) = self.agreed().zip(self.server_hello.as_ref())?;
        let Candidate { master, client_random, .. } = self.candidates.get(candidate)?;
        let randoms = match client_random {
            Some(random) => self.randoms_with(*random)?,
            None => self.randoms()?,
        };
        let options = options_of(server);
        let both = record_ciphers(suite, version, options, master, &randoms).ok()?;
        Some(match from {
            Role::Client => both.client,
            Role::Server => both.server,
        })
    }

    /// The candidates that may be the right one: one, once a record has chosen.
    pub(super) fn possible(&self) -> std::ops::Range<usize> {
        match self.chosen {
            Some(chosen) => chosen..chosen + 1,
            None => 0..self.candidates.len(),
        }
    }

    /// A record was opened by a candidate. Gives the secret that it is, and the client's random
    /// that it brought with it.
    pub(super) fn choose(&mut self, candidate: usize) -> Option<(Secret, Option<[u8; 32]>)> {
        self.chosen = Some(candidate);
        self.candidates.get(candidate).map(|chosen| (chosen.secret, chosen.client_random))
    }

    /// The master secret that a record has proven right, and the client's random.
    pub(super) fn proven(&self) -> Option<([u8; 32], &MasterSecret)> {
        let chosen = self.chosen()?;
        let said = self.client_hello.as_ref().map(|hello| hello.random);
        Some((chosen.client_random.or(said)?, &chosen.master))
    }

    fn chosen(&self) -> Option<&Candidate> {
        self.candidates.get(self.chosen?)
    }

    /// Checks the content of a Finished message, before it is added to the transcript
    /// (RFC 5246 §7.4.9). None if that cannot be done.
    pub(super) fn verify_finished(&self, from: Role, body: &[u8]) -> Option<bool> {
        Some(self.finished_content(from)? == body)
    }

    /// What the content of a Finished message should be. None if a message is missing.
    pub(super) fn finished_content(&self, from: Role) -> Option<Vec<u8>> {
        let (suite, version) = self.agreed().filter(|_| !self.damaged)?;
        let prf = Prf::of(version, suite)?;
        Some(prf.verify_data(&self.chosen()?.master, from, &self.transcript))
    }

    /// Remembers the session for those who will resume it.
    pub(super) fn remember(&self, store: &SessionStore, origin: Origin) {
        let (Some(chosen), Some(server)) = (self.chosen(), &self.server_hello) else { return };
        // What a resumed session hands out leads back to the session that was opened first.
        let (secret, origin) = match chosen.secret {
            Secret::Resumed { by, origin: first } => {
                (by.secret(), Origin { known_since: origin.known_since, ..first })
            }
            secret => (secret, origin),
        };
        let ticket = self.new_ticket.as_deref().map(Handle::Ticket);
        let id = (!server.session_id.is_empty()).then_some(Handle::SessionId(&server.session_id));
        for handle in [ticket, id].into_iter().flatten() {
            store.remember(handle, &chosen.master, secret, origin);
        }
    }

    /// Both Finished messages are through: nothing of the transcript is needed any more.
    pub(super) fn conclude(&mut self) {
        self.transcript = Vec::new();
        self.candidates = Vec::new();
        self.chosen = None;
    }
}

fn options_of(server: &ServerHello) -> RecordOptions {
    RecordOptions {
        encrypt_then_mac: server.agrees(ENCRYPT_THEN_MAC),
        deflate: server.compression_method == DEFLATE,
    }
}

/// Law 7: the certificate's own key first. A certificate that was read decides the matter, since
/// what was encrypted to its key no other key opens; without one the rows for the server are
/// tried, then all other keys, and only what opens right counts.
pub(super) fn find_key<S>(
    search: &Search<'_>,
    open: impl Fn(KeyId) -> Result<S, PremasterFault>,
) -> Result<(KeyId, S), KeySearch> {
    if let Some(public) = search.certificate.and_then(|certificate| certificate.rsa.as_ref()) {
        let id = search.ring.by_public_key(&public.modulus, &public.exponent);
        let id = id.ok_or(KeySearch::NoKeyForCertificate)?;
        search.operations.has_key(search.server, id);
        return match open(id) {
            Ok(secret) => Ok((id, secret)),
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
        if tried.len() >= search.trials {
            break;
        }
        tried.push(id);
        if let Ok(secret) = open(id) {
            return Ok((id, secret));
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
