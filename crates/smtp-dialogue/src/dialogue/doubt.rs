//! What of the client's stream may still turn out to be a secret.

use super::{Dialogue, Mode};
use crate::event::SecretSpan;
use crate::open::Open;
use crate::role::Role;

impl Dialogue {
    /// The client's lines of which it is not known yet whether they hide a secret: the one under
    /// way, and those that only their reply can betray as part of an AUTH. Of everything else that
    /// was fed, the [`SecretSpan`]s have been told: a masked export may let it go.
    #[must_use]
    pub fn doubts(&self) -> Vec<SecretSpan> {
        let unanswered = self.queue.iter().filter_map(Open::doubt);
        unanswered.chain(self.line_under_way()).chain(self.reply_under_way()).collect()
    }

    /// A reply may repeat a secret.
    fn reply_under_way(&self) -> Option<SecretSpan> {
        let start = self.lines[Role::Server].start().filter(|_| !self.echoes.is_empty())?;
        let len = self.offset[Role::Server].saturating_sub(start);
        (len > 0).then_some(SecretSpan { from: Role::Server, start, len })
    }

    fn line_under_way(&self) -> Option<SecretSpan> {
        let end = self.offset[Role::Client];
        let start = match self.mode {
            Mode::Preamble(_) => self.begins,
            Mode::Command | Mode::Auth { .. } => self.lines[Role::Client].start()?,
            Mode::Data(_) | Mode::Chunk { .. } | Mode::Blob { .. } => return None,
        };
        let len = end.saturating_sub(start);
        (len > 0).then_some(SecretSpan { from: Role::Client, start, len })
    }
}
