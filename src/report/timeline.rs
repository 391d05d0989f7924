//! What happened in a session, by time.

use serde::Serialize;

use crate::moment::Moment;
use crate::role::Role;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TimelineEntry {
    /// Its name, from the contract's list.
    pub event: &'static str,
    /// Who did it.
    pub from: Option<Role>,
    /// The frame of its last byte.
    pub frame: u64,
    /// Since the session's first packet, in ns.
    pub t_ns: i64,
    /// What more there is to say.
    pub detail: Option<String>,
    /// The instant itself.
    #[serde(skip)]
    pub at: Moment,
}

/// The RFCs' name of the handshake message that a timeline event tells of, if it is one.
#[must_use]
pub fn handshake_message(event: &str) -> Option<&'static str> {
    Some(match event {
        "tls.client_hello" => "ClientHello",
        "tls.hello_retry_request" => "HelloRetryRequest",
        "tls.server_hello" => "ServerHello",
        "tls.certificate" | "tls.client_certificate" => "Certificate",
        "tls.server_key_exchange" => "ServerKeyExchange",
        "tls.certificate_request" => "CertificateRequest",
        "tls.server_hello_done" => "ServerHelloDone",
        "tls.client_key_exchange" => "ClientKeyExchange",
        "tls.certificate_verify" => "CertificateVerify",
        "tls.change_cipher_spec" => "ChangeCipherSpec",
        "tls.finished" => "Finished",
        "tls.new_session_ticket" => "NewSessionTicket",
        _ => return None,
    })
}
