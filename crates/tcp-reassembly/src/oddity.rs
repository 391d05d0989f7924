//! What packets of one end show that a sane connection, captured well, does not.

use crate::moment::Moment;

/// How often something was seen, and where first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Packets that show it.
    pub packets: u64,
    /// The first of them by time.
    pub first: Option<Moment>,
}

impl Noted {
    pub(super) fn note(&mut self, at: Moment) {
        self.packets += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }
}

/// What is odd about what one end sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Segments that say of some bytes something else than an earlier one.
    pub overlaps_differ: Noted,
    /// Packets older by their clock than what they follow or acknowledge.
    pub clock_steps: Noted,
    /// The largest such distance in ns.
    pub largest_step_ns: i64,
    /// Packets captured twice.
    pub duplicates: Noted,
    /// Segments with urgent data (RFC 6093), which is handed on in its place.
    pub urgent: Noted,
    /// Segments and acknowledgements so far from all others that no end can have meant them.
    pub outside_window: Noted,
    /// Resets after which the same end went on sending.
    pub resets_ignored: Noted,
}

/// Two clocks, or one that queues share, disagree by less, in ns (10 ms).
const CLOCK_TOLERANCE: i64 = 10_000_000;

impl Oddities {
    /// Notes a packet that comes after one of `earlier`, if its clock says otherwise.
    pub(super) fn check_clock(&mut self, earlier: crate::moment::Timestamp, at: Moment) {
        let back = earlier - at.ts;
        if back > CLOCK_TOLERANCE {
            self.clock_steps.note(at);
            self.largest_step_ns = self.largest_step_ns.max(back);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    #[test]
    fn a_step_of_the_clock_is_more_than_queues_disagree_by() {
        let mut odd = Oddities::default();
        odd.check_clock(Timestamp(CLOCK_TOLERANCE), Moment { ts: Timestamp(0), frame: 4 });
        assert_eq!(odd, Oddities::default());
        odd.check_clock(Timestamp(CLOCK_TOLERANCE + 1), Moment { ts: Timestamp(0), frame: 5 });
        assert_eq!((odd.clock_steps.packets, odd.largest_step_ns), (1, CLOCK_TOLERANCE + 1));
        assert_eq!(odd.clock_steps.first.map(|at| at.frame), Some(5));
    }
}
