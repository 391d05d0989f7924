//! The way of a mail: everything in the capture that belongs to one message.

use serde::Serialize;

use super::outcome::Outcome;
use crate::moment::Timestamp;

/// One mail, or one attempt to deliver that never came to a mail.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DeliveryReport {
    /// 1, 2, 3 … in order of first packet.
    pub id: u64,
    /// The Message-ID field.
    pub message_id: Option<String>,
    /// The reverse-path; null if no MAIL was seen.
    pub from: Option<String>,
    /// All recipients that were named.
    pub to: Vec<String>,
    /// What it came to where it was seen last.
    pub outcome: Outcome,
    /// When it began.
    pub start: Timestamp,
    /// From there to the end of its last step, in ns.
    pub duration_ns: i64,
    /// So often the same recipient got it: more than 1 is once too often.
    pub copies: u64,
    /// The whole in a sentence.
    pub summary: String,
    /// The sessions that carried it, or tried to.
    pub sessions: Vec<u64>,
    /// What happened, in order.
    pub steps: Vec<StepReport>,
}

/// A step of a delivery.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// What it is.
    pub kind: StepKind,
    /// The session, if it is one.
    pub session: Option<u64>,
    /// Its first frame.
    pub frame: Option<u64>,
    /// Since the start of the delivery, in ns.
    pub t_ns: i64,
    /// How long it took, or was waited for, in ns.
    pub duration_ns: i64,
    /// The host that it is about.
    pub host: String,
    /// What happened, in a sentence.
    pub summary: String,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepKind {
    /// A name was looked up.
    Lookup,
    /// A connection that came to no mail.
    Attempt,
    /// The mail was given to a server.
    Session,
    /// The server gave it on.
    Hop,
    /// It came again, because it had not been taken.
    Retry,
    /// It came again, though it had been taken.
    Duplicate,
    /// Its failure was reported to its sender.
    Bounce,
}

impl StepKind {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Attempt => "attempt",
            Self::Session => "session",
            Self::Hop => "hop",
            Self::Retry => "retry",
            Self::Duplicate => "duplicate",
            Self::Bounce => "bounce",
        }
    }
}

impl DeliveryReport {
    /// Whether it failed, or came more than once.
    #[must_use]
    pub fn is_unhappy(&self) -> bool {
        self.outcome.is_failure() || self.copies > 1
    }
}
