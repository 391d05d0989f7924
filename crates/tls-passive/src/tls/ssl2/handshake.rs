//! What each message of SSL 2.0 does.

use super::Ssl2;
use super::message::{
    CLIENT_CERTIFICATE, CLIENT_FINISHED, CLIENT_MASTER_KEY, ERROR, MasterKey, REQUEST_CERTIFICATE,
    SERVER_FINISHED, SERVER_HELLO, SERVER_VERIFY, ServerHello,
};
use crate::moment::Moment;
use crate::role::Role;
use crate::tls::TlsEvent;
use crate::tls::certificate::Certificate;
use crate::tls::decrypt::{Handle, Ssl2Session, open_master_key};
use crate::tls::facts::{KeySearch, Origin, Resumption, Secret};
use crate::tls::handshake::HandshakeType;
use crate::tls::hello;
use crate::tls::machine::{Out, Tls};
use crate::tls::names::ProtocolVersion;
use crate::tls::negotiation::find_key;

/// What an ERROR says, by the description of TLS that says the same (§2.8): there is no cipher,
/// no certificate, a bad one, or one of a type that is not known.
const ERRORS: [(u16, u8); 4] = [(1, 40), (2, 41), (4, 42), (6, 43)];

/// Every error but NO-CERTIFICATE ends the connection (§2.8).
const NO_CERTIFICATE: u16 = 2;

/// The description of TLS for any other error: illegal_parameter.
const OTHER_ERROR: u8 = 47;

impl Tls {
    /// A message in clear.
    pub(super) fn on_ssl2_message(
        &mut self,
        ssl2: &mut Ssl2,
        from: Role,
        message: &[u8],
        at: Moment,
        out: &mut Out<'_>,
    ) {
        match (from, message.first()) {
            (_, Some(&ERROR)) => self.on_ssl2_error(from, message, false, at, out),
            (Role::Server, Some(&SERVER_HELLO)) => {
                self.on_ssl2_server_hello(ssl2, message, at, out)
            }
            (Role::Client, Some(&CLIENT_MASTER_KEY)) => {
                self.on_ssl2_master_key(ssl2, message, at, out);
            }
            _ => {}
        }
    }

    fn on_ssl2_error(
        &mut self,
        from: Role,
        message: &[u8],
        encrypted: bool,
        at: Moment,
        out: &mut Out<'_>,
    ) {
        let Some(&[high, low]) = message.get(1..3) else { return };
        let code = u16::from_be_bytes([high, low]);
        let row = ERRORS.iter().find(|row| row.0 == code);
        let level = if code == NO_CERTIFICATE { 1 } else { 2 };
        let content = [level, row.map_or(OTHER_ERROR, |row| row.1)];
        self.on_alert(from, Some(&content), encrypted, at, out);
    }

    fn on_ssl2_server_hello(
        &mut self,
        ssl2: &mut Ssl2,
        message: &[u8],
        at: Moment,
        out: &mut Out<'_>,
    ) {
        ssl2.is_protected.server = true;
        out(TlsEvent::Message(Role::Server, HandshakeType::SERVER_HELLO, at));
        let Some(hello) = ServerHello::parse(message) else { return };
        let session_id = if hello.is_hit { ssl2.offer.session_id.clone() } else { Vec::new() };
        self.facts.server_hello = Some(hello::ServerHello {
            version: ProtocolVersion::SSL2,
            session_id,
            ..hello::ServerHello::default()
        });
        if !hello.certificate.is_empty() {
            self.facts.certificates = Certificate::parse(&hello.certificate).into_iter().collect();
            self.facts.certificate_at = Some(at);
            out(TlsEvent::Message(Role::Server, HandshakeType::CERTIFICATE, at));
        }
        let is_hit = hello.is_hit;
        ssl2.server_hello = Some(hello);
        if is_hit {
            self.resume_ssl2(ssl2, at);
        }
    }

    /// The server knows the session that the client named: both go on with its master key.
    fn resume_ssl2(&mut self, ssl2: &mut Ssl2, at: Moment) {
        ssl2.is_protected.client = true;
        self.facts.resumed = Some(Resumption::SessionId);
        let handle = Handle::Ssl2SessionId(&ssl2.offer.session_id);
        let Some((master, secret, origin)) = self.keys.store.recall(handle, at.frame) else {
            return;
        };
        if let Some(session) = Ssl2Session::from_master_secret(&master) {
            self.begin_ssl2(ssl2, session, Secret::resumed(secret, origin));
        }
    }

    fn on_ssl2_master_key(
        &mut self,
        ssl2: &mut Ssl2,
        message: &[u8],
        at: Moment,
        out: &mut Out<'_>,
    ) {
        ssl2.is_protected.client = true;
        self.facts.client_key_exchange_at = Some(at);
        out(TlsEvent::Message(Role::Client, HandshakeType::CLIENT_KEY_EXCHANGE, at));
        let Some(sent) = MasterKey::parse(message) else { return };
        self.facts.ssl2_kind = Some(sent.kind);
        if sent.kind.suite().is_none() {
            self.facts.keys = KeySearch::UnsupportedSuite;
            return;
        }
        let opened = self.search(at, |search| {
            let key = |id| search.ring.key(id);
            find_key(search, |id| open_master_key(key(id), sent.kind, sent.clear, sent.encrypted))
        });
        match opened {
            Ok((key, master)) => {
                let session = Ssl2Session::new(sent.kind, master, sent.key_arg);
                self.begin_ssl2(ssl2, session, Secret::RsaKey(key));
            }
            Err(failed) => self.facts.keys = failed,
        }
        // No key log has lines for SSL 2.0.
        self.facts.log_without_line = false;
    }

    fn begin_ssl2(&mut self, ssl2: &mut Ssl2, session: Ssl2Session, secret: Secret) {
        let Some(hello) = ssl2.server_hello.as_ref().filter(|_| !ssl2.offer.is_lost()) else {
            return;
        };
        self.facts.ssl2_kind = Some(session.kind);
        match session.ciphers(&ssl2.offer.challenge, &hello.connection_id) {
            Ok(ciphers) => {
                ssl2.ciphers = ciphers;
                ssl2.session = Some(session);
                self.facts.keys = KeySearch::Opened(secret);
            }
            Err(_) => self.facts.keys = KeySearch::UnsupportedSuite,
        }
    }

    /// The content of a record that was opened: a message of the handshake, or application data.
    pub(super) fn on_ssl2_opened(
        &mut self,
        ssl2: &Ssl2,
        from: Role,
        content: &[u8],
        at: Moment,
        out: &mut Out<'_>,
    ) {
        let is_finished = self.facts.finished_at[from].is_some();
        let owes_certificate =
            self.facts.client_certificate_requested && !self.facts.client_certificate_sent;
        match (from, content.split_first(), is_finished) {
            (_, Some((&ERROR, _)), false) => self.on_ssl2_error(from, content, true, at, out),
            (Role::Client, Some((&ERROR, _)), true) if owes_certificate && content.len() == 3 => {
                self.on_ssl2_error(from, content, true, at, out);
            }
            (Role::Client, Some((&CLIENT_CERTIFICATE, _)), true) if owes_certificate => {
                self.facts.client_certificate_sent = true;
                out(TlsEvent::Message(from, HandshakeType::CERTIFICATE, at));
            }
            (Role::Client, Some((&CLIENT_FINISHED, id)), false) => {
                let hello = ssl2.server_hello.as_ref();
                let is_right = hello.is_some_and(|hello| hello.connection_id == id);
                self.facts.finished_verified.client = Some(is_right);
                self.finish_ssl2(from, at, out);
            }
            // It is the server's proof: only with the right key can it send the challenge back.
            (Role::Server, Some((&SERVER_VERIFY, challenge)), false) => {
                self.facts.finished_verified.server = Some(challenge == ssl2.offer.challenge);
            }
            (Role::Server, Some((&REQUEST_CERTIFICATE, _)), false) => {
                self.facts.client_certificate_requested = true;
                out(TlsEvent::Message(from, HandshakeType::CERTIFICATE_REQUEST, at));
            }
            (Role::Server, Some((&SERVER_FINISHED, session_id)), false) => {
                self.remember_ssl2(ssl2, session_id, at);
                self.finish_ssl2(from, at, out);
            }
            (_, _, true) => self.on_application_data(from, content, at.into(), out),
            (_, _, false) => {}
        }
    }

    fn finish_ssl2(&mut self, from: Role, at: Moment, out: &mut Out<'_>) {
        self.note_ssl2_finished(from, at);
        out(TlsEvent::Message(from, HandshakeType::FINISHED, at));
    }

    pub(super) fn note_ssl2_finished(&mut self, from: Role, at: Moment) {
        self.facts.finished_at[from] = Some(at);
        self.negotiation.finished[from] = true;
    }

    /// Remembers the session under the ID that the server gives out for it.
    fn remember_ssl2(&mut self, ssl2: &Ssl2, session_id: &[u8], at: Moment) {
        let KeySearch::Opened(secret) = self.facts.keys else { return };
        let master = ssl2.session.as_ref().and_then(Ssl2Session::to_master_secret);
        let Some(master) = master.filter(|_| !session_id.is_empty()) else { return };
        let (secret, origin) = match secret {
            Secret::Resumed { by, origin } => (by.secret(), origin),
            secret => {
                let began = self.facts.client_hello_at.unwrap_or_default();
                (secret, Origin { client: Some(self.ends[0]), began, known_since: 0 })
            }
        };
        let origin = Origin { known_since: at.frame, ..origin };
        self.keys.store.remember(Handle::Ssl2SessionId(session_id), &master, secret, origin);
    }
}
