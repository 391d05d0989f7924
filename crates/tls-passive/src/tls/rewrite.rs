//! A connection written anew, for `anonymize`: the same records with other content. Handshakes lose
//! what names anybody, text is what is given for it, and all is protected again by secrets that are
//! made up, and so are nobody's. What was not opened becomes zeros: no byte of the original's
//! ciphertext stays.

pub(super) mod aliases;
mod certificate;
mod extension;
mod fields;
mod messages;
mod side;

use std::sync::{Arc, Mutex, PoisonError};

pub use aliases::Aliases;
use aliases::made_up;
use messages::Agreed;
use side::{Seal, Side, Source, Waiting};

use super::decrypt::{MasterSecret, RecordCipher, Tls13Hash, TrafficSecret};
use super::facts::Secret;
use super::handshake::{HandshakeType, Message, MessageJoiner};
use super::hello::{ClientHello, ServerHello};
use super::names::ProtocolVersion;
use super::negotiation::Negotiation;
use super::record::{ContentType, Record};
use super::schedule13::{Phase, Stage, replace_first_hello};
use super::seen::{Held, Seen, SeenRecord};
use super::suite::{KeyExchange, Suite};
use crate::hex::hex;
use crate::keys::TrafficLabel;
use crate::role::{PerRole, Role};

/// Takes bytes of a direction, and where they stand among those of TLS.
type Out<'o> = dyn FnMut(Role, u64, &[u8]) + 'o;

/// Lines of one handshake: a line is not told twice in it.
const LATELY: usize = 8;

/// What becomes of one connection.
pub struct Rewriter {
    /// Those of all connections.
    aliases: Arc<Mutex<Aliases>>,
    /// The handshake as it is written.
    negotiation: Negotiation,
    /// What its master secret is made of: the client's random, or that of the session resumed.
    seed: Option<[u8; 32]>,
    sides: PerRole<Side>,
    key_log: Vec<String>,
}

/// What is known when all was written.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// Lines of a key log that open it.
    pub key_log: Vec<String>,
    /// Records that were opened, and are zeros now: compressed ones, and those without a hello.
    pub unsealed: u64,
}

impl Rewriter {
    /// A connection that has not begun.
    #[must_use]
    pub fn new(aliases: Arc<Mutex<Aliases>>) -> Self {
        let (negotiation, sides) = (Negotiation::default(), PerRole::default());
        Self { aliases, negotiation, seed: None, sides, key_log: Vec::new() }
    }

    /// The next record; gives what can be written by now.
    pub fn record(&mut self, seen: &SeenRecord<'_>, out: &mut Out<'_>) {
        let &SeenRecord { from, start, ref what } = seen;
        let waiting = match what {
            Seen::Cut(header) => {
                self.lose(from);
                let content = Source::Bytes(Vec::new());
                Waiting { start, header: header.to_vec(), content, seal: None }
            }
            Seen::Whole(record, held) => self.waiting(from, start, record, held),
        };
        self.sides[from].push(waiting);
        if let Seen::Whole(record, held) = what {
            self.change_keys(from, record, held);
        }
        self.sides[from].write(&mut |at, bytes| out(from, at, bytes));
    }

    /// The next bytes of text that take the place of those inside TLS.
    pub fn text(&mut self, from: Role, text: &[u8], out: &mut Out<'_>) {
        self.sides[from].text.extend(text);
        self.sides[from].write(&mut |at, bytes| out(from, at, bytes));
    }

    /// Nothing more will come.
    #[must_use]
    pub fn finish(mut self, out: &mut Out<'_>) -> Rewritten {
        for from in Role::BOTH {
            self.lose(from);
            self.sides[from].finish(&mut |at, bytes| out(from, at, bytes));
        }
        let unsealed = self.sides.client.unsealed + self.sides.server.unsealed;
        Rewritten { key_log: self.key_log, unsealed }
    }

    fn waiting(&mut self, from: Role, start: u64, record: &Record<'_>, held: &Held) -> Waiting {
        if record.behind.is_some() {
            self.lose(from);
        }
        let header = record.header_bytes();
        let (content_type, content, seal) = match held {
            Held::Closed | Held::Failed(_) => {
                if let Held::Failed(phase) = *held {
                    // Those who read what is written are to fail here too.
                    self.cipher_for(from, phase);
                }
                let zeros = vec![0; record.fragment.len()];
                return Waiting { start, header, content: Source::Bytes(zeros), seal: None };
            }
            Held::Clear => (record.header.content_type, record.fragment, None),
            Held::Opened(opened) => {
                let seal = Seal::new(record, opened, self.cipher_for(from, opened.phase));
                (opened.content_type, opened.content.as_slice(), Some(seal))
            }
        };
        let content = match content_type {
            ContentType::HANDSHAKE => {
                self.take_messages(from, record, content);
                Source::Handshake(content.len())
            }
            ContentType::APPLICATION_DATA => Source::Text(content.len()),
            // A type, or a level and a description: nothing longer is known.
            ContentType::CHANGE_CIPHER_SPEC | ContentType::ALERT if content.len() <= 2 => {
                Source::Bytes(content.to_vec())
            }
            ContentType::SSL2_CLIENT_HELLO => Source::Bytes(self.ssl2_hello(content)),
            _ => Source::Bytes(vec![0; content.len()]),
        };
        Waiting { start, header, content, seal }
    }

    /// Something is missing in a direction.
    fn lose(&mut self, from: Role) {
        let side = &mut self.sides[from];
        let pending = side.joiner.pending();
        side.handshake.extend(std::iter::repeat_n(0, pending));
        side.joiner = MessageJoiner::default();
        self.negotiation.damaged = true;
    }

    fn take_messages(&mut self, from: Role, record: &Record<'_>, content: &[u8]) {
        let mut joiner = std::mem::take(&mut self.sides[from].joiner);
        let before = joiner.pending() + content.len();
        let mut written = Vec::new();
        let fed =
            joiner.feed(record, content, |message| written.extend(self.rewrite(from, &message)));
        if fed.is_err() {
            joiner = MessageJoiner::default();
            self.negotiation.damaged = true;
        }
        written.resize(before - joiner.pending(), 0);
        self.sides[from].handshake.extend(written);
        self.sides[from].joiner = joiner;
    }

    fn ssl2_hello(&mut self, content: &[u8]) -> Vec<u8> {
        let mut aliases = self.aliases.lock().unwrap_or_else(PoisonError::into_inner);
        let written = messages::ssl2_client_hello(content, &mut aliases);
        self.negotiation = Negotiation::default();
        self.negotiation.record_bytes(&written);
        self.negotiation.client_hello = ClientHello::parse_ssl2(&written);
        written
    }

    /// A message with other content, which the rest of the handshake is made of.
    fn rewrite(&mut self, from: Role, message: &Message<'_>) -> Vec<u8> {
        if (from, message.kind) == (Role::Client, HandshakeType::CLIENT_HELLO) {
            self.begin_negotiation();
        }
        let agreed = self.agreed();
        let body = match message.kind {
            HandshakeType::FINISHED => self.finished(from, message.body.len()),
            _ => {
                let mut aliases = self.aliases.lock().unwrap_or_else(PoisonError::into_inner);
                messages::rewritten(from, message, agreed, &mut aliases)
            }
        };
        let header = message.bytes.len() - message.body.len();
        let bytes = [&message.bytes[..header], &body].concat();
        let message = Message { body: &body, bytes: &bytes, ..*message };
        // What comes behind the handshake of TLS 1.3 is no part of its transcript.
        let after =
            matches!(message.kind, HandshakeType::NEW_SESSION_TICKET | HandshakeType::KEY_UPDATE);
        if !(after && self.is_tls13()) {
            self.negotiation.record(&message);
        }
        self.read(from, &message);
        bytes
    }

    fn read(&mut self, from: Role, message: &Message<'_>) {
        match (from, message.kind) {
            (Role::Client, HandshakeType::CLIENT_HELLO) => {
                self.negotiation.client_hello = ClientHello::parse(message.body);
            }
            (Role::Server, HandshakeType::SERVER_HELLO) => {
                self.negotiation.server_hello = ServerHello::parse(message.body);
                self.on_server_hello();
            }
            // Behind a lifetime of four bytes and a length of two (RFC 5077 §3.3).
            (Role::Server, HandshakeType::NEW_SESSION_TICKET) if !self.is_tls13() => {
                self.remember(message.body.get(6..).unwrap_or_default());
            }
            (from, HandshakeType::FINISHED) => self.negotiation.finished[from] = true,
            _ => {}
        }
    }

    /// As a ClientHello does, unless it answers a HelloRetryRequest.
    fn begin_negotiation(&mut self) {
        let retried = self.negotiation.server_hello.as_ref();
        if !retried.is_some_and(ServerHello::is_hello_retry_request) {
            self.negotiation = Negotiation::default();
        }
    }

    fn on_server_hello(&mut self) {
        let (hello, random) = (self.negotiation.server_hello.as_ref(), self.random());
        if hello.is_some_and(ServerHello::is_hello_retry_request) {
            if let Some(hash) = self.suite13().and_then(Tls13Hash::of) {
                replace_first_hello(hash, &mut self.negotiation.transcript);
            }
            return;
        }
        self.seed = random.map(|random| self.origin().unwrap_or(random));
        if let Some(master) = self.seed.as_ref().and_then(master_secret) {
            self.negotiation.pretend(MasterSecret::new(&master), Secret::KeyLog);
        }
        let id = self.negotiation.server_hello.as_ref().map(|hello| hello.session_id.clone());
        self.remember(&id.unwrap_or_default());
    }

    /// The session that is resumed, which has the same secret for whoever reads both.
    fn origin(&self) -> Option<[u8; 32]> {
        self.negotiation.resumption()?;
        let client = self.negotiation.client_hello.as_ref()?;
        let aliases = self.aliases.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = client.session_ticket.as_deref().unwrap_or_default();
        let server = self.negotiation.server_hello.as_ref()?;
        let by_id = || aliases.recall(&server.session_id);
        aliases.recall(ticket).filter(|_| client.session_id == server.session_id).or_else(by_id)
    }

    fn remember(&self, handle: &[u8]) {
        if let Some(seed) = self.seed {
            self.aliases.lock().unwrap_or_else(PoisonError::into_inner).remember(handle, seed);
        }
    }

    fn random(&self) -> Option<[u8; 32]> {
        self.negotiation.client_hello.as_ref().map(|hello| hello.random)
    }

    fn agreed(&self) -> Agreed {
        self.negotiation.agreed().map_or_else(Agreed::default, |(suite, version)| Agreed {
            version,
            key_exchange: Some(suite.key_exchange),
        })
    }

    fn is_tls13(&self) -> bool {
        self.agreed().version == ProtocolVersion::TLS13
    }

    /// The suite agreed on; for early data, the first of TLS 1.3 that was offered.
    fn suite13(&self) -> Option<&'static Suite> {
        if let Some((suite, _)) = self.negotiation.agreed() {
            return Some(suite);
        }
        let offered = self.negotiation.client_hello.iter().flat_map(|hello| &hello.cipher_suites);
        offered.filter_map(|id| id.suite()).find(|suite| suite.key_exchange == KeyExchange::Tls13)
    }

    /// The content of Finished as it follows from what was written; zeros where that is not known.
    fn finished(&mut self, from: Role, len: usize) -> Vec<u8> {
        let is_whole = !self.negotiation.damaged && !self.negotiation.finished[from];
        let content = match self.is_tls13() {
            _ if !is_whole => None,
            true => {
                let secret = self.traffic_secret(from, Stage::Handshake);
                secret.map(|secret| secret.verify_data(&self.negotiation.transcript))
            }
            false => self.negotiation.finished_content(from),
        };
        content.filter(|content| content.len() == len).unwrap_or_else(|| vec![0; len])
    }

    /// The keys that open a record take the place of those that opened the original. None where a
    /// hello is missing.
    fn cipher_for(&mut self, from: Role, phase: Phase) -> Option<usize> {
        if phase.stage != Stage::None {
            return self.cipher13_for(from, phase);
        }
        if self.sides[from].cipher.is_none() {
            self.change_to_agreed(from);
        }
        let cipher = self.sides[from].cipher?;
        if let (Some(random), Some(seed)) = (self.random(), self.seed)
            && let Some(master) = master_secret(&seed)
        {
            self.log("CLIENT_RANDOM", &random, &master);
        }
        Some(cipher)
    }

    fn cipher13_for(&mut self, from: Role, phase: Phase) -> Option<usize> {
        if self.sides[from].phase != Some(phase) {
            let mut secret = self.traffic_secret(from, phase.stage)?;
            for _ in 0..phase.generation {
                secret = secret.updated();
            }
            let cipher = secret.cipher(self.suite13()?).ok()?;
            self.sides[from].change(cipher);
            self.sides[from].phase = Some(phase);
        }
        self.sides[from].cipher
    }

    fn traffic_secret(&mut self, from: Role, stage: Stage) -> Option<TrafficSecret> {
        let label = match (stage, from) {
            (Stage::None, _) => return None,
            (Stage::Early, _) => TrafficLabel::ClientEarly,
            (Stage::Handshake, Role::Client) => TrafficLabel::ClientHandshake,
            (Stage::Handshake, Role::Server) => TrafficLabel::ServerHandshake,
            (Stage::Application, Role::Client) => TrafficLabel::ClientApplication,
            (Stage::Application, Role::Server) => TrafficLabel::ServerApplication,
        };
        let (suite, random) = (self.suite13()?, self.random()?);
        let len = Tls13Hash::of(suite)?.len();
        let secret = made_up(label.as_str().as_bytes(), &random, len);
        self.log(label.as_str(), &random, &secret);
        TrafficSecret::new(suite, &secret)
    }

    /// ChangeCipherSpec, but for that of TLS 1.3, which is there for show (RFC 8446 §D.4).
    fn change_keys(&mut self, from: Role, record: &Record<'_>, held: &Held) {
        let content_type = match held {
            Held::Clear => record.header.content_type,
            Held::Opened(opened) => opened.content_type,
            Held::Failed(_) | Held::Closed => return,
        };
        if content_type == ContentType::CHANGE_CIPHER_SPEC && !self.is_tls13() {
            self.change_to_agreed(from);
        }
    }

    fn change_to_agreed(&mut self, from: Role) {
        if let Some(cipher) = self.agreed_cipher(from) {
            self.sides[from].change(cipher);
        }
    }

    fn agreed_cipher(&self, from: Role) -> Option<RecordCipher> {
        self.negotiation.cipher(0, from).filter(RecordCipher::can_seal)
    }

    /// Adds a line, once.
    fn log(&mut self, label: &str, random: &[u8; 32], secret: &[u8]) {
        let line = format!("{label} {} {}\n", hex(random), hex(secret));
        if !self.key_log.iter().rev().take(LATELY).any(|known| *known == line) {
            self.key_log.push(line);
        }
    }
}

/// A master secret that everybody can compute.
fn master_secret(seed: &[u8; 32]) -> Option<[u8; 48]> {
    made_up(b"master secret", seed, 48).try_into().ok()
}
