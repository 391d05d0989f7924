//! Stalls of Nagle's algorithm with delayed acknowledgements (RFC 1122 §4.2.3.4 and §4.2.3.2): a
//! sender with a small segment to send waits until all it has sent is acknowledged, and the receiver,
//! which has nothing to answer yet, waits with the acknowledgement.

use std::ops::RangeInclusive;

use serde::Serialize;

use crate::moment::{Moment, Timestamp};

/// How long a receiver delays its acknowledgement, in ns: 40 ms in Linux, 100 in macOS, 200 in Windows (the
/// grain of the timers makes 40 into 36), though RFC 1122 §4.2.3.2 allows 500 ms.
const DELAYED_ACK: RangeInclusive<i64> = 30_000_000..=250_000_000;

/// So soon after the acknowledgement a sender that was only waiting for it goes on, beyond the way
/// there and back, in ns (3 ms).
const AT_ONCE: i64 = 3_000_000;

/// Segments of this many bytes are not small: the largest that any IPv4 host must take
/// (RFC 9293 §3.7.1).
const FULL: u64 = 536;

/// The stalls of one sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stalls {
    /// How many.
    pub count: u64,
    /// How long they took together, in ns.
    pub ns: i64,
    /// The small segment that ended the first.
    #[serde(skip)]
    pub first: Option<Moment>,
}

/// What one sender waits for.
#[derive(Debug, Default)]
pub(super) struct Nagle {
    /// When its newest bytes were sent, and the number of the byte behind them.
    sent: Option<(Timestamp, u32)>,
    largest: u64,
    /// An acknowledgement of all of them that came alone and late: when, and after how long.
    acknowledged: Option<(Timestamp, i64)>,
    pub(super) stalls: Stalls,
}

/// The quickest way there and back on both sides of the point of capture, in ns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paths {
    /// To the sender.
    pub(super) sender: i64,
    /// To the receiver.
    pub(super) receiver: i64,
}

impl Nagle {
    /// Takes bytes of the sender.
    pub(super) fn sends(&mut self, seq: u32, len: u64, at: Moment, paths: Paths) {
        let waited = self.acknowledged.take();
        let goes_on = self.sent.is_some_and(|(_, next)| next == seq);
        if let Some((acknowledged, ns)) = waited
            && goes_on
            && len < self.largest.max(FULL)
            && (0..=AT_ONCE + paths.sender).contains(&(at.ts - acknowledged))
        {
            self.stalls.count += 1;
            self.stalls.ns += ns;
            self.stalls.first.get_or_insert(at);
        }
        self.largest = self.largest.max(len);
        // Modulo 2^32 is meant: sequence numbers wrap.
        let next = seq.wrapping_add(len as u32);
        if self.sent.is_none_or(|(_, known)| next.wrapping_sub(known).cast_signed() > 0) {
            self.sent = Some((at.ts, next));
        }
    }

    /// Takes an acknowledgement by the receiver; `alone` if it brought no bytes of its own.
    pub(super) fn is_acknowledged(&mut self, ack: u32, alone: bool, at: Moment, paths: Paths) {
        let Some((sent, next)) = self.sent.filter(|_| alone) else {
            self.acknowledged = None;
            return;
        };
        let ns = at.ts - sent - paths.receiver;
        if ack == next && self.acknowledged.is_none() && DELAYED_ACK.contains(&ns) {
            self.acknowledged = Some((at.ts, ns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn at(ms: i64) -> Moment {
        Moment { ts: Timestamp(ms * MS), frame: 1 }
    }

    /// A message, its acknowledgement after `delay`, and its last 5 bytes `pause` after that.
    fn stalls(delay: i64, pause: i64, alone: bool) -> u64 {
        let mut nagle = Nagle::default();
        nagle.sends(0, 1448, at(0), Paths::default());
        nagle.is_acknowledged(1448, alone, at(delay), Paths::default());
        nagle.sends(1448, 5, at(delay + pause), Paths::default());
        nagle.stalls.count
    }

    #[test]
    fn a_small_segment_that_waits_for_a_late_acknowledgement_is_a_stall() {
        assert_eq!(stalls(40, 0, true), 1);
        assert_eq!(stalls(200, 1, true), 1);
    }

    #[test]
    fn what_was_not_held_back_is_none() {
        assert_eq!(stalls(1, 0, true), 0, "acknowledged at once");
        assert_eq!(stalls(40, 20, true), 0, "went on when it liked");
        assert_eq!(stalls(40, 0, false), 0, "a reply was waited for");
    }

    #[test]
    fn the_way_to_a_distant_receiver_is_no_delay() {
        let paths = Paths { sender: 0, receiver: 80 * MS };
        let mut nagle = Nagle::default();
        nagle.sends(0, 1448, at(0), paths);
        nagle.is_acknowledged(1448, true, at(85), paths);
        nagle.sends(1448, 5, at(85), paths);
        assert_eq!(nagle.stalls, Stalls::default());
    }
}
