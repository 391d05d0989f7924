//! The fields of a session that are compared, read from its part of a report: from one that is made
//! now, and from one that was saved (`show --format json`, `--format ndjson`).

use std::io::BufRead;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Deserializer, de};

use crate::report::{
    CloseKind, DecryptionStatus, Outcome, Protocol, SCHEMA, SessionReport, Timing, Verb,
};
use crate::role::{PerRole, Role};

/// A session.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Seen {
    pub(super) id: u64,
    pub(super) client: End,
    pub(super) server: End,
    pub(super) protocol: Protocol,
    pub(super) start: String,
    pub(super) frames: Frames,
    pub(super) outcome: Outcome,
    pub(super) proxy: Option<Proxy>,
    pub(super) tcp: Tcp,
    pub(super) tls: Option<Tls>,
    pub(super) smtp: Option<Smtp>,
    pub(super) timeline: Vec<Entry>,
    pub(super) timing: Timing,
    #[serde(default)]
    pub(super) diagnosis: Option<Diagnosed>,
    #[serde(default)]
    pub(super) findings: Vec<Found>,
}

/// An address and a port.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct End {
    ip: IpAddr,
    port: u16,
}

impl End {
    pub(super) fn address(self) -> SocketAddr {
        SocketAddr::new(self.ip, self.port)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Frames {
    pub(super) first: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Proxy {
    pub(super) version: u8,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tcp {
    pub(super) rtt_ns: Option<i64>,
    pub(super) closed_by: Option<Role>,
    pub(super) close: CloseKind,
    pub(super) retransmissions: PerRole<u64>,
    pub(super) out_of_order: PerRole<u64>,
    pub(super) duplicate_packets: PerRole<u64>,
    pub(super) lost_bytes: PerRole<u64>,
    pub(super) zero_windows: PerRole<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tls {
    pub(super) mode: String,
    pub(super) version: Option<String>,
    pub(super) cipher_suite: Option<String>,
    pub(super) key_exchange: Option<String>,
    pub(super) client_hello: Option<ClientHello>,
    pub(super) server_hello: Option<ServerHello>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) resumed: Option<String>,
    pub(super) extended_master_secret: bool,
    pub(super) encrypt_then_mac: bool,
    pub(super) client_certificate_requested: bool,
    pub(super) client_certificate_sent: bool,
    pub(super) renegotiations: u32,
    pub(super) alerts: Vec<Alert>,
    pub(super) handshake_complete: bool,
    pub(super) decryption: Decryption,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ClientHello {
    pub(super) version: String,
    pub(super) server_name: Option<String>,
    pub(super) cipher_suites: Vec<String>,
    pub(super) extensions: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) signature_algorithms: Vec<String>,
    pub(super) alpn: Vec<String>,
    pub(super) supported_versions: Vec<String>,
    pub(super) session_id: String,
    pub(super) ssl2_format: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ServerHello {
    pub(super) extensions: Vec<String>,
    pub(super) session_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) subject_alt_names: Vec<String>,
    pub(super) not_before: String,
    pub(super) not_after: String,
    pub(super) serial: String,
    pub(super) key_algorithm: String,
    pub(super) key_bits: u32,
    pub(super) sha256: String,
    pub(super) spki_sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Alert {
    pub(super) from: Role,
    pub(super) level: Option<String>,
    pub(super) description: Option<String>,
    pub(super) encrypted: bool,
    pub(super) frame: u64,
    pub(super) t_ns: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Decryption {
    pub(super) status: DecryptionStatus,
    pub(super) reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Smtp {
    pub(super) auth: Option<Auth>,
    pub(super) exchanges: Vec<Exchange>,
    #[serde(default)]
    pub(super) omitted_exchanges: u64,
    pub(super) mails: Vec<Mail>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Auth {
    pub(super) mechanism: String,
    pub(super) user: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Exchange {
    pub(super) command: Option<String>,
    #[serde(deserialize_with = "verb")]
    pub(super) verb: Option<Verb>,
    pub(super) reply: Option<Reply>,
    pub(super) frame: Option<u64>,
    pub(super) reply_frame: Option<u64>,
    pub(super) t_ns: Option<i64>,
    pub(super) latency_ns: Option<i64>,
    pub(super) encrypted: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) enhanced: Option<String>,
    pub(super) lines: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mail {
    pub(super) queue_id: Option<String>,
    pub(super) message_id: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<String>,
}

/// An event of the timeline.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) event: String,
    pub(super) from: Option<Role>,
    pub(super) frame: u64,
    pub(super) t_ns: i64,
}

/// Why it failed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Diagnosed {
    pub(super) code: String,
    pub(super) likelihood: Sureness,
    pub(super) message: String,
    pub(super) frame: Option<u64>,
    pub(super) hint: Option<String>,
}

/// How sure a diagnosis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sureness {
    Certain,
    Likely,
    Possible,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Found {
    pub(super) code: String,
    pub(super) hint: Option<String>,
}

fn verb<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verb>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    Ok(name.and_then(|name| match name.as_str() {
        "AUTH-RESPONSE" => Some(Verb::AuthResponse),
        "XEXCH50-BLOB" => Some(Verb::Blob),
        name => Verb::of(name.as_bytes()),
    }))
}

impl Seen {
    /// The session of a report that is made now; None of one that is no JSON, which none is.
    pub(super) fn of(session: &SessionReport) -> Option<Self> {
        serde_json::to_value(session).and_then(serde_json::from_value).ok()
    }
}

/// A report as `show --format json` prints it.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "schema", deserialize_with = "known_schema")]
    _schema: (),
    sessions: Vec<Seen>,
}

fn known_schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let schema = String::deserialize(deserializer)?;
    if schema == SCHEMA {
        return Ok(());
    }
    Err(de::Error::custom(format_args!("it is of the schema {schema:?}, not of {SCHEMA:?}")))
}

/// The sessions of a saved report: one document, or a session a line.
///
/// # Errors
///
/// What it is that is no report, in words.
pub(super) fn saved(mut input: impl BufRead) -> Result<Vec<Seen>, String> {
    let mut text = Vec::new();
    input.read_to_end(&mut text).map_err(|error| error.to_string())?;
    match serde_json::from_slice::<Document>(&text) {
        Ok(document) => Ok(document.sessions),
        Err(error) => lines(&text).unwrap_or_else(|| Err(error.to_string())),
    }
}

/// One session a line, and last the summary; None where the first line is neither.
fn lines(text: &[u8]) -> Option<Result<Vec<Seen>, String>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Line {
        Session(Box<Seen>),
        Summary {
            #[serde(rename = "summary")]
            _summary: de::IgnoredAny,
        },
    }
    let mut sessions = Vec::new();
    let full = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    for (number, line) in full.enumerate() {
        match serde_json::from_slice(line) {
            Ok(Line::Session(session)) => sessions.push(*session),
            Ok(Line::Summary { .. }) => {}
            Err(_) if number == 0 => return None,
            Err(error) => return Some(Err(format!("line {}: {error}", number + 1))),
        }
    }
    Some(Ok(sessions))
}
