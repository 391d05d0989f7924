//! `--since` and `--until`: a span of capture time.

use std::str::FromStr;

use crate::moment::Timestamp;

/// Nanoseconds of a second, and of a day.
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// An instant as users name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instant {
    /// RFC 3339.
    At(Timestamp),
    /// Nanoseconds after the first packet.
    AfterFirst(i64),
    /// Nanoseconds after midnight UTC of the first packet's day.
    OfFirstDay(i64),
}

impl Instant {
    fn resolve(self, first: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::AfterFirst(ns) => first.plus(ns),
            Self::OfFirstDay(ns) => Timestamp(first.0.div_euclid(DAY).saturating_mul(DAY)).plus(ns),
        }
    }
}

impl FromStr for Instant {
    type Err = String;

    /// `2026-11-21T23:58:54.5Z`, `23:58:54.5`, `90.5` (seconds).
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is neither an instant (2026-11-21T23:58:54Z), nor a time of the \
                 capture's first day in UTC (23:58:54), nor seconds after its first packet (90.5)"
            )
        };
        if let Some(ns) = nanoseconds(text) {
            return Ok(Self::AfterFirst(ns));
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return nanoseconds_of(instant).map(Self::At).ok_or_else(wrong);
        }
        if text.contains(':') && !text.contains(['-', 'T', 't', ' ']) {
            let time: jiff::civil::Time = text.parse().map_err(|_| wrong())?;
            let since_midnight = time.duration_since(jiff::civil::Time::midnight());
            return i64::try_from(since_midnight.as_nanos())
                .map(Self::OfFirstDay)
                .map_err(|_| wrong());
        }
        // Without an offset: all times of a report are in UTC.
        let civil: jiff::civil::DateTime = text.parse().map_err(|_| wrong())?;
        let instant = jiff::tz::TimeZone::UTC.to_timestamp(civil).map_err(|_| wrong())?;
        nanoseconds_of(instant).map(Self::At).ok_or_else(wrong)
    }
}

fn nanoseconds_of(instant: jiff::Timestamp) -> Option<Timestamp> {
    i64::try_from(instant.as_nanosecond()).ok().map(Timestamp)
}

/// `90` or `90.5`, without rounding.
fn nanoseconds(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_decimal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_decimal(seconds) || !is_decimal(fraction) || fraction.len() > 9 {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(SECOND)?.checked_add(fraction)
}

/// From an instant on, and up to another, which is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it; none if it has no beginning.
    pub since: Option<Instant>,
    /// The first instant behind it; none if it has no end.
    pub until: Option<Instant>,
}

impl Window {
    /// Whether everything is in it.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `at` is in it, in a capture whose first packet is of `first`.
    #[must_use]
    pub fn holds(&self, at: Timestamp, first: Timestamp) -> bool {
        let is_behind = |bound: Instant| bound.resolve(first) <= at;
        self.since.is_none_or(is_behind) && !self.until.is_some_and(is_behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Instant, String> {
        text.parse()
    }

    #[test]
    fn reads_instants_times_of_day_and_seconds() {
        let at = Ok(Instant::At(Timestamp(1_795_305_534_500_000_000)));
        assert_eq!(read("2026-11-21T23:58:54.5Z"), at);
        assert_eq!(read("2026-11-22T00:58:54.5+01:00"), at);
        assert_eq!(read("2026-11-21T23:58:54.5"), at);
        assert_eq!(read("00:01:02.25"), Ok(Instant::OfFirstDay(62_250_000_000)));
        assert_eq!(read("90.5"), Ok(Instant::AfterFirst(90_500_000_000)));
        for wrong in ["", "soon", "25:00:00", "-5", "1.2.3", "2026-13-01T00:00:00Z", "."] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn begins_with_its_first_instant_and_ends_before_its_last() {
        let first = Timestamp(DAY + 10 * SECOND);
        let window = Window {
            since: Some(Instant::OfFirstDay(12 * SECOND)),
            until: Some(Instant::AfterFirst(5 * SECOND)),
        };
        let holds = |ns| window.holds(Timestamp(ns), first);
        assert!(holds(DAY + 12 * SECOND) && holds(DAY + 15 * SECOND - 1));
        assert!(!holds(DAY + 12 * SECOND - 1) && !holds(DAY + 15 * SECOND));
    }

    #[test]
    fn days_before_1970_begin_at_midnight_too() {
        let window = Window { since: Some(Instant::OfFirstDay(0)), until: None };
        assert!(window.holds(Timestamp(-DAY), Timestamp(-1)));
        assert!(!window.holds(Timestamp(-DAY - 1), Timestamp(-1)));
    }
}
