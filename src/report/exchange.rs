//! A command and its reply.

use serde::Serialize;

use crate::smtp::Verb;

/// A command and its reply.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ConversationExchange {
    /// The command line, secrets masked; null for the greeting.
    pub command: Option<String>,
    /// Its verb.
    pub verb: Option<Verb>,
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
#[non_exhaustive]
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
    /// The first digit of the code.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.code / 100
    }
}
