//! The document of `--format json`.

use serde::Serialize;

use super::delivery::DeliveryReport;
use super::findings::Finding;
use super::quality::Quality;
use super::session::SessionReport;
use super::summary::Summary;
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
    /// The way of each mail, in order of first packet.
    pub deliveries: Vec<DeliveryReport>,
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
#[non_exhaustive]
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
    /// Packets that the snap length cut.
    pub snaplen_truncated: u64,
    /// Whether the file was read to its proper end.
    pub complete: bool,
    /// Places of it that could not be read.
    pub damaged_places: u64,
    /// Bytes passed over to go on behind damage.
    pub skipped_bytes: u64,
}

/// What may open sessions: a key by its public half, a key log by its name.
#[derive(Debug, Serialize)]
#[non_exhaustive]
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
