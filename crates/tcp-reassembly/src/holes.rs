//! Bytes of one direction that its successors were captured without: where they are, and what is
//! known of the packet that showed it. What fills a hole was overtaken on its way, or sent again.

use std::cmp::Ordering;

use super::sightings::{ASKED, Count, Sent};
use crate::moment::Moment;

/// Holes that are kept, by direction. A burst that is lost is one hole.
pub(super) const MOST_HOLES: usize = 64;

/// A filler this long after its successor, in ns, was sent again rather than overtaken, where no
/// round trip is known (3 ms, as Wireshark's `tcp.analysis.out_of_order`).
const OVERTAKEN: i64 = 3_000_000;

#[derive(Clone, Copy, Debug)]
struct Hole {
    start: u64,
    end: u64,
    /// The packet behind it.
    shown: Filler,
}

/// A packet, as far as it tells when it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filler {
    pub(super) at: Moment,
    pub(super) sent: Sent,
    /// How often the other end had asked for what is missing.
    pub(super) asked: u32,
}

/// The holes of one direction.
#[derive(Debug, Default)]
pub(super) struct Holes(Vec<Hole>);

impl Holes {
    /// Notes that bytes were jumped over.
    pub(super) fn open(&mut self, start: u64, end: u64, shown: Filler) {
        if self.0.len() >= MOST_HOLES {
            self.0.remove(0);
        }
        self.0.push(Hole { start, end, shown });
    }

    /// Whether some of these bytes are missing.
    pub(super) fn has(&self, start: u64, end: u64) -> bool {
        self.0.iter().any(|hole| hole.start < end && start < hole.end)
    }

    /// Fills these bytes in. True if they were overtaken on their way: sent before what was captured
    /// ahead of them.
    pub(super) fn fill(
        &mut self,
        (start, end): (u64, u64),
        filler: Filler,
        count: &Count,
        round_trip: i64,
    ) -> bool {
        let found = self.0.iter().position(|hole| hole.start < end && start < hole.end);
        let Some(hole) = found.map(|index| self.0.remove(index)) else { return false };
        let rests = [(hole.start, start.min(hole.end)), (end.max(hole.start), hole.end)];
        let rests = rests.into_iter().filter(|(from, to)| from < to);
        self.0.extend(rests.map(|(start, end)| Hole { start, end, ..hole }));
        let shown = hole.shown;
        match count.order(filler.sent, shown.sent) {
            Some(Ordering::Less) => true,
            Some(Ordering::Greater) => false,
            _ if filler.asked.saturating_sub(shown.asked) >= ASKED => false,
            // What is sent again comes a round trip after what showed the loss, at the soonest.
            _ => filler.at.ts - shown.at.ts <= OVERTAKEN.max(round_trip),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn filler(ms: i64, clock: Option<u32>, asked: u32) -> Filler {
        let at = Moment { ts: Timestamp(ms * 1_000_000), frame: 1 };
        Filler { at, sent: Sent { ip_id: None, clock }, asked }
    }

    fn was_overtaken(shown: Filler, filler: Filler) -> bool {
        let mut holes = Holes::default();
        holes.open(10, 20, shown);
        holes.fill((10, 20), filler, &Count::default(), 50_000_000)
    }

    #[test]
    fn what_fills_a_hole_was_overtaken_or_sent_again() {
        assert!(was_overtaken(filler(0, Some(5), 0), filler(900, Some(5), 0).before(4)));
        assert!(!was_overtaken(filler(0, Some(5), 0), filler(1, Some(6), 0)), "sent later");
        assert!(!was_overtaken(filler(0, None, 0), filler(1, None, 3)), "asked for");
        assert!(was_overtaken(filler(0, None, 7), filler(1, None, 8)));
        assert!(was_overtaken(filler(0, None, 0), filler(50, None, 0)));
        assert!(!was_overtaken(filler(0, None, 0), filler(51, None, 0)), "a round trip later");
    }

    #[test]
    fn a_hole_is_filled_piece_by_piece() {
        let mut holes = Holes::default();
        holes.open(10, 20, filler(0, None, 0));
        let count = Count::default();
        assert!(holes.fill((12, 14), filler(1, None, 0), &count, 0));
        assert!(holes.has(10, 12) && holes.has(14, 20) && !holes.has(12, 14));
        assert!(!holes.fill((12, 14), filler(1, None, 0), &count, 0), "it was there");
        holes.fill((0, 30), filler(1, None, 0), &count, 0);
        holes.fill((0, 30), filler(1, None, 0), &count, 0);
        assert!(!holes.has(0, 30));
    }

    #[test]
    fn keeps_the_last() {
        let mut holes = Holes::default();
        (0..1_000).for_each(|n| holes.open(n * 2, n * 2 + 1, filler(0, None, 0)));
        assert_eq!(holes.0.len(), MOST_HOLES);
        assert!(holes.has(1_998, 1_999) && !holes.has(0, 1));
    }

    impl Filler {
        fn before(self, clock: u32) -> Self {
            Self { sent: Sent { clock: Some(clock), ..self.sent }, ..self }
        }
    }
}
