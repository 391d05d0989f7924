//! The facts of the TLS layer become its report.

use std::sync::Arc;

use crate::hex::hex;
use crate::judge::handle::{handle_of, ticket_handle};
use crate::moment::Moment;
use crate::report::decryption::Decryption;
use crate::report::endpoint::Endpoint;
use crate::report::timeline::TimelineEvent;
use crate::report::tls::{
    AlertLevel, AlertReport, CertificateReport, ClientHelloReport, OriginReport, ResumptionMethod,
    ResumptionReport, ServerHelloReport, TlsMode, TlsReport,
};
use crate::role::Role;
use crate::tls::HandshakeType;
use crate::tls::TlsFacts;
use crate::tls::certificate::Certificate;
use crate::tls::facts::{KeySearch, Resumption, Secret};
use crate::tls::fingerprint::{ja3, ja3s, ja4};
use crate::tls::hello::{ClientHello, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, ServerHello};
use crate::tls::suite::Suite;

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
            mode: if implicit { TlsMode::Implicit } else { TlsMode::Starttls },
            version: facts.version().map(|version| version.to_string()),
            cipher_suite: facts.suite_name(),
            cipher_suite_id: facts.suite_code(),
            cipher_suite_openssl: suite.and_then(Suite::openssl),
            key_exchange: suite.map(|suite| suite.key_exchange.name()),
            client_hello: facts.client_hello.as_ref().map(ClientHelloReport::new),
            server_hello: server_hello.map(ServerHelloReport::new),
            group: facts.group.map(|group| group.to_string()),
            alpn: facts.alpn.as_deref().map(|name| String::from_utf8_lossy(name).into_owned()),
            certificates: facts.certificates.iter().map(CertificateReport::new).collect(),
            client_certificates: facts
                .client_certificates
                .iter()
                .map(CertificateReport::new)
                .collect(),
            timestamps: facts.timestamps + facts.certificates.first().map_or(0, |c| c.timestamps),
            validation: None,
            client_validation: None,
            staple: facts.ocsp_staple.clone().unwrap_or_default(),
            resumed: facts.resumed.map(|resumption| match resumption {
                Resumption::SessionId => ResumptionMethod::SessionId,
                Resumption::Ticket => ResumptionMethod::Ticket,
                Resumption::Psk => ResumptionMethod::Psk,
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

impl ResumptionReport {
    fn new(facts: &TlsFacts) -> Option<Self> {
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
            subject_key_id: certificate.subject_key_id.as_deref().map(hex),
            authority_key_id: certificate.authority_key_id.as_deref().map(hex),
            der: Arc::clone(&certificate.der),
        }
    }
}

impl AlertReport {
    fn new(alert: &crate::tls::Alert, start: Moment) -> Self {
        Self {
            from: alert.from,
            level: alert.level.map(AlertLevel::from),
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

fn names<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

/// The event of a handshake message; None for those that the contract does not name.
pub(super) fn event_of(from: Role, kind: HandshakeType) -> Option<TimelineEvent> {
    Some(match (from, kind) {
        (_, HandshakeType::CLIENT_HELLO) => TimelineEvent::TlsClientHello,
        (_, HandshakeType::SERVER_HELLO) => TimelineEvent::TlsServerHello,
        (Role::Server, HandshakeType::CERTIFICATE) => TimelineEvent::TlsCertificate,
        (Role::Client, HandshakeType::CERTIFICATE) => TimelineEvent::TlsClientCertificate,
        (_, HandshakeType::SERVER_KEY_EXCHANGE) => TimelineEvent::TlsServerKeyExchange,
        (_, HandshakeType::CERTIFICATE_REQUEST) => TimelineEvent::TlsCertificateRequest,
        (_, HandshakeType::SERVER_HELLO_DONE) => TimelineEvent::TlsServerHelloDone,
        (_, HandshakeType::CLIENT_KEY_EXCHANGE) => TimelineEvent::TlsClientKeyExchange,
        (_, HandshakeType::CERTIFICATE_VERIFY) => TimelineEvent::TlsCertificateVerify,
        (_, HandshakeType::FINISHED) => TimelineEvent::TlsFinished,
        (_, HandshakeType::NEW_SESSION_TICKET) => TimelineEvent::TlsNewSessionTicket,
        _ => return None,
    })
}
