//! The state machine of one TLS connection.

use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use super::certificate;
use super::decrypt::RecordCipher;
use super::facts::{Holes, KeySearch, Resumption, TlsFacts};
use super::handshake::{HandshakeType, Message, MessageJoiner};
use super::hello::{ClientHello, ServerHello};
use super::names::{AlertDescription, ExtensionType, ProtocolVersion};
use super::negotiation::{Negotiation, Search};
use super::record::{ContentType, Found, Record, RecordReader};
use super::{Alert, TlsEvent};
use crate::flow::{Gap, GapCause};
use crate::keys::KeyRing;
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// The alerts that are kept; more than a few say nothing new, and a hostile peer sends thousands.
const MOST_ALERTS: usize = 16;

/// pre_shared_key in a ServerHello: a TLS 1.3 session was resumed (RFC 8446 §4.2.11).
const PRE_SHARED_KEY: ExtensionType = ExtensionType(41);

/// Where the events go.
type Out<'o> = dyn FnMut(TlsEvent<'_>) + 'o;

/// How the records of one direction are protected at the moment.
#[derive(Default)]
enum Protection {
    #[default]
    Clear,
    Open(Box<RecordCipher>),
    /// Protected, and nothing here opens it.
    Opaque,
}

/// One TLS connection.
pub struct Tls {
    server: SocketAddr,
    ring: Arc<KeyRing>,
    readers: PerRole<RecordReader>,
    joiners: PerRole<MessageJoiner>,
    protection: PerRole<Protection>,
    negotiation: Negotiation,
    scratch: Vec<u8>,
    facts: TlsFacts,
}

/// Whether bytes at the start of a direction look like TLS: a handshake or alert record, or an
/// SSL 2.0 ClientHello. The answer to a few bytes may be wrong, since SMTP begins with none of them.
#[must_use]
pub fn looks_like_tls(bytes: &[u8]) -> bool {
    match bytes {
        [20..=23, 3, minor, ..] => *minor <= 4,
        [20..=23, 3] | [22] => true,
        [high, _, 1, major, minor, ..] if high & 0x80 != 0 => {
            *major == 3 || (*major, *minor) == (0, 2)
        }
        _ => false,
    }
}

impl Tls {
    /// A connection to `server`, to be opened by the keys of `ring`.
    #[must_use]
    pub fn new(server: SocketAddr, ring: Arc<KeyRing>) -> Self {
        Self {
            server,
            ring,
            readers: PerRole::default(),
            joiners: PerRole::default(),
            protection: PerRole::default(),
            negotiation: Negotiation::default(),
            scratch: Vec::new(),
            facts: TlsFacts::default(),
        }
    }

    /// What is known so far.
    #[must_use]
    pub fn facts(&self) -> &TlsFacts {
        &self.facts
    }

    /// What is known, when nothing more will come.
    #[must_use]
    pub fn into_facts(self) -> TlsFacts {
        self.facts
    }

    /// Takes the next bytes of one direction.
    pub fn feed(&mut self, from: Role, bytes: &[u8], at: Moment, out: &mut Out<'_>) {
        self.facts.seen[from] = true;
        let mut reader = mem::take(&mut self.readers[from]);
        reader.feed(bytes, at, |found| match found {
            Found::Record(record) => self.on_record(from, &record, out),
            Found::NotTls(bytes, at) => {
                self.facts.not_tls[from].get_or_insert(at);
                out(TlsEvent::NotTls(from, bytes, at));
            }
        });
        self.readers[from] = reader;
    }

    /// Takes a hole in one direction.
    pub fn feed_gap(&mut self, from: Role, gap: Gap, at: Moment, out: &mut Out<'_>) {
        note_hole(&mut self.facts.holes[from], gap, at);
        self.readers[from].skip(gap.bytes);
        self.facts.damaged[from] += 1;
        if self.is_negotiating() || self.joiners[from].pending() > 0 {
            self.joiners[from].clear();
            self.negotiation.damage();
            self.facts.handshake_damaged = true;
        }
        if self.is_established(from) {
            out(TlsEvent::DataGap(from, gap.bytes, at));
        }
        // The number of records lost is not known, and with it that of the next (law 6).
        if self.readers[from].is_lost() {
            self.protection[from] = Protection::Opaque;
        }
    }

    fn is_negotiating(&self) -> bool {
        !(self.negotiation.finished.client && self.negotiation.finished.server)
    }

    fn is_established(&self, from: Role) -> bool {
        !matches!(self.protection[from], Protection::Clear)
    }

    fn on_record(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        let kind = record.header.content_type;
        // TLS 1.3 sends ChangeCipherSpec for the sake of middleboxes, in clear (RFC 8446 §D.4).
        if self.facts.is_tls13() && kind == ContentType::CHANGE_CIPHER_SPEC {
            return;
        }
        let mut protection = mem::take(&mut self.protection[from]);
        match &mut protection {
            Protection::Clear => self.on_content(from, record, record.fragment, false, out),
            Protection::Opaque => self.on_opaque(from, record, out),
            Protection::Open(cipher) => self.on_protected(from, record, cipher, out),
        }
        // ChangeCipherSpec in the record has put another protection there, which then stays.
        if matches!(self.protection[from], Protection::Clear) {
            self.protection[from] = protection;
        }
    }

    fn on_protected(
        &mut self,
        from: Role,
        record: &Record<'_>,
        cipher: &mut RecordCipher,
        out: &mut Out<'_>,
    ) {
        self.tally_protected(from, record);
        let mut scratch = mem::take(&mut self.scratch);
        match cipher.open(record.header, record.fragment, &mut scratch) {
            Ok(content) => self.on_content(from, record, content, true, out),
            Err(_) => self.on_failure(from, record, out),
        }
        self.scratch = scratch;
    }

    fn on_failure(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.facts.failed[from] += 1;
        self.facts.first_failure.get_or_insert_with(|| record.at());
        if record.header.content_type == ContentType::APPLICATION_DATA {
            out(TlsEvent::DataGap(from, record.fragment.len() as u64, record.at()));
        }
    }

    fn tally_protected(&mut self, from: Role, record: &Record<'_>) {
        let tally = &mut self.facts.protected[from];
        tally.records += 1;
        tally.bytes += record.fragment.len() as u64;
    }

    /// A record that is protected and cannot be opened: only its type speaks.
    fn on_opaque(&mut self, from: Role, record: &Record<'_>, out: &mut Out<'_>) {
        self.tally_protected(from, record);
        let at = record.at();
        match record.header.content_type {
            // In TLS 1.3 a protected alert calls itself application data (RFC 8446 §5.2): one that
            // calls itself an alert came before the keys.
            ContentType::ALERT if self.facts.is_tls13() => {
                self.on_alert(from, Some(record.fragment), false, at, out);
            }
            ContentType::ALERT => self.on_alert(from, None, true, at, out),
            ContentType::HANDSHAKE if self.facts.finished_at[from].is_none() => {
                self.facts.finished_at[from] = Some(at);
                self.negotiation.finished[from] = true;
                out(TlsEvent::OpaqueFinished(from, at));
            }
            ContentType::APPLICATION_DATA => self.on_first_application_data(from, at, out),
            _ => {}
        }
    }

    fn on_first_application_data(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        if self.facts.first_application_data[from].is_none() {
            self.facts.first_application_data[from] = Some(at);
            out(TlsEvent::FirstApplicationData(from, at));
        }
    }

    fn on_content(
        &mut self,
        from: Role,
        record: &Record<'_>,
        content: &[u8],
        encrypted: bool,
        out: &mut Out<'_>,
    ) {
        match record.header.content_type {
            ContentType::HANDSHAKE => self.on_handshake(from, record, content, out),
            ContentType::CHANGE_CIPHER_SPEC => self.on_change_cipher_spec(from, record.at(), out),
            ContentType::ALERT => self.on_alert(from, Some(content), encrypted, record.at(), out),
            ContentType::APPLICATION_DATA => {
                self.on_application_data(from, record, content, encrypted, out);
            }
            ContentType::SSL2_CLIENT_HELLO => self.on_ssl2_hello(record, content, out),
            _ => {}
        }
    }

    /// Application data in the clear is none: either the capture began after the handshake, or
    /// this is TLS 1.3, where everything behind the ServerHello looks like it (RFC 8446 §5.2).
    fn on_application_data(
        &mut self,
        from: Role,
        record: &Record<'_>,
        content: &[u8],
        encrypted: bool,
        out: &mut Out<'_>,
    ) {
        if !encrypted {
            self.protection[from] = Protection::Opaque;
            return self.on_opaque(from, record, out);
        }
        let at = record.at();
        self.on_first_application_data(from, at, out);
        let tally = &mut self.facts.opened[from];
        tally.records += 1;
        tally.bytes += content.len() as u64;
        if !content.is_empty() {
            out(TlsEvent::Data(from, content, at));
        }
    }

    fn on_alert(
        &mut self,
        from: Role,
        content: Option<&[u8]>,
        encrypted: bool,
        at: Moment,
        out: &mut Out<'_>,
    ) {
        let (level, description) = match content {
            Some(&[level, code, ..]) => (Some(level), Some(AlertDescription(u16::from(code)))),
            _ => (None, None),
        };
        let alert = Alert { from, level, description, encrypted, at };
        if self.facts.alerts.len() < MOST_ALERTS {
            self.facts.alerts.push(alert);
        }
        out(TlsEvent::Alert(alert));
    }

    fn on_change_cipher_spec(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        self.facts.change_cipher_spec[from].get_or_insert(at);
        if from == Role::Server && self.facts.client_key_exchange_at.is_none() {
            self.note_abbreviated();
        }
        self.protection[from] = match self.negotiation.take_cipher(from) {
            Some(cipher) => Protection::Open(Box::new(cipher)),
            None => Protection::Opaque,
        };
        out(TlsEvent::ChangeCipherSpec(from, at));
    }

    /// The server is done with the handshake before the client sent a key: it took up an earlier
    /// session, unless the part of the handshake with the key was not captured.
    fn note_abbreviated(&mut self) {
        if self.negotiation.damaged || !self.facts.certificates.is_empty() {
            return;
        }
        self.negotiation.abbreviated = true;
        self.facts.resumed = self.negotiation.resumption();
    }

    fn on_handshake(&mut self, from: Role, record: &Record<'_>, content: &[u8], out: &mut Out<'_>) {
        let mut joiner = mem::take(&mut self.joiners[from]);
        let fed = joiner.feed(record, content, |message| self.on_message(from, &message, out));
        if fed.is_err() {
            joiner.clear();
            self.negotiation.damage();
            self.facts.handshake_damaged = true;
        }
        self.joiners[from] = joiner;
    }

    fn on_ssl2_hello(&mut self, record: &Record<'_>, content: &[u8], out: &mut Out<'_>) {
        let at = record.at();
        self.negotiation.record_bytes(content);
        self.set_client_hello(ClientHello::parse_ssl2(content));
        out(TlsEvent::Message(Role::Client, HandshakeType::CLIENT_HELLO, at));
    }

    fn on_message(&mut self, from: Role, message: &Message<'_>, out: &mut Out<'_>) {
        if (from, message.kind) == (Role::Client, HandshakeType::CLIENT_HELLO) {
            self.begin_negotiation();
        }
        if message.kind == HandshakeType::FINISHED {
            self.on_finished(from, message);
        }
        self.negotiation.record(message);
        self.read_message(from, message);
        out(self.event_of(from, message));
        if !self.is_negotiating() {
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
    fn begin_negotiation(&mut self) {
        let retried = self.negotiation.server_hello.as_ref();
        if retried.is_some_and(ServerHello::is_hello_retry_request) {
            return;
        }
        if self.facts.client_hello.is_some() {
            self.facts.renegotiations += 1;
            self.facts.client_key_exchange_at = None;
            self.facts.certificates.clear();
        }
        self.negotiation = Negotiation::default();
    }

    fn set_client_hello(&mut self, hello: Option<ClientHello>) {
        if hello.is_none() {
            self.negotiation.damage();
        }
        if hello.is_some() {
            self.facts.client_hello.clone_from(&hello);
        }
        self.negotiation.client_hello = hello;
    }

    fn read_message(&mut self, from: Role, message: &Message<'_>) {
        match (from, message.kind) {
            (Role::Client, HandshakeType::CLIENT_HELLO) => {
                self.set_client_hello(ClientHello::parse(message.body));
            }
            (Role::Server, HandshakeType::SERVER_HELLO) => self.on_server_hello(message),
            (Role::Server, HandshakeType::CERTIFICATE) => {
                self.facts.certificates = certificate::parse_list(message.body);
                self.facts.certificate_at = Some(message.at);
            }
            (Role::Client, HandshakeType::CERTIFICATE) => {
                self.facts.client_certificate_sent = message.body.len() > 3;
            }
            (Role::Server, HandshakeType::CERTIFICATE_REQUEST) => {
                self.facts.client_certificate_requested = true;
            }
            (Role::Client, HandshakeType::CLIENT_KEY_EXCHANGE) => self.on_key_exchange(message),
            (Role::Server, HandshakeType::NEW_SESSION_TICKET) => {
                self.facts.new_session_ticket = true;
            }
            _ => {}
        }
    }

    fn on_server_hello(&mut self, message: &Message<'_>) {
        let Some(hello) = ServerHello::parse(message.body) else {
            return self.negotiation.damage();
        };
        if hello.agreed_version() == ProtocolVersion::TLS13 && !hello.is_hello_retry_request() {
            // Everything behind the hellos is protected (RFC 8446 §5.2).
            self.protection = PerRole::new(|_| Protection::Opaque);
            self.facts.resumed = hello.agrees(PRE_SHARED_KEY).then_some(Resumption::Psk);
        }
        self.negotiation.server_hello = Some(hello.clone());
        self.facts.server_hello = Some(hello);
    }

    fn on_key_exchange(&mut self, message: &Message<'_>) {
        self.facts.client_key_exchange_at = Some(message.at);
        let search = Search {
            ring: &self.ring,
            server: self.server,
            certificate: self.facts.certificates.first(),
        };
        let found = self.negotiation.exchange_keys(message.body, &search);
        if found != KeySearch::NotTried {
            self.facts.keys = found;
        }
    }

    fn on_finished(&mut self, from: Role, message: &Message<'_>) {
        self.facts.finished_at[from] = Some(message.at);
        self.facts.finished_verified[from] = self.negotiation.verify_finished(from, message.body);
        self.negotiation.finished[from] = true;
    }
}

fn note_hole(holes: &mut Holes, gap: Gap, at: Moment) {
    match gap.cause {
        GapCause::Lost => holes.lost += gap.bytes,
        GapCause::SnapLength => holes.cut += gap.bytes,
    }
    holes.first.get_or_insert(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_tls_from_smtp_by_the_first_bytes() {
        assert!(looks_like_tls(&[22, 3, 1, 0, 200]));
        assert!(looks_like_tls(&[0x80, 46, 1, 3, 1]));
        for line in [&b"220 mail.example.com"[..], b"EHLO x\r\n", b"\r\n", b""] {
            assert!(!looks_like_tls(line));
        }
    }
}
