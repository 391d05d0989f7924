//! The TLS layer of a session in the report.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::hex;
use super::session::Endpoint;
use super::verdict::Decryption;
use crate::moment::{Moment, Timestamp};
use crate::role::Role;
use crate::tls::HandshakeType;
use crate::tls::TlsFacts;
use crate::tls::certificate::Certificate;
use crate::tls::facts::{KeySearch, Resumption, Secret};
use crate::tls::fingerprint::{ja3, ja3s, ja4};
use crate::tls::hello::{ClientHello, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, ServerHello};
use crate::tls::suite::Suite;

/// The TLS layer of a session.
#[derive(Clone, Debug, Serialize)]
pub struct TlsReport {
    /// `starttls` or `implicit`.
    pub mode: &'static str,
    /// The version agreed on.
    pub version: Option<String>,
    /// IANA's name of the suite agreed on, or its number.
    pub cipher_suite: Option<String>,
    /// Its code point: `0x009C`, or `0x010080` in SSL 2.0.
    pub cipher_suite_id: Option<String>,
    /// OpenSSL's name of it.
    pub cipher_suite_openssl: Option<&'static str>,
    /// How the premaster secret came about.
    pub key_exchange: Option<&'static str>,
    /// What the client offered.
    pub client_hello: Option<ClientHelloReport>,
    /// What the server chose.
    pub server_hello: Option<ServerHelloReport>,
    /// The server's certificates.
    pub certificates: Vec<CertificateReport>,
    /// How the session was resumed.
    pub resumed: Option<&'static str>,
    /// What was resumed, and where it began.
    pub resumption: Option<ResumptionReport>,
    /// The first eight bytes of the SHA-256 of the ticket that the server gave out, in hex: later
    /// sessions that resume this one have it as `resumption.handle`. Null in TLS 1.3.
    pub new_ticket: Option<String>,
    /// RFC 7627 was agreed on.
    pub extended_master_secret: bool,
    /// RFC 7366 was agreed on.
    pub encrypt_then_mac: bool,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// The client sent one.
    pub client_certificate_sent: bool,
    /// Handshakes after the first.
    pub renegotiations: u32,
    /// The alerts, those that could be read and those that could not.
    pub alerts: Vec<AlertReport>,
    /// Whether both sides finished the handshake.
    pub handshake_complete: bool,
    /// Whether it was opened, and if not, why.
    pub decryption: Decryption,
    /// Whether application data was seen, opened or not.
    #[serde(skip)]
    pub has_application_data: bool,
    /// The row of the suite agreed on.
    #[serde(skip)]
    pub suite: Option<&'static Suite>,
}

/// What a client offered.
#[derive(Clone, Debug, Serialize)]
pub struct ClientHelloReport {
    /// The version field.
    pub version: String,
    /// The host name asked for.
    pub server_name: Option<String>,
    /// IANA names of the suites, in order; kinds of SSL 2.0 behind them.
    pub cipher_suites: Vec<String>,
    /// Their code points.
    pub cipher_suite_ids: Vec<String>,
    /// Names of the extensions, in order.
    pub extensions: Vec<String>,
    /// Names of the groups.
    pub groups: Vec<String>,
    /// Names of the signature schemes.
    pub signature_algorithms: Vec<String>,
    /// ALPN protocols.
    pub alpn: Vec<String>,
    /// Versions offered in the extension.
    pub supported_versions: Vec<String>,
    /// The 32 random bytes by which key logs name the session, in hex.
    pub random: String,
    /// In hex.
    pub session_id: String,
    /// It came in SSL 2.0 format.
    pub ssl2_format: bool,
    /// JA3 fingerprint.
    pub ja3: String,
    /// JA4 fingerprint.
    pub ja4: String,
}

/// What a server chose.
#[derive(Clone, Debug, Serialize)]
pub struct ServerHelloReport {
    /// Names of the extensions, in order.
    pub extensions: Vec<String>,
    /// In hex.
    pub session_id: String,
    /// JA3S fingerprint.
    pub ja3s: String,
}

/// The session that was resumed.
#[derive(Clone, Debug, Serialize)]
pub struct ResumptionReport {
    /// What names it: a session ID in hex, or the first eight bytes of a ticket's SHA-256. Null for
    /// a pre-shared key of TLS 1.3.
    pub handle: Option<String>,
    /// It was made before this frame.
    pub before_frame: u64,
    /// Where it began, if the capture has it and it was opened.
    pub origin: Option<OriginReport>,
}

/// Where a session began that a later one resumes.
#[derive(Clone, Debug, Serialize)]
pub struct OriginReport {
    /// Its client.
    pub client: Option<Endpoint>,
    /// The frame of its ClientHello.
    pub frame: u64,
}

impl ResumptionReport {
    pub(super) fn new(facts: &TlsFacts) -> Option<Self> {
        let resumption = facts.resumed?;
        let origin = match facts.keys {
            KeySearch::Opened(Secret::Resumed { origin, .. }) => Some(OriginReport {
                client: origin.client.map(Endpoint),
                frame: origin.began.frame,
            }),
            _ => None,
        };
        let before_frame = facts.client_hello_at.unwrap_or_default().frame;
        Some(Self { handle: handle_of(facts, resumption), before_frame, origin })
    }
}

fn handle_of(facts: &TlsFacts, resumption: Resumption) -> Option<String> {
    match resumption {
        Resumption::SessionId => Some(hex(&facts.server_hello.as_ref()?.session_id)),
        Resumption::Ticket => ticket_handle(facts.client_hello.as_ref()?.session_ticket.as_ref()?),
        Resumption::Psk => None,
    }
}

/// Tickets of one server begin alike, with the name of its key (RFC 5077 §4): a hash tells them
/// apart.
fn ticket_handle(ticket: &[u8]) -> Option<String> {
    Some(hex(Sha256::digest(ticket).first_chunk::<8>()?))
}

/// A certificate.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "as in `tls::certificate::Certificate`")]
pub struct CertificateReport {
    pub subject: String,
    pub issuer: String,
    pub subject_alt_names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub serial: String,
    pub key_algorithm: String,
    pub key_bits: u32,
    pub sha256: String,
    pub spki_sha256: String,
    pub signature_algorithm: String,
    pub is_ca: Option<bool>,
    pub path_length: Option<u32>,
    pub key_usage: Vec<&'static str>,
    pub extended_key_usage: Vec<String>,
}

/// An alert.
#[derive(Clone, Debug, Serialize)]
pub struct AlertReport {
    /// Who sent it.
    pub from: Role,
    /// `warning`, `fatal`; null if it could not be read.
    pub level: Option<&'static str>,
    /// Its name; null if it could not be read.
    pub description: Option<String>,
    /// Whether it came under protection.
    pub encrypted: bool,
    /// Its frame.
    pub frame: u64,
    /// Since the session's start, in ns.
    pub t_ns: i64,
}

impl TlsReport {
    /// The report of `facts`. `start` is the session's first packet.
    #[must_use]
    pub fn new(
        facts: &TlsFacts,
        implicit: bool,
        start: Moment,
        is_established: bool,
        decryption: Decryption,
    ) -> Self {
        let suite = facts.suite();
        let server_hello = facts.server_hello.as_ref();
        let agrees = |extension| server_hello.is_some_and(|hello| hello.agrees(extension));
        Self {
            mode: if implicit { "implicit" } else { "starttls" },
            version: facts.version().map(|version| version.to_string()),
            cipher_suite: facts.suite_name(),
            cipher_suite_id: facts.suite_code(),
            cipher_suite_openssl: suite.and_then(Suite::openssl),
            key_exchange: suite.map(|suite| suite.key_exchange.name()),
            client_hello: facts.client_hello.as_ref().map(ClientHelloReport::new),
            server_hello: server_hello.map(ServerHelloReport::new),
            certificates: facts.certificates.iter().map(CertificateReport::new).collect(),
            resumed: facts.resumed.map(|resumption| match resumption {
                Resumption::SessionId => "session_id",
                Resumption::Ticket => "ticket",
                Resumption::Psk => "psk",
            }),
            resumption: ResumptionReport::new(facts),
            new_ticket: facts
                .new_ticket
                .as_deref()
                .filter(|t| !t.is_empty())
                .and_then(ticket_handle),
            extended_master_secret: agrees(EXTENDED_MASTER_SECRET),
            encrypt_then_mac: agrees(ENCRYPT_THEN_MAC),
            client_certificate_requested: facts.client_certificate_requested,
            client_certificate_sent: facts.client_certificate_sent,
            renegotiations: facts.renegotiations,
            alerts: facts.alerts.iter().map(|alert| AlertReport::new(alert, start)).collect(),
            handshake_complete: is_established,
            decryption,
            has_application_data: Role::BOTH
                .iter()
                .any(|&role| facts.first_application_data[role].is_some()),
            suite,
        }
    }
}

impl TlsReport {
    /// Whether there is anything to decrypt: the handshake came to its end, or protected records
    /// flow all the same.
    #[must_use]
    pub fn handshake_complete_or_data(&self, protected_records: u64) -> bool {
        self.handshake_complete || protected_records > 2
    }
}

impl TlsReport {
    /// Whether there is anything to decrypt: application data flows.
    #[must_use]
    pub fn carries_data(&self) -> bool {
        self.has_application_data
    }
}

/// `tls.resumed` and `tls.resumption.handle`: what names a session to those that resume it.
pub(super) type Handle = (&'static str, String);

impl TlsReport {
    /// What later sessions name to resume this one.
    pub(super) fn gives_out(&self) -> impl Iterator<Item = Handle> {
        // A session that takes up an ID gives out the same, and in TLS 1.3 it only echoes
        // (RFC 8446 §4.1.3).
        let is_echo = self.resumed.is_some() || self.version.as_deref() == Some("TLSv1.3");
        let id = self.server_hello.as_ref().map(|hello| hello.session_id.clone());
        let id = id.filter(|id| !id.is_empty() && !is_echo).map(|id| ("session_id", id));
        id.into_iter().chain(self.new_ticket.clone().map(|ticket| ("ticket", ticket)))
    }

    /// What this session names to resume an earlier one.
    pub(super) fn takes_up(&self) -> Option<Handle> {
        let handle = self.resumption.as_ref()?.handle.clone()?;
        Some((self.resumed?, handle))
    }
}

impl ClientHelloReport {
    fn new(hello: &ClientHello) -> Self {
        Self {
            version: hello.version.to_string(),
            server_name: hello.server_name.clone(),
            cipher_suites: [names(&hello.cipher_suites), names(&hello.ssl2_kinds)].concat(),
            cipher_suite_ids: suite_codes(hello),
            extensions: names(&hello.extensions),
            groups: names(&hello.groups),
            signature_algorithms: names(&hello.signature_algorithms),
            alpn: hello.alpn.iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect(),
            supported_versions: names(&hello.supported_versions),
            random: hex(&hello.random),
            session_id: hex(&hello.session_id),
            ssl2_format: hello.ssl2_format,
            ja3: ja3(hello),
            ja4: ja4(hello),
        }
    }
}

impl ServerHelloReport {
    fn new(hello: &ServerHello) -> Self {
        Self {
            extensions: names(&hello.extensions),
            session_id: hex(&hello.session_id),
            ja3s: ja3s(hello),
        }
    }
}

impl CertificateReport {
    fn new(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            subject_alt_names: certificate.subject_alt_names.clone(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            serial: certificate.serial.clone(),
            key_algorithm: certificate.key_algorithm.clone(),
            key_bits: certificate.key_bits,
            sha256: hex(&certificate.sha256),
            spki_sha256: hex(&certificate.spki_sha256),
            signature_algorithm: certificate.signature_algorithm.clone(),
            is_ca: certificate.is_ca,
            path_length: certificate.path_length,
            key_usage: certificate.key_usage.clone(),
            extended_key_usage: certificate.extended_key_usage.clone(),
        }
    }
}

impl AlertReport {
    fn new(alert: &crate::tls::Alert, start: Moment) -> Self {
        Self {
            from: alert.from,
            level: alert.level.map(level_name),
            description: alert.description.map(|description| description.to_string()),
            encrypted: alert.encrypted,
            frame: alert.at.frame,
            t_ns: alert.at.ts - start.ts,
        }
    }
}

fn suite_codes(hello: &ClientHello) -> Vec<String> {
    let suites = hello.cipher_suites.iter().map(|id| format!("0x{:04X}", id.0));
    suites.chain(hello.ssl2_kinds.iter().map(|kind| kind.hex())).collect()
}

/// The name of an alert level (RFC 5246 §7.2).
pub(super) fn level_name(level: u8) -> &'static str {
    match level {
        1 => "warning",
        2 => "fatal",
        _ => "unknown",
    }
}

fn names<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

/// The contract's name of a handshake message; None for those that it has no name for.
pub(super) fn message_name(from: Role, kind: HandshakeType) -> Option<&'static str> {
    Some(match (from, kind) {
        (_, HandshakeType::CLIENT_HELLO) => "tls.client_hello",
        (_, HandshakeType::SERVER_HELLO) => "tls.server_hello",
        (Role::Server, HandshakeType::CERTIFICATE) => "tls.certificate",
        (Role::Client, HandshakeType::CERTIFICATE) => "tls.client_certificate",
        (_, HandshakeType::SERVER_KEY_EXCHANGE) => "tls.server_key_exchange",
        (_, HandshakeType::CERTIFICATE_REQUEST) => "tls.certificate_request",
        (_, HandshakeType::SERVER_HELLO_DONE) => "tls.server_hello_done",
        (_, HandshakeType::CLIENT_KEY_EXCHANGE) => "tls.client_key_exchange",
        (_, HandshakeType::CERTIFICATE_VERIFY) => "tls.certificate_verify",
        (_, HandshakeType::FINISHED) => "tls.finished",
        (_, HandshakeType::NEW_SESSION_TICKET) => "tls.new_session_ticket",
        _ => return None,
    })
}
