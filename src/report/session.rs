//! The model of one session: the shape of `sessions[]` in the report.

use serde::Serialize;

use super::also_seen::AlsoSeen;
use super::codes::Severity;
use super::decryption::DecryptionStatus;
use super::diagnosis::Diagnosis;
use super::endpoint::Endpoint;
use super::findings::Finding;
use super::outcome::Outcome;
use super::proxy::ProxyReport;
use super::related::RelatedReport;
use super::smtp::SmtpReport;
use super::tcp::{FrameSpan, TcpReport};
use super::timeline::{TimelineEntry, TimelineEvent};
use super::timing::Timing;
use super::tls::{ClientHelloReport, TlsReport};
use super::transcript::Transcript;
use crate::moment::Timestamp;
use crate::role::PerRole;
use crate::session::{Protocol, Tunnel};

/// One TCP connection that concerns us.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SessionReport {
    /// 1, 2, 3 … in order of first frame.
    pub id: u64,
    /// The end that opened the connection.
    pub client: Endpoint,
    /// The end that was called.
    pub server: Endpoint,
    /// The same connection at other points, or under other addresses.
    pub also_seen: Vec<AlsoSeen>,
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
    /// What passed beside it and concerns it: lookups, filters, other connections of its ends.
    pub related: Vec<RelatedReport>,
    /// Its packets and bytes, where a view shows them; no part of the document.
    #[serde(skip)]
    pub transcript: Option<Box<Transcript>>,
    /// The first sequence number of each side, where both SYNs were captured; no part of the document.
    #[serde(skip)]
    pub(crate) initial: Option<PerRole<u32>>,
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
    pub(crate) fn client_hello(&self) -> Option<&ClientHelloReport> {
        self.tls.as_ref()?.client_hello.as_ref()
    }

    /// The frame of the first event of this name.
    pub(crate) fn frame_of(&self, event: TimelineEvent) -> Option<u64> {
        self.timeline.iter().find(|entry| entry.event == event).map(|entry| entry.frame)
    }
}
