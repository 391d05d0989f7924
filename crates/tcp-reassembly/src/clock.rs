//! The clock that ages connections: capture time that only goes forward.

use crate::moment::Timestamp;

/// A single frame moves the clock at most so far, in ns (a minute): one damaged timestamp in the
/// far future must not age every open connection at once.
pub(super) const LARGEST_STEP: i64 = 60_000_000_000;

/// Capture time as the frames carry it forward.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaptureClock {
    now: Option<Timestamp>,
}

impl CaptureClock {
    /// Takes a frame's timestamp and says what time it is now.
    pub fn advance(&mut self, ts: Timestamp) -> Timestamp {
        let now = match self.now {
            None => ts,
            Some(now) => now.max(ts.min(now.plus(LARGEST_STEP))),
        };
        self.now = Some(now);
        now
    }

    /// So many ns pass without a frame. Says what time it is then, if it was ever known.
    pub fn pass(&mut self, ns: i64) -> Option<Timestamp> {
        self.now = self.now.map(|now| now.plus(ns));
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_goes_back_and_never_leaps() {
        let mut clock = CaptureClock::default();
        assert_eq!(clock.advance(Timestamp(1_000)), Timestamp(1_000));
        assert_eq!(clock.advance(Timestamp(10)), Timestamp(1_000));
        assert_eq!(clock.advance(Timestamp(i64::MAX)), Timestamp(1_000 + LARGEST_STEP));
    }

    #[test]
    fn passes_without_frames_once_it_runs() {
        let mut clock = CaptureClock::default();
        assert_eq!(clock.pass(5), None);
        clock.advance(Timestamp(1_000));
        assert_eq!(clock.pass(5), Some(Timestamp(1_005)));
    }
}
