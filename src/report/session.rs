//! The model of one session: the shape of `sessions[]` in the report.

use std::net::SocketAddr;

use serde::{Serialize, Serializer};

use super::diagnosis::Diagnosis;
use super::findings::{Finding, Severity};
use super::mail::MailReport;
use super::outcome::Outcome;
use super::timing::Timing;
use super::tls::{ClientHelloReport, TlsReport};
use super::transaction::TransactionReport;
use super::transcript::Transcript;
use super::vantage::Vantage;
use super::verdict::DecryptionStatus;
use crate::moment::{Moment, Timestamp};
use crate::role::{PerRole, Role};
use crate::smtp::Reply;

/// One TCP connection that concerns us.
#[derive(Clone, Debug, Serialize)]
pub struct SessionReport {
    /// 1, 2, 3 … in order of first frame.
    pub id: u64,
    /// The end that opened the connection.
    pub client: Endpoint,
    /// The end that was called.
    pub server: Endpoint,
    /// What it carries.
    pub protocol: Protocol,
    /// Time of the first packet.
    pub start: Timestamp,
    /// From the first packet to the last, in ns.
    pub duration_ns: i64,
    /// Its frames.
    pub frames: FrameSpan,
    /// How it ended for the mail.
    pub outcome: Outcome,
    /// The PROXY protocol header, if there was one.
    pub proxy: Option<ProxyReport>,
    /// What a proxy was asked for ahead of all else, if it was.
    pub tunnel: Option<Tunnel>,
    /// The TCP layer.
    pub tcp: TcpReport,
    /// The TLS layer, if there was one.
    pub tls: Option<TlsReport>,
    /// The dialogue, as far as it was readable.
    pub smtp: Option<SmtpReport>,
    /// What happened, by time.
    pub timeline: Vec<TimelineEntry>,
    /// How long it took.
    pub timing: Timing,
    /// Why it failed, if it did; its cause is the first of the findings.
    pub diagnosis: Option<Diagnosis>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
    /// Its packets and bytes, where a view shows them; no part of the document.
    #[serde(skip)]
    pub transcript: Option<Box<Transcript>>,
}

impl SessionReport {
    /// The source of the key that opened it.
    #[must_use]
    pub fn opened_by(&self) -> Option<&String> {
        self.tls.as_ref()?.decryption.key.as_ref()
    }

    /// Whether anything failed: its outcome says so, or a finding of the severity `error`.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.outcome.is_failure()
            || self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// The suite agreed on, if the table knows it.
    #[must_use]
    pub fn cipher_suite(&self) -> Option<&'static crate::tls::suite::Suite> {
        self.tls.as_ref()?.suite
    }

    /// Whether it carries data that was not opened, or not wholly.
    pub(crate) fn is_closed(&self) -> bool {
        use DecryptionStatus::{None, Partial};
        let is_open = |tls: &TlsReport| !matches!(tls.decryption.status, None | Partial);
        self.tls.as_ref().is_some_and(|tls| tls.carries_data() && !is_open(tls))
    }

    /// What the client offered, if that was captured.
    pub(super) fn client_hello(&self) -> Option<&ClientHelloReport> {
        self.tls.as_ref()?.client_hello.as_ref()
    }

    /// The frame of the first event of this name.
    pub(super) fn frame_of(&self, event: &str) -> Option<u64> {
        self.timeline.iter().find(|entry| entry.event == event).map(|entry| entry.frame)
    }
}

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint(pub SocketAddr);

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            ip: std::net::IpAddr,
            port: u16,
        }
        Shape { ip: self.0.ip(), port: self.0.port() }.serialize(serializer)
    }
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The end that opened it.
    pub client: SocketAddr,
    /// The end that was called.
    pub server: SocketAddr,
}

/// What a session carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Protocol {
    /// SMTP, plain to its end.
    #[serde(rename = "smtp")]
    Smtp,
    /// SMTP that went over to TLS (RFC 3207).
    #[serde(rename = "smtp+starttls")]
    SmtpStartTls,
    /// SMTP inside TLS from the first byte (RFC 8314).
    #[serde(rename = "smtps")]
    Smtps,
    /// LMTP (RFC 2033).
    #[serde(rename = "lmtp")]
    Lmtp,
    /// TLS that carries something else.
    #[serde(rename = "tls")]
    Tls,
    /// Nothing that tells.
    #[serde(rename = "unknown")]
    Unknown,
}

impl Protocol {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::SmtpStartTls => "smtp+starttls",
            Self::Smtps => "smtps",
            Self::Lmtp => "lmtp",
            Self::Tls => "tls",
            Self::Unknown => "unknown",
        }
    }
}

/// The frames of a session.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FrameSpan {
    /// The lowest number.
    pub first: u64,
    /// The highest number.
    pub last: u64,
    /// How many.
    pub count: u64,
}

/// A PROXY protocol header.
#[derive(Clone, Debug, Serialize)]
pub struct ProxyReport {
    /// 1 or 2.
    pub version: u8,
    /// The true client as `ip:port`; null for LOCAL and UNKNOWN.
    pub source: Option<String>,
    /// The address that it called.
    pub destination: Option<String>,
}

/// A connection through a proxy that was asked for by its client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tunnel {
    /// `socks4`, `socks5` or `http_connect`.
    pub protocol: &'static str,
    /// Whom the client asked for, as `host:port`.
    pub target: String,
    /// The port alone.
    #[serde(skip)]
    pub port: u16,
}

/// How a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseKind {
    /// With FIN.
    Fin,
    /// With RST.
    Rst,
    /// Not within the capture.
    None,
}

/// The TCP layer of a session.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TcpReport {
    /// SYN to the ACK that completes the handshake, in ns.
    pub handshake_ns: Option<i64>,
    /// The smallest round trip over the whole path, in ns.
    pub rtt_ns: Option<i64>,
    /// Who closed it.
    pub closed_by: Option<Role>,
    /// How.
    pub close: CloseKind,
    /// Segments sent again, by sender.
    pub retransmissions: PerRole<u64>,
    /// Segments captured after their successors.
    pub out_of_order: PerRole<u64>,
    /// Packets captured twice.
    pub duplicate_packets: PerRole<u64>,
    /// Bytes sent that are not in the capture.
    pub lost_bytes: PerRole<u64>,
    /// Segments that announced a closed window.
    pub zero_windows: PerRole<u64>,
    /// Payload bytes captured, each counted once.
    pub bytes: PerRole<u64>,
    /// Where the capture was taken.
    pub vantage: Vantage,
}

/// The dialogue of a session.
#[derive(Clone, Debug, Serialize)]
pub struct SmtpReport {
    /// The server's first reply.
    pub greeting: Option<GreetingReport>,
    /// The last EHLO, HELO or LHLO.
    pub helo: Option<Helo>,
    /// What the last EHLO reply offered.
    pub extensions: Vec<String>,
    /// How far STARTTLS came.
    pub starttls: &'static str,
    /// The authentication, if one was tried.
    pub auth: Option<AuthReport>,
    /// Commands and replies in order.
    pub exchanges: Vec<ConversationExchange>,
    /// Exchanges beyond those kept.
    pub omitted_exchanges: u64,
    /// The transactions whose message was sent.
    pub mails: Vec<MailReport>,
    /// All transactions: each MAIL, and what became of it.
    pub transactions: Vec<TransactionReport>,
}

/// The server's first reply.
#[derive(Clone, Debug, Serialize)]
pub struct GreetingReport {
    /// Its code.
    pub code: u16,
    /// Its text.
    pub text: String,
}

/// How the client introduced itself.
#[derive(Clone, Debug, Serialize)]
pub struct Helo {
    /// `EHLO`, `HELO` or `LHLO`.
    pub verb: &'static str,
    /// The name it gave.
    pub name: String,
}

/// An authentication.
#[derive(Clone, Debug, Serialize)]
pub struct AuthReport {
    /// The SASL mechanism.
    pub mechanism: String,
    /// The user, where the mechanism tells it.
    pub user: Option<String>,
    /// `accepted`, `rejected` or `unfinished`.
    pub result: &'static str,
}

/// A command and its reply.
#[derive(Clone, Debug, Serialize)]
pub struct ConversationExchange {
    /// The command line, secrets masked; null for the greeting.
    pub command: Option<String>,
    /// Its verb.
    pub verb: Option<String>,
    /// The reply, if there was one.
    pub reply: Option<ReplyReport>,
    /// Frame of the command's last byte.
    pub frame: Option<u64>,
    /// Frame of the reply's last byte.
    pub reply_frame: Option<u64>,
    /// Time of the command's last byte since the session's start, in ns; of the reply's, if there
    /// is no command.
    pub t_ns: Option<i64>,
    /// From the command's last byte to the reply's, in ns.
    pub latency_ns: Option<i64>,
    /// Whether it passed inside TLS.
    pub encrypted: bool,
}

/// A reply.
#[derive(Clone, Debug, Serialize)]
pub struct ReplyReport {
    /// Its code.
    pub code: u16,
    /// The enhanced status code (RFC 3463), if it has one.
    pub enhanced: Option<String>,
    /// Its lines as sent, codes included.
    pub lines: Vec<String>,
    /// Whether its last line was captured.
    pub complete: bool,
}

impl ReplyReport {
    /// The report of a reply.
    #[must_use]
    pub fn new(reply: &Reply) -> Self {
        Self {
            code: reply.code,
            enhanced: reply.enhanced.clone(),
            lines: reply.lines.iter().map(ToString::to_string).collect(),
            complete: reply.complete,
        }
    }

    /// The first digit of the code.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.code / 100
    }
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
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
