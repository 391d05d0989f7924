//! Totals over all sessions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::session::SessionReport;
use super::tls::TlsReport;
use super::verdict::Reason;

/// Missing origins that are told: who looks for more has the sessions themselves.
pub(super) const MOST_ORIGINS: usize = 64;

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Packets read.
    pub packets: u64,
    /// Packets that a filter took out, or that are of no connection which it takes.
    pub filtered_packets: u64,
    /// TCP connections seen, of those that the filters take.
    pub connections: u64,
    /// Sessions reported.
    pub sessions: u64,
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
pub struct MissingOrigin {
    /// `session_id` or `ticket`.
    pub by: &'static str,
    /// What names it (`tls.resumption.handle`).
    pub handle: String,
    /// It was made before this frame.
    pub before_frame: u64,
    /// How many sessions it would open.
    pub sessions: u64,
}

/// Totals of mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailTotals {
    /// Messages sent.
    pub sent: u64,
    /// Messages accepted.
    pub accepted: u64,
}

/// Frames without a TCP segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedFrames {
    /// What they were.
    pub reason: String,
    /// How many.
    pub frames: u64,
    /// The first of them.
    pub first_frame: u64,
}

impl Summary {
    /// Adds a session.
    pub fn count(&mut self, session: &SessionReport) {
        self.sessions += 1;
        *self.outcomes.entry(session.outcome.name()).or_default() += 1;
        *self.protocols.entry(session.protocol.name()).or_default() += 1;
        if let Some(tls) = &session.tls {
            *self.decryption.entry(tls.decryption.status.name()).or_default() += 1;
            if let Some(reason) = tls.decryption.reason {
                *self.reasons.entry(reason.name()).or_default() += 1;
            }
            if tls.decryption.reason == Some(Reason::ResumedWithoutOrigin) {
                self.miss_origin(tls);
            }
        }
        for mail in session.smtp.iter().flat_map(|smtp| &smtp.mails) {
            self.mails.sent += 1;
            self.mails.accepted += u64::from(mail.is_accepted());
        }
    }

    fn miss_origin(&mut self, tls: &TlsReport) {
        let told = tls.resumed.zip(tls.resumption.as_ref());
        let Some((by, told)) = told else { return };
        let Some(handle) = &told.handle else { return };
        let known = self.missing_origins.iter_mut().find(|m| m.by == by && &m.handle == handle);
        if let Some(missing) = known {
            missing.sessions += 1;
            missing.before_frame = missing.before_frame.min(told.before_frame);
        } else if self.missing_origins.len() < MOST_ORIGINS {
            let (handle, before_frame) = (handle.clone(), told.before_frame);
            self.missing_origins.push(MissingOrigin { by, handle, before_frame, sessions: 1 });
        }
    }
}
