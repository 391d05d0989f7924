//! All that key logs say about one session.

use std::sync::atomic::{AtomicBool, Ordering};

use super::secret::LoggedSecret;

/// How many rivals one session may have: each is tried, and a hostile block could name millions.
pub(in crate::keys) const MAX_RIVALS: usize = 16;

/// The secrets of one session.
#[derive(Default)]
pub(super) struct Group {
    matched: AtomicBool,
    pub(super) secrets: Vec<LoggedSecret>,
}

impl Group {
    /// Notes that a session asked for these secrets.
    pub(super) fn mark(&self) {
        self.matched.store(true, Ordering::Relaxed);
    }

    /// Whether a session did.
    pub(super) fn is_matched(&self) -> bool {
        self.matched.load(Ordering::Relaxed)
    }

    /// The place of the first line; a group is never without one.
    pub(super) fn first_line(&self) -> Option<(&str, u32)> {
        self.secrets.first().map(|secret| (&*secret.file, secret.line))
    }

    /// Counts a line that says what another has said, perhaps from an earlier packet on.
    pub(super) fn repeat(&mut self, secret: &LoggedSecret) -> bool {
        let same = self.secrets.iter_mut().find(|other| other.says_the_same_as(secret));
        let Some(same) = same else { return false };
        same.lines += secret.lines;
        same.since = same.since.min(secret.since);
        true
    }

    /// The places of a secret and of the last one that contradicts it.
    pub(super) fn rival(&self, secret: &LoggedSecret) -> Option<[String; 2]> {
        let rival = self.secrets.iter().rfind(|other| other.kind == secret.kind)?;
        Some([secret, rival].map(|secret| secret.place()))
    }

    /// Adds a secret in place of the oldest of its kind, if there are too many.
    pub(super) fn push(&mut self, secret: LoggedSecret) {
        if self.secrets.iter().filter(|other| other.kind == secret.kind).count() >= MAX_RIVALS {
            let oldest = self.secrets.iter().position(|other| other.kind == secret.kind);
            oldest.map(|index| self.secrets.remove(index));
        }
        self.secrets.push(secret);
    }
}
