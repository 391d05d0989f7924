//! What is told of a reply.

use crate::report::exchange::ReplyReport;
use crate::smtp::Reply;

impl ReplyReport {
    /// The report of a reply.
    #[must_use]
    pub fn new(reply: &Reply) -> Self {
        Self {
            code: reply.code,
            enhanced: reply.enhanced.clone(),
            lines: reply.lines.iter().map(ToString::to_string).collect(),
            complete: reply.complete,
        }
    }
}
