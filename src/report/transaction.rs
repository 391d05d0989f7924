//! The transactions of a session: each MAIL, and what became of it (RFC 5321 §3.3).

use serde::Serialize;

use super::exchange::ReplyReport;
use super::outcome::Outcome;

/// What one MAIL came to.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionReport {
    /// The reverse-path without brackets.
    pub from: String,
    /// The recipients accepted, or not answered.
    pub to: Vec<String>,
    /// The recipients refused.
    pub rejected_to: Vec<String>,
    /// The reply that decided it: the last refusal, or the one to the message.
    pub reply: Option<ReplyReport>,
    /// The frame of the MAIL command.
    pub frame: Option<u64>,
    /// Time of that command since the session's start, in ns.
    pub t_ns: Option<i64>,
    /// `delivered`, `rejected`, `no_mail` (given up by the client), `dropped` (the connection ended
    /// first) or `incomplete` (the capture did).
    pub outcome: Outcome,
    /// Its place in `mails[]`, if its message was sent.
    pub mail: Option<usize>,
}
