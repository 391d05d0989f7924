//! Totals over all sessions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tls::ResumptionMethod;

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Packets read.
    pub packets: u64,
    /// Packets that a filter took out, or that are of no connection which it takes.
    pub filtered_packets: u64,
    /// TCP connections seen, of those that the filters take.
    pub connections: u64,
    /// Sessions, whichever of them were chosen. All further counts are of these.
    pub sessions: u64,
    /// Of these, sessions that are shown: those chosen by number, outcome and server.
    pub shown_sessions: u64,
    /// Connections that carry TLS, but nothing that concerns us (`--all-tls` reports them).
    pub other_tls_connections: u64,
    /// All other connections.
    pub other_connections: u64,
    /// Sessions by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Sessions by protocol.
    pub protocols: BTreeMap<&'static str, u64>,
    /// TLS sessions by what came of the decryption.
    pub decryption: BTreeMap<&'static str, u64>,
    /// TLS sessions not opened, or not wholly, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Sessions that others resume and that are not opened, the first of them first.
    pub missing_origins: Vec<MissingOrigin>,
    /// Mails whose message was sent, and those of them that the server took.
    pub mails: MailTotals,
    /// Frames in which no TCP segment was found, by reason.
    pub skipped_frames: Vec<SkippedFrames>,
}

/// A session that others resume, and that is not in the capture or not opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MissingOrigin {
    /// How they resume it.
    pub by: ResumptionMethod,
    /// What names it (`tls.resumption.handle`).
    pub handle: String,
    /// It was made before this frame.
    pub before_frame: u64,
    /// How many sessions it would open.
    pub sessions: u64,
}

/// Totals of mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MailTotals {
    /// Messages sent.
    pub sent: u64,
    /// Messages accepted.
    pub accepted: u64,
}

/// Frames without a TCP segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SkippedFrames {
    /// What they were.
    pub reason: String,
    /// How many.
    pub frames: u64,
    /// The first of them.
    pub first_frame: u64,
}
