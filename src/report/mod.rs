//! Events become the model of the report: sessions, timing, verdicts, findings. Knows no secrets,
//! no rendering and no terminal. Every field is explained in `docs/report.md`; names and meaning
//! are a contract.

mod codes;
mod conclusion;
mod diagnosis;
mod elsewhere;
mod findings;
mod key_audit;
pub mod limits;
mod mail;
mod outcome;
mod percentiles;
mod quality;
mod recorder;
mod redact;
mod rules;
mod security;
mod session;
mod slow;
mod software;
mod starttls;
mod summary;
mod tcp;
mod timing;
mod tls;
mod transaction;
mod transcript;
mod vantage;
mod verdict;

use std::collections::BTreeMap;

use serde::Serialize;

pub use codes::{Code, all as codes, explain};
pub use conclusion::Conclusion;
pub use diagnosis::{Cause, Diagnosis, Likelihood};
pub use elsewhere::Elsewhere;
pub use findings::{Finding, Severity};
pub use key_audit::{
    KEY_AUDIT_SCHEMA, KeyAudit, KeyAuditor, MissingKey, MissingSecret, RowReport, UnusableKey,
    UsableKey,
};
pub use mail::{DkimReport, MailReport, PartReport, RecipientReport};
pub use outcome::Outcome;
pub use percentiles::Percentiles;
pub use quality::{Quality, QualityCounter};
pub use recorder::{Closed, Recorder, Reveal};
pub use redact::{Redactor, blank_bytes, blank_command, blank_reply};
pub use session::{
    AuthReport, CloseKind, ConversationExchange, Endpoint, Ends, FrameSpan, GreetingReport, Helo,
    Protocol, ProxyReport, ReplyReport, SessionReport, SmtpReport, TcpReport, TimelineEntry,
    Tunnel, handshake_message,
};
pub use slow::{SlowLimit, SlowLimits};
pub use software::{SOFTWARE, Software};
pub use summary::{MissingOrigin, SkippedFrames, Summary};
pub use timing::{Attribution, Timing};
pub use tls::{AlertReport, CertificateReport, OriginReport, ResumptionReport, TlsReport};
pub use transaction::TransactionReport;
pub use transcript::{Content, Piece, Transcript};
pub use vantage::{Position, Vantage};
pub use verdict::{Decryption, DecryptionStatus, Reason};

use crate::capture::FileFacts;
pub use crate::flow::PacketSeen;
pub(crate) use crate::hex::hex;
use crate::keys::{KeyIdentity, Origin};
use crate::moment::Timestamp;
use crate::tls::Keys;

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
    /// How good the capture is.
    pub quality: Quality,
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
    /// Places of it that could not be read.
    pub damaged_places: u64,
    /// Bytes passed over to go on behind damage.
    pub skipped_bytes: u64,
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
            damaged_places: file.damages,
            skipped_bytes: file.skipped_bytes,
        }
    }
}

/// What may open sessions: a key by its public half, a key log by its name.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    /// Where it was named: `keys.list:3`, `--key server.pem`, `keylog:12 lines`, `dsb`.
    pub source: String,
    /// The file it stands in.
    pub path: String,
    /// A key's size; null for a key log.
    pub bits: Option<u32>,
    /// SHA-256 of a key's SubjectPublicKeyInfo, in hex; null for a key log.
    pub spki_sha256: Option<String>,
    /// Sessions it opened, also by way of a session that they resume.
    pub sessions_opened: u64,
    /// Anything odd about it.
    pub note: Option<String>,
}

impl KeyReport {
    /// What is told of each key and key log, with the number of sessions that each opened.
    #[must_use]
    pub fn of_keys(keys: &Keys, sessions: &[SessionReport]) -> Vec<Self> {
        let mut opened = Opened::default();
        sessions.iter().for_each(|session| opened.count(session));
        Self::of_counted(keys, &opened)
    }

    /// The same, where the sessions are gone and were counted.
    #[must_use]
    pub fn of_counted(keys: &Keys, opened: &Opened) -> Vec<Self> {
        let of_key = |identity: &KeyIdentity| Self {
            source: identity.source.clone(),
            path: identity.path.clone(),
            bits: Some(identity.bits),
            spki_sha256: Some(hex(&identity.spki_sha256)),
            sessions_opened: opened.by(&identity.source),
            note: identity.note.clone(),
        };
        let mut told: Vec<_> = keys.ring.keys().iter().map(|key| of_key(key.identity())).collect();
        let Some(log) = keys.ring.keylog().read() else { return told };
        for origin in [Origin::File, Origin::Dsb].into_iter().filter(|&origin| log.has(origin)) {
            let source = log.source(origin);
            told.push(Self {
                sessions_opened: opened.by(&source),
                path: if origin == Origin::File {
                    log.files().collect::<Vec<_>>().join(", ")
                } else {
                    String::new()
                },
                source,
                bits: None,
                spki_sha256: None,
                note: None,
            });
        }
        told
    }
}

/// How many sessions each key opened, by its source.
#[derive(Debug, Default)]
pub struct Opened(BTreeMap<String, u64>);

impl Opened {
    /// Counts a session.
    pub fn count(&mut self, session: &SessionReport) {
        if let Some(source) = session.opened_by() {
            *self.0.entry(source.clone()).or_default() += 1;
        }
    }

    fn by(&self, source: &str) -> u64 {
        self.0.get(source).copied().unwrap_or_default()
    }
}
