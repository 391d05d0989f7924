//! The TLS layer of a session in the report.

use std::sync::Arc;

use serde::Serialize;

use super::decryption::Decryption;
use super::endpoint::Endpoint;
use super::named::named;
use super::validation::Validation;
use crate::moment::Timestamp;
use crate::role::Role;
use crate::tls::suite::Suite;

named! {
    /// How TLS began.
    TlsMode {
        /// After STARTTLS (RFC 3207).
        Starttls "starttls",
        /// At once (RFC 8314 §3).
        Implicit "implicit",
    }
}

named! {
    /// How a session was resumed.
    ResumptionMethod {
        /// By its session ID (RFC 5246 §7.3).
        SessionId "session_id",
        /// By a ticket (RFC 5077).
        Ticket "ticket",
        /// By a pre-shared key of TLS 1.3 (RFC 8446 §2.2).
        Psk "psk",
    }
}

named! {
    /// The level of an alert (RFC 5246 §7.2).
    AlertLevel {
        /// Warning, 1.
        Warning "warning",
        /// Fatal, 2.
        Fatal "fatal",
        /// Another number.
        Unknown "unknown",
    }
}

impl From<u8> for AlertLevel {
    fn from(level: u8) -> Self {
        match level {
            1 => Self::Warning,
            2 => Self::Fatal,
            _ => Self::Unknown,
        }
    }
}

/// The TLS layer of a session.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TlsReport {
    /// How TLS began.
    pub mode: TlsMode,
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
    /// The group of the key exchange: `x25519`, `X25519MLKEM768` (post-quantum hybrid).
    pub group: Option<String>,
    /// The application protocol that the server chose (ALPN).
    pub alpn: Option<String>,
    /// The server's certificates.
    pub certificates: Vec<CertificateReport>,
    /// The client's certificates.
    pub client_certificates: Vec<CertificateReport>,
    /// Signed certificate timestamps (Certificate Transparency): of the server's own certificate and
    /// beside it.
    pub timestamps: usize,
    /// Whether the server's chain holds; null if no certificate was read.
    pub validation: Option<Validation>,
    /// Whether the client's chain holds.
    pub client_validation: Option<Validation>,
    /// How the session was resumed.
    pub resumed: Option<ResumptionMethod>,
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
    /// The OCSP response that the server sent, in DER, until it was judged.
    #[serde(skip)]
    pub staple: Vec<u8>,
    /// The row of the suite agreed on.
    #[serde(skip)]
    pub suite: Option<&'static Suite>,
}

/// What a client offered.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
pub struct OriginReport {
    /// Its client.
    pub client: Option<Endpoint>,
    /// The frame of its ClientHello.
    pub frame: u64,
}

/// A certificate.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "as in `tls::certificate::Certificate`")]
#[non_exhaustive]
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
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    /// All of it, in DER, until it was judged.
    #[serde(skip)]
    pub der: Arc<[u8]>,
}

impl CertificateReport {
    /// Lets go of the bytes, which only the judgement needs.
    pub(crate) fn forget_der(&mut self) {
        self.der = Arc::default();
    }
}

/// An alert.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AlertReport {
    /// Who sent it.
    pub from: Role,
    /// Null if it could not be read.
    pub level: Option<AlertLevel>,
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
    /// Whether there is anything to decrypt: the handshake came to its end, or protected records
    /// flow all the same.
    #[must_use]
    pub fn handshake_complete_or_data(&self, protected_records: u64) -> bool {
        self.handshake_complete || protected_records > 2
    }

    /// Whether there is anything to decrypt: application data flows.
    #[must_use]
    pub fn carries_data(&self) -> bool {
        self.has_application_data
    }
}
