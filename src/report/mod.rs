//! Events become the model of the report: sessions, timing, verdicts, findings. Knows no secrets,
//! no rendering and no terminal. Every field is explained in `docs/report.md`; names and meaning
//! are a contract.

mod findings;
mod outcome;
mod recorder;
mod rules;
mod session;
mod summary;
mod timing;
mod tls;
mod verdict;

use serde::Serialize;

pub use findings::{Finding, Severity};
pub use outcome::Outcome;
pub use recorder::{Closed, Recorder, Reveal};
pub use session::{
    AuthReport, CloseKind, ConversationExchange, Endpoint, Ends, FrameSpan, GreetingReport, Helo,
    MailReport, Protocol, ProxyReport, ReplyReport, SessionReport, SmtpReport, TcpReport,
    TimelineEntry,
};
pub use summary::{SkippedFrames, Summary};
pub use timing::{Attribution, Timing};
pub use tls::{AlertReport, CertificateReport, TlsReport};
pub use verdict::{Decryption, DecryptionStatus, Reason};

use crate::capture::FileFacts;
use crate::keys::{KeyIdentity, KeyRing};
use crate::moment::Timestamp;

/// The whole report: the document of `--format json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `smtp-decrypt/report/v1`.
    pub schema: &'static str,
    /// What made it.
    pub generator: Generator,
    /// The input files.
    pub captures: Vec<CaptureReport>,
    /// The keys given.
    pub keys: Vec<KeyReport>,
    /// The sessions by `id`.
    pub sessions: Vec<SessionReport>,
    /// Findings that belong to no session.
    pub findings: Vec<Finding>,
    /// Totals.
    pub summary: Summary,
}

/// The name of the report's format.
pub const SCHEMA: &str = "smtp-decrypt/report/v1";

/// The program that made a report.
#[derive(Debug, Serialize)]
pub struct Generator {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Default for Generator {
    fn default() -> Self {
        Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

/// An input file.
#[derive(Debug, Serialize)]
pub struct CaptureReport {
    /// As named on the command line.
    pub path: String,
    /// `pcap` or `pcapng`; null if it is neither.
    pub format: Option<&'static str>,
    /// `gzip` …; null if the file is not compressed.
    pub compression: Option<&'static str>,
    /// libpcap's names of the link types.
    pub link_types: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Time of the first packet.
    pub first: Option<Timestamp>,
    /// Time of the last packet.
    pub last: Option<Timestamp>,
    /// Packets of which the snap length cut something off.
    pub snaplen_truncated: u64,
    /// Whether the file was read to its proper end.
    pub complete: bool,
}

impl CaptureReport {
    /// What is told of a file.
    #[must_use]
    pub fn new(file: &FileFacts) -> Self {
        Self {
            path: file.path.clone(),
            format: file.format.map(|format| format.name()),
            compression: file.compression.map(|compression| compression.name()),
            link_types: file.link_types.iter().map(|link| link.to_string()).collect(),
            packets: file.packets,
            bytes: file.bytes,
            first: file.first,
            last: file.last,
            snaplen_truncated: file.snaplen_truncated,
            complete: file.complete,
        }
    }
}

/// A key, by its public half.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    /// Where it was named: `keys.list:3`, `--key server.pem`.
    pub source: String,
    /// The file it stands in.
    pub path: String,
    /// Its size.
    pub bits: u32,
    /// SHA-256 of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
    /// Sessions it opened.
    pub sessions_opened: u64,
    /// Anything odd about it.
    pub note: Option<String>,
}

impl KeyReport {
    /// What is told of each key of a ring, with the number of sessions that each opened.
    #[must_use]
    pub fn of_ring(ring: &KeyRing, sessions: &[SessionReport]) -> Vec<Self> {
        let opened = |identity: &KeyIdentity| {
            let by_it = |session: &&SessionReport| session.opened_by() == Some(&identity.source);
            sessions.iter().filter(by_it).count() as u64
        };
        let report = |identity: &KeyIdentity| Self {
            source: identity.source.clone(),
            path: identity.path.clone(),
            bits: identity.bits,
            spki_sha256: hex(&identity.spki_sha256),
            sessions_opened: opened(identity),
            note: identity.note.clone(),
        };
        ring.keys().iter().map(|key| report(key.identity())).collect()
    }
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
