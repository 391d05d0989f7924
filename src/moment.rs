//! Capture time: the only clock the program knows (RFC 3339 is made of it in the renderers).

use std::ops::Sub;

/// Nanoseconds since 1970-01-01T00:00:00Z, as the capture file says. Signed, so that a file with
/// a nonsensical clock is still ordered and subtracted without a panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `ns` nanoseconds later, held at the ends of the range.
    #[must_use]
    pub fn plus(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }
}

impl Sub for Timestamp {
    type Output = i64;

    /// The distance in nanoseconds, held at the ends of the range.
    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// When something was captured, and in which frame (1-based, over all input files in time order).
///
/// Ordered by time first: the later of two moments is the one captured later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The capture instant.
    pub ts: Timestamp,
    /// The frame number.
    pub frame: u64,
}
