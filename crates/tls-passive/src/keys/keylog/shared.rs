//! A key log that grows while a capture is read.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::KeyLog;

/// A key log behind a shared reference: the reader of a capture adds the secrets of its Decryption
/// Secrets Blocks while workers look others up.
///
/// A worker that must see the secrets of earlier packets and no others (law 4) leaves out those
/// whose [`since`](super::LoggedSecret::since) is later than its packet.
#[derive(Default)]
pub struct SharedKeyLog {
    /// Most runs have no key log; they are not to take a lock for it.
    filled: AtomicBool,
    log: RwLock<KeyLog>,
}

impl SharedKeyLog {
    /// A shared log that begins with these secrets.
    #[must_use]
    pub fn new(log: KeyLog) -> Self {
        Self { filled: AtomicBool::new(!log.is_empty()), log: RwLock::new(log) }
    }

    /// Adds secrets.
    pub fn add(&self, log: KeyLog) {
        let filled = !log.is_empty();
        // A thread that panicked while it held the lock left at worst a log without some lines.
        self.log.write().unwrap_or_else(PoisonError::into_inner).merge(log);
        self.filled.fetch_or(filled, Ordering::Release);
    }

    /// Whether there is no secret (yet); costs nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.filled.load(Ordering::Acquire)
    }

    /// The secrets there are now; `None` if there are none. Nothing can be added while the guard
    /// lives.
    #[must_use]
    pub fn read(&self) -> Option<impl Deref<Target = KeyLog>> {
        (!self.is_empty()).then(|| self.log.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was searched for secrets, a phrase each, whether or not any was found.
    #[must_use]
    pub fn searched(&self) -> Vec<String> {
        self.log.read().unwrap_or_else(PoisonError::into_inner).searched.clone()
    }

    /// What the user should know of the logs, a line each (see [`KeyLog::remarks`]).
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.log.read().unwrap_or_else(PoisonError::into_inner).remarks().collect()
    }
}

impl fmt::Debug for SharedKeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.log.read().unwrap_or_else(PoisonError::into_inner).fmt(f)
    }
}
