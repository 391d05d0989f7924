//! What each handshake message does.

use super::TlsEvent;
use super::certificate::{self, Certificate};
use super::facts::{KeySearch, Origin, Resumption};
use super::handshake::{HandshakeType, Message};
use super::hello::{self, ClientHello, ServerHello};
use super::machine::{Out, Tls};
use super::names::{ExtensionType, NamedGroup, ProtocolVersion};
use super::negotiation::{Negotiation, Search};
use super::record::Record;
use super::ssl2;
use super::suite::KeyExchange;
use crate::moment::Moment;
use crate::role::Role;

/// pre_shared_key in a ServerHello: a TLS 1.3 session was resumed (RFC 8446 §4.2.11).
const PRE_SHARED_KEY: ExtensionType = ExtensionType(41);

/// The size of `dh_p`, which a ServerKeyExchange with a group of its own begins with
/// (RFC 5246 §7.4.3).
fn dh_prime_bits(exchange: KeyExchange, body: &[u8]) -> Option<u16> {
    if !matches!(exchange, KeyExchange::Dhe | KeyExchange::DhAnon) {
        return None;
    }
    let (length, rest) = body.split_first_chunk()?;
    let prime = rest.get(..u16::from_be_bytes(*length).into())?;
    let mut significant = prime.iter().copied().skip_while(|&byte| byte == 0);
    let first = significant.next()?;
    let bits = (significant.count() + 1) * 8;
    u16::try_from(bits).ok()?.checked_sub(first.leading_zeros() as u16)
}

/// The named curve of a ServerKeyExchange (RFC 8422 §5.4).
fn curve(exchange: KeyExchange, body: &[u8]) -> Option<NamedGroup> {
    if !matches!(exchange, KeyExchange::Ecdhe | KeyExchange::EcdhAnon) {
        return None;
    }
    let &[3, high, low] = body.first_chunk()? else { return None };
    Some(NamedGroup(u16::from_be_bytes([high, low])))
}

impl Tls {
    pub(super) fn on_ssl2_hello(&mut self, record: &Record<'_>, content: &[u8], out: &mut Out<'_>) {
        self.begin_negotiation(record.at());
        self.negotiation.record_bytes(content);
        self.set_client_hello(ClientHello::parse_ssl2(content), record.at());
        // Whichever versions it offers, the server's answer tells which protocol follows.
        self.ssl2 = ssl2::Offer::parse(content)
            .map_or_else(Default::default, |offer| ssl2::State::Offered(offer, Vec::new()));
        out(TlsEvent::Message(Role::Client, HandshakeType::CLIENT_HELLO, record.at()));
    }

    pub(super) fn on_message(&mut self, from: Role, message: &Message<'_>, out: &mut Out<'_>) {
        if (from, message.kind) == (Role::Client, HandshakeType::CLIENT_HELLO) {
            self.begin_negotiation(message.at);
            self.facts.client_hello_bytes = message.bytes.len();
        }
        if message.kind == HandshakeType::FINISHED {
            self.on_finished(from, message);
        }
        let is_tls13 = self.facts.is_tls13();
        // What comes behind the handshake of TLS 1.3 is no part of its transcript.
        let after =
            matches!(message.kind, HandshakeType::NEW_SESSION_TICKET | HandshakeType::KEY_UPDATE);
        if !(is_tls13 && after) {
            self.negotiation.record(message);
        }
        self.read_message(from, message);
        out(self.event_of(from, message));
        if is_tls13 {
            self.change_keys13(from, message.kind);
        }
        if !self.is_negotiating() && !is_tls13 {
            self.negotiation.conclude();
        }
    }

    fn event_of(&self, from: Role, message: &Message<'_>) -> TlsEvent<'static> {
        let retry =
            self.facts.server_hello.as_ref().is_some_and(ServerHello::is_hello_retry_request);
        if message.kind == HandshakeType::SERVER_HELLO && retry {
            return TlsEvent::HelloRetryRequest(message.at);
        }
        TlsEvent::Message(from, message.kind, message.at)
    }

    /// A ClientHello begins a new negotiation, unless it answers a HelloRetryRequest.
    fn begin_negotiation(&mut self, at: Moment) {
        let retried = self.negotiation.server_hello.as_ref();
        if retried.is_some_and(ServerHello::is_hello_retry_request) {
            return;
        }
        if self.facts.client_hello.is_some() {
            self.facts.renegotiation_asked = Some(at);
        }
        self.negotiation = Negotiation::default();
    }

    fn set_client_hello(&mut self, hello: Option<ClientHello>, at: Moment) {
        if hello.is_some() {
            self.facts.client_hello.clone_from(&hello);
            self.facts.client_hello_at.get_or_insert(at);
        } else {
            self.negotiation.damaged = true;
        }
        self.negotiation.client_hello = hello;
    }

    fn read_message(&mut self, from: Role, message: &Message<'_>) {
        match (from, message.kind) {
            (Role::Client, HandshakeType::CLIENT_HELLO) => {
                self.set_client_hello(ClientHello::parse(message.body), message.at);
            }
            (Role::Server, HandshakeType::SERVER_HELLO) => self.on_server_hello(message),
            (Role::Server, HandshakeType::CERTIFICATE) => self.on_certificate(message),
            (Role::Client, HandshakeType::CERTIFICATE) => {
                let empty = if self.facts.is_tls13() { 4 } else { 3 };
                self.facts.client_certificate_sent = message.body.len() > empty;
                self.facts.client_certificates = self.certificates(message.body);
            }
            (Role::Server, HandshakeType::CERTIFICATE_STATUS) => {
                self.facts.ocsp_staple = hello::certificate_status(message.body);
            }
            (Role::Server, HandshakeType::ENCRYPTED_EXTENSIONS) => {
                self.facts.alpn = hello::encrypted_alpn(message.body);
            }
            (Role::Server, HandshakeType::CERTIFICATE_REQUEST) => {
                self.facts.client_certificate_requested = true;
            }
            (Role::Server, HandshakeType::SERVER_KEY_EXCHANGE) => {
                self.negotiation.server_key_exchange = true;
                let exchange = self.facts.suite().map(|suite| suite.key_exchange);
                self.facts.ephemeral_rsa = exchange == Some(KeyExchange::RsaExport);
                self.facts.dh_prime_bits =
                    exchange.and_then(|exchange| dh_prime_bits(exchange, message.body));
                self.facts.group = exchange.and_then(|exchange| curve(exchange, message.body));
            }
            (Role::Client, HandshakeType::CLIENT_KEY_EXCHANGE) => self.on_key_exchange(message),
            (Role::Server, HandshakeType::NEW_SESSION_TICKET) => self.on_new_ticket(message),
            _ => {}
        }
    }

    fn on_certificate(&mut self, message: &Message<'_>) {
        self.facts.certificate_at = Some(message.at);
        self.facts.certificates = self.certificates(message.body);
        if self.facts.is_tls13() {
            let extensions = certificate::first_extensions13(message.body).unwrap_or_default();
            (self.facts.ocsp_staple, self.facts.timestamps) = hello::of_first_entry(extensions);
        }
    }

    fn certificates(&self, body: &[u8]) -> Vec<Certificate> {
        match self.facts.is_tls13() {
            true => certificate::parse_list13(body),
            false => certificate::parse_list(body),
        }
    }

    fn on_server_hello(&mut self, message: &Message<'_>) {
        let Some(hello) = ServerHello::parse(message.body) else {
            self.negotiation.damaged = true;
            return;
        };
        if self.facts.renegotiation_asked.take().is_some() {
            self.facts.renegotiations += 1;
            self.facts.client_key_exchange_at = None;
            self.facts.certificates.clear();
            self.facts.client_certificates.clear();
            self.facts.ocsp_staple = None;
        }
        self.facts.group = hello.group;
        self.facts.alpn.clone_from(&hello.alpn);
        self.facts.timestamps = hello.timestamps;
        let is_tls13 = hello.agreed_version() == ProtocolVersion::TLS13;
        let is_retry = hello.is_hello_retry_request();
        self.facts.server_hello = Some(hello.clone());
        self.negotiation.server_hello = Some(hello);
        match (is_tls13, is_retry) {
            (true, true) => self.replace_first_hello(),
            (true, false) => {
                let hello = self.facts.server_hello.as_ref();
                let resumed = hello.is_some_and(|hello| hello.agrees(PRE_SHARED_KEY));
                self.facts.resumed = resumed.then_some(Resumption::Psk);
                self.begin_schedule13(message.at);
            }
            (false, _) => {}
        }
    }

    fn on_key_exchange(&mut self, message: &Message<'_>) {
        if std::mem::replace(&mut self.negotiation.is_exchanged, true) {
            return;
        }
        self.facts.client_key_exchange_at = Some(message.at);
        self.lock_key_exchange(message.body, message.at);
        let mut negotiation = std::mem::take(&mut self.negotiation);
        let found =
            self.search(message.at, |search| negotiation.exchange_keys(message.body, search));
        self.facts.keys_alone = negotiation.by_rsa;
        self.negotiation = negotiation;
        self.note_search(found);
    }

    /// One side is done with the handshake before the client sent a key: the server took up an
    /// earlier session, unless the part with the key was not captured.
    pub(super) fn on_abbreviated(&mut self, from: Role, at: Moment) {
        self.knows_origin(at);
        let whole = !self.negotiation.damaged && self.facts.certificates.is_empty();
        if from == Role::Server && whole {
            self.facts.resumed = self.negotiation.resumption();
            self.lock_resumption(at);
        }
    }

    /// Whether the secret of an earlier session is known, or is found now.
    pub(super) fn knows_origin(&mut self, at: Moment) -> bool {
        if !self.negotiation.has_secret() {
            let mut negotiation = std::mem::take(&mut self.negotiation);
            let found = self.search(at, |search| negotiation.resume_keys(search));
            self.negotiation = negotiation;
            self.note_search(found);
        }
        self.negotiation.has_secret()
    }

    fn note_search(&mut self, found: KeySearch) {
        if found != KeySearch::NotTried {
            self.facts.keys = found;
        }
    }

    /// Searches the keys for a secret that is wanted at `at`.
    pub(super) fn search<R>(&mut self, at: Moment, find: impl FnOnce(&Search<'_>) -> R) -> R {
        let log = self.keys.ring.keylog().read();
        let random = self.facts.client_hello.as_ref().map(|hello| hello.random);
        self.facts.log_without_line = match (&log, random) {
            (Some(log), Some(random)) => log.lines() > 0 && !log.opens_up_to_tls12(&random),
            _ => false,
        };
        let has_certificate = self.facts.certificates.first().is_some_and(|c| c.rsa.is_some());
        let trials = match has_certificate {
            true => 1,
            false => self.budget.keys(self.keys.ring.keys().len()),
        };
        find(&Search {
            trials,
            ring: &self.keys.ring,
            log: log.as_deref(),
            store: &self.keys.store,
            operations: &self.keys.operations,
            server: self.ends[1],
            certificate: self.facts.certificates.first(),
            frame: at.frame,
            origins_before: self.origins_before(at.frame),
        })
    }

    /// A ticket comes before the server's ChangeCipherSpec (RFC 5077 §3.3).
    fn on_new_ticket(&mut self, message: &Message<'_>) {
        // Lifetime of four bytes, length of two.
        if !self.facts.is_tls13() {
            self.negotiation.new_ticket = message.body.get(6..).map(<[u8]>::to_vec);
            self.facts.new_ticket.clone_from(&self.negotiation.new_ticket);
            self.lock_ticket();
        }
    }

    fn on_finished(&mut self, from: Role, message: &Message<'_>) {
        if self.facts.is_tls13() && self.negotiation.finished[from] {
            return;
        }
        let verified = if self.facts.is_tls13() {
            self.verify_finished13(from, message.body)
        } else {
            self.negotiation.verify_finished(from, message.body)
        };
        self.facts.finished_at[from] = Some(message.at);
        self.facts.finished_verified[from] = verified;
        self.negotiation.finished[from] = true;
        if !self.facts.is_tls13() {
            let began = self.facts.client_hello_at.unwrap_or_default();
            let origin =
                Origin { client: Some(self.ends[0]), began, known_since: message.at.frame };
            self.negotiation.remember(&self.keys.store, origin);
        }
    }
}
