//! How moments are shown: since the session's start, since the line before, or by the clock.

use jiff::tz::TimeZone;

use super::duration::Duration;
use crate::moment::Timestamp;

/// How the time of a line is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Since the session's first packet.
    #[default]
    Relative,
    /// Since the line before only.
    Delta,
    /// The time of day in UTC.
    Utc,
    /// The time of day here.
    Local,
    /// Seconds since 1970.
    Epoch,
}

impl Times {
    /// The columns of a time.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Relative => 9,
            Self::Delta => 0,
            Self::Utc | Self::Local => 15,
            Self::Epoch => 17,
        }
    }

    /// The moment `t_ns` after `start`; empty where only distances are shown.
    pub(in crate::render) fn of(self, start: Timestamp, t_ns: i64) -> String {
        let at = start.plus(t_ns);
        match self {
            Self::Relative => Duration(t_ns).to_string(),
            Self::Delta => String::new(),
            Self::Utc => clock(at, TimeZone::UTC, "%H:%M:%S.%6f"),
            Self::Local => clock(at, TimeZone::system(), "%H:%M:%S.%6f"),
            Self::Epoch => {
                let us = at.0.div_euclid(1_000);
                format!("{}.{:06}", us.div_euclid(1_000_000), us.rem_euclid(1_000_000))
            }
        }
    }

    /// The start of a session, with its date.
    pub(in crate::render) fn start(self, at: Timestamp) -> String {
        match self {
            Self::Local => clock(at, TimeZone::system(), "%Y-%m-%d %H:%M:%S.%6f %:z"),
            Self::Epoch => self.of(at, 0),
            Self::Relative | Self::Delta | Self::Utc => utc(at),
        }
    }
}

/// `2026-11-22 01:54:58.737419 UTC`: nine decimals only where the capture has them.
fn utc(at: Timestamp) -> String {
    let text = at.to_string();
    let Some(time) = text.strip_suffix('Z') else { return text };
    let time = time.strip_suffix("000").unwrap_or(time);
    format!("{} UTC", time.replacen('T', " ", 1))
}

fn clock(at: Timestamp, zone: TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.0)) {
        Ok(time) => time.to_zoned_datetime(zone).strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_as_asked() {
        // `date -u -d @1795312498.737419` says Sun Nov 22 01:54:58 UTC 2026.
        let start = Timestamp(1_795_312_498_737_419_000);
        let shown = |times: Times| times.of(start, 1_262_581_000);
        assert_eq!(shown(Times::Relative), "1.263 s");
        assert_eq!(shown(Times::Delta), "");
        assert_eq!(shown(Times::Utc), "01:55:00.000000");
        assert_eq!(shown(Times::Epoch), "1795312500.000000");
        assert_eq!(Times::Epoch.of(Timestamp(-1), 0), "-1.999999");
        assert_eq!(Times::Utc.start(start), "2026-11-22 01:54:58.737419 UTC");
        for times in [Times::Utc, Times::Local, Times::Epoch] {
            assert_eq!(times.of(start, 0).len(), times.width());
        }
    }
}
