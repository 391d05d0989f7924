//! What happened in a session, by time.

use serde::Serialize;

use crate::moment::Moment;
use crate::role::Role;

/// The layer that an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
    /// SMTP or LMTP.
    Smtp,
}

macro_rules! events {
    ($($(#[$doc:meta])* $layer:ident $variant:ident $name:literal),* $(,)?) => {
        /// What can happen in a session; the names are the contract's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[non_exhaustive]
        pub enum TimelineEvent {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl TimelineEvent {
            /// The name in the report: layer, dot, event.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The layer in which it happened.
            #[must_use]
            pub const fn layer(self) -> Layer {
                match self { $(Self::$variant => Layer::$layer,)* }
            }
        }
    };
}

events! {
    /// The client asked for a connection.
    Tcp TcpSyn "tcp.syn",
    /// The server took it.
    Tcp TcpSynAck "tcp.syn_ack",
    /// The client's ACK that ends TCP's handshake.
    Tcp TcpEstablished "tcp.established",
    /// A side closed its direction.
    Tcp TcpFin "tcp.fin",
    /// A side reset the connection.
    Tcp TcpRst "tcp.rst",
    /// Bytes are not in the capture.
    Tcp TcpGap "tcp.gap",
    /// A side sent bytes again.
    Tcp TcpRetransmission "tcp.retransmission",
    /// ClientHello.
    Tls TlsClientHello "tls.client_hello",
    /// HelloRetryRequest (RFC 8446 §4.1.4).
    Tls TlsHelloRetryRequest "tls.hello_retry_request",
    /// ServerHello.
    Tls TlsServerHello "tls.server_hello",
    /// The server's Certificate.
    Tls TlsCertificate "tls.certificate",
    /// The client's Certificate.
    Tls TlsClientCertificate "tls.client_certificate",
    /// ServerKeyExchange.
    Tls TlsServerKeyExchange "tls.server_key_exchange",
    /// CertificateRequest.
    Tls TlsCertificateRequest "tls.certificate_request",
    /// ServerHelloDone.
    Tls TlsServerHelloDone "tls.server_hello_done",
    /// ClientKeyExchange.
    Tls TlsClientKeyExchange "tls.client_key_exchange",
    /// CertificateVerify.
    Tls TlsCertificateVerify "tls.certificate_verify",
    /// ChangeCipherSpec.
    Tls TlsChangeCipherSpec "tls.change_cipher_spec",
    /// Finished, read or encrypted.
    Tls TlsFinished "tls.finished",
    /// NewSessionTicket.
    Tls TlsNewSessionTicket "tls.new_session_ticket",
    /// The first record of a side that may hold a handshake message or data.
    Tls TlsFirstProtectedRecord "tls.first_protected_record",
    /// The first record of application data of a side.
    Tls TlsFirstApplicationData "tls.first_application_data",
    /// An alert other than close_notify, or one that cannot be read.
    Tls TlsAlert "tls.alert",
    /// close_notify.
    Tls TlsCloseNotify "tls.close_notify",
    /// The server's greeting.
    Smtp SmtpGreeting "smtp.greeting",
    /// A command other than STARTTLS.
    Smtp SmtpCommand "smtp.command",
    /// A reply to one.
    Smtp SmtpReply "smtp.reply",
    /// STARTTLS.
    Smtp SmtpStarttls "smtp.starttls",
    /// The reply to STARTTLS.
    Smtp SmtpStarttlsReply "smtp.starttls_reply",
    /// The first byte of a message's body.
    Smtp SmtpDataStart "smtp.data_start",
    /// The last byte of a message's body.
    Smtp SmtpDataEnd "smtp.data_end",
}

impl TimelineEvent {
    /// The RFCs' name of the handshake message, if it is one.
    #[must_use]
    pub const fn handshake_message(self) -> Option<&'static str> {
        Some(match self {
            Self::TlsClientHello => "ClientHello",
            Self::TlsHelloRetryRequest => "HelloRetryRequest",
            Self::TlsServerHello => "ServerHello",
            Self::TlsCertificate | Self::TlsClientCertificate => "Certificate",
            Self::TlsServerKeyExchange => "ServerKeyExchange",
            Self::TlsCertificateRequest => "CertificateRequest",
            Self::TlsServerHelloDone => "ServerHelloDone",
            Self::TlsClientKeyExchange => "ClientKeyExchange",
            Self::TlsCertificateVerify => "CertificateVerify",
            Self::TlsChangeCipherSpec => "ChangeCipherSpec",
            Self::TlsFinished => "Finished",
            Self::TlsNewSessionTicket => "NewSessionTicket",
            _ => return None,
        })
    }
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TimelineEntry {
    /// What it is.
    pub event: TimelineEvent,
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
