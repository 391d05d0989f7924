//! What one direction sent and the other end has not acknowledged yet, and how long acknowledgements
//! take.

use std::collections::VecDeque;

use crate::moment::Moment;

/// Segments under way whose moments are kept one by one: more than a dialogue ever has, and a message
/// needs only the first and the last.
pub(super) const MOST_UNDER_WAY: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Sending {
    start: u64,
    end: u64,
    at: Moment,
    /// Sent more than once: which of them is acknowledged, nobody knows (RFC 6298 §3).
    is_repeated: bool,
}

/// The segments under way, in stream order.
#[derive(Debug, Default)]
pub(super) struct UnderWay(VecDeque<Sending>);

impl UnderWay {
    /// Notes that new bytes were sent.
    pub(super) fn sent(&mut self, start: u64, end: u64, at: Moment) {
        if self.0.len() >= MOST_UNDER_WAY {
            self.0.remove(MOST_UNDER_WAY / 2);
        }
        self.0.push_back(Sending { start, end, at, is_repeated: false });
    }

    /// Notes that bytes were sent again.
    pub(super) fn sent_again(&mut self, start: u64, end: u64) {
        let overlaps = |known: &&mut Sending| known.start < end && start < known.end;
        self.0.iter_mut().filter(overlaps).for_each(|known| known.is_repeated = true);
    }

    /// Takes an acknowledgement of all bytes before `offset`. How long it took since the last of them
    /// was sent, in ns.
    pub(super) fn acknowledged(&mut self, offset: u64, at: Moment) -> Option<i64> {
        let mut last = None;
        while self.0.front().is_some_and(|first| first.end <= offset) {
            last = self.0.pop_front();
        }
        let last = last.filter(|last| !last.is_repeated && last.end == offset)?;
        Some(at.ts - last.at.ts)
    }

    /// When the first was sent.
    pub(super) fn since(&self) -> Option<Moment> {
        self.0.front().map(|first| first.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: 1 }
    }

    fn three() -> UnderWay {
        let mut under_way = UnderWay::default();
        (0..3).for_each(|n| under_way.sent(n * 10, n * 10 + 10, at(n as i64)));
        under_way
    }

    #[test]
    fn an_acknowledgement_answers_the_last_segment_that_it_covers() {
        let mut under_way = three();
        assert_eq!(under_way.acknowledged(20, at(9)), Some(8));
        assert_eq!(under_way.since(), Some(at(2)));
        assert_eq!(under_way.acknowledged(25, at(11)), None, "in the middle of a segment");
        assert_eq!(under_way.acknowledged(30, at(12)), Some(10));
        assert_eq!(under_way.since(), None);
    }

    #[test]
    fn what_was_sent_twice_measures_nothing() {
        let mut under_way = three();
        under_way.sent_again(10, 20);
        assert_eq!(under_way.acknowledged(20, at(9)), None);
        assert_eq!(under_way.acknowledged(30, at(9)), Some(7));
    }

    #[test]
    fn keeps_the_first_and_the_last_of_many() {
        let mut under_way = UnderWay::default();
        (0..1_000).for_each(|n| under_way.sent(n, n + 1, at(n as i64)));
        assert_eq!(under_way.since(), Some(at(0)));
        assert_eq!(under_way.acknowledged(1_000, at(1_005)), Some(6));
    }
}
