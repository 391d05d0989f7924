//! Capture time: the only clock the program knows (RFC 3339 is made of it in the renderers).

use std::fmt;
use std::ops::Sub;

use serde::{Serialize, Serializer};

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

/// When a run of bytes was captured: a TLS record may come in several frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The lowest frame number among its bytes'.
    pub first_frame: u64,
    /// The latest instant among them.
    pub last: Moment,
}

impl From<Moment> for Span {
    fn from(at: Moment) -> Self {
        Self { first_frame: at.frame, last: at }
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with nine decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(time) => write!(f, "{}", time.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")),
            Err(_) => write!(f, "{} ns", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A duration as people read it: `1.503 s`.
#[must_use]
pub fn seconds(ns: i64) -> String {
    format!("{} s", decimal(ns, 1_000_000_000, 3))
}

/// A duration in a unit of so many ns, a power of ten, with so many decimals: rounded, half away from
/// zero.
#[must_use]
pub fn decimal(ns: i64, unit: u64, places: u8) -> String {
    let digits = 10_u64.pow(places.into());
    let step = (unit / digits).max(1);
    let steps = ns.unsigned_abs().saturating_add(step / 2) / step;
    let sign = if ns < 0 && steps > 0 { "-" } else { "" };
    match places {
        0 => format!("{sign}{steps}"),
        _ => format!("{sign}{}.{:0width$}", steps / digits, steps % digits, width = places.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_in_their_last_digit() {
        let told = [1_502_499_999, 1_502_500_000, 999_999_999, 0].map(seconds);
        assert_eq!(told, ["1.502 s", "1.503 s", "1.000 s", "0.000 s"]);
        assert_eq!([-1_500_600_000, -1].map(seconds), ["-1.501 s", "0.000 s"]);
        assert_eq!(decimal(2_449_999, 1_000_000, 1), "2.4");
        assert_eq!(decimal(2_450_000, 1_000_000, 1), "2.5");
        assert_eq!(decimal(1_500, 1_000, 0), "2");
        assert_eq!(decimal(i64::MIN, 1_000_000_000, 3), "-9223372036.855");
    }

    #[test]
    fn prints_rfc_3339_with_nine_decimals_before_and_after_1970() {
        let time = |ns| Timestamp(ns).to_string();
        assert_eq!(time(1_795_305_534_458_863_001), "2026-11-21T23:58:54.458863001Z");
        assert_eq!(time(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(time(i64::MIN), "1677-09-21T00:12:43.145224192Z");
    }
}
