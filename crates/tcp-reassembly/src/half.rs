//! One direction of a connection: sequence numbers become offsets, segments wait for their turn.

use std::collections::BTreeMap;

use super::analysis::{Counters, Unacknowledged};
use super::holes::{Filler, Holes};
use super::hops::Hops;
use super::nagle::Nagle;
use super::oddity::Oddities;
use super::recent_segments::{self, RecentSegments};
use super::sightings::{COPY_WINDOW, Sent, Sightings};
use super::under_way::UnderWay;
use super::window::Window;
use super::{Gap, GapCause};
use crate::moment::{Moment, Timestamp};
use capture_terms::segment::Segment;

/// Sequence numbers further than this from what is expected belong to no sane connection: the
/// largest window of TCP is 2^30 bytes (RFC 7323 §2.3).
pub(super) const LARGEST_WINDOW: i64 = 1 << 30;

/// So far beyond the peer's window, as far as its packets were captured, a segment may lie; further
/// away it is not of this connection, or damaged (1 MiB: acknowledgements may be missing from the
/// capture, and windows grow).
pub(super) const BEYOND_WINDOW: u64 = 1 << 20;

/// A reset may overtake what was sent before it, by less than this in ns (1 s).
const OVERTAKING: i64 = 1_000_000_000;

/// What one entry in the waiting room costs besides its bytes: the tree node and the header.
const OVERHEAD: usize = 96;

/// Bytes that wait for their predecessors, or for what their sender had already read.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) body: HeldBody,
    pub(super) at: Moment,
    /// The acknowledgement number that came with them: the peer's bytes before it come first.
    pub(super) ack: Option<u32>,
}

#[derive(Debug)]
pub(super) enum HeldBody {
    Bytes(Box<[u8]>),
    /// So many bytes that were cut off: known to be missing, so not waited for.
    Cut(u64, GapCause),
}

impl HeldBody {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Cut(len, _) => *len,
        }
    }

    fn allocated(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len() + OVERHEAD,
            Self::Cut(..) => OVERHEAD,
        }
    }
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The sequence number of offset 0, once known.
    pub(super) base: Option<u32>,
    /// Everything before this offset has been handed on.
    pub(super) next: u64,
    /// The end of the furthest byte seen.
    pub(super) top: u64,
    /// When `top` was last moved, and by which packet.
    pub(super) top_ts: Timestamp,
    pub(super) top_sent: Sent,
    /// The furthest byte that the peer has acknowledged, and when it did.
    pub(super) acked: u64,
    pub(super) acked_at: Moment,
    /// The same, but never taken back: packets that were recorded in a wrong order look like false
    /// acknowledgements, and nobody is to be blamed for them.
    furthest_ack: u64,
    /// Segments with bytes that were sent again since.
    pub(super) repeated: u64,
    /// Where the newest acknowledgement stands, by time and by place in the file. It never goes
    /// back: one that is beyond both was no true one.
    newest_ack: Option<(Moment, u64)>,
    last_ack: u64,
    /// The end of the window that the peer has announced.
    window_end: Option<u64>,
    /// The shift of the windows that this end announces, if its SYN was seen.
    pub(super) window_shift: Option<u8>,
    /// The offset of the FIN.
    pub(super) fin: Option<u64>,
    /// The peer has acknowledged the FIN's own number.
    pub(super) fin_acked: bool,
    pub(super) held: BTreeMap<u64, Held>,
    /// Bytes allocated for `held`; the caps are about these, not about the payload alone.
    pub(super) allocated: usize,
    pub(super) quickest_ack_ns: Option<i64>,
    /// The first acknowledgement sent by this end after its SYN.
    pub(super) first_ack_at: Option<Moment>,
    pub(super) fin_at: Option<Moment>,
    /// What that FIN acknowledges.
    pub(super) fin_ack: u32,
    /// The numbers of its SYN and FIN.
    pub(super) syn_seq: Option<u32>,
    pub(super) fin_seq: Option<u32>,
    pub(super) fin_again: bool,
    pub(super) rst_at: Option<Moment>,
    /// The sequence number of that RST.
    pub(super) rst_seq: u32,
    pub(super) counters: Counters,
    pub(super) odd: Oddities,
    /// What was handed on lately.
    pub(super) handed_on: RecentSegments,
    pub(super) sightings: Sightings,
    pub(super) holes: Holes,
    /// The number that the other end acknowledged last without bytes of its own, and how often again.
    asked: (u32, u32),
    pub(super) under_way: UnderWay,
    pub(super) window: Window,
    pub(super) nagle: Nagle,
    pub(super) hops: Hops,
    pub(super) first_at: Option<Moment>,
    /// What searching the waiting room took.
    #[cfg(test)]
    steps: std::cell::Cell<u64>,
}

impl Half {
    /// The stream offset of a sequence number: the one nearest to what is expected next, so that
    /// numbers may wrap (RFC 9293 §3.4). Negative before the start of the stream.
    pub(super) fn offset_of(&self, seq: u32) -> Option<i64> {
        // Modulo 2^32 is meant: sequence numbers wrap, offsets do not.
        let expected = self.base?.wrapping_add(self.next as u32);
        let distance = i64::from(seq.wrapping_sub(expected).cast_signed());
        (distance.abs() <= LARGEST_WINDOW).then_some(self.next.cast_signed() + distance)
    }

    /// The offset up to which the peer, when it sent `ack`, had read; the FIN's own number is no
    /// byte of the stream.
    pub(super) fn read_before(&self, ack: u32) -> Option<u64> {
        let offset = self.offset_of(ack)?.max(0).cast_unsigned();
        Some(self.fin.map_or(offset, |fin| offset.min(fin)))
    }

    /// Every byte of this direction lies before the sequence number.
    pub(super) fn ends_by(&self, ack: u32) -> bool {
        self.offset_of(ack).is_some_and(|offset| offset >= self.top.cast_signed())
    }

    /// Notes an acknowledgement by the peer, and the window that it announces.
    pub(super) fn acknowledge(&mut self, ack: u32, window: u32, at: Moment) {
        let Some(offset) = self.read_before(ack) else { return };
        if self.fin.is_some() && self.offset_of(ack) > self.fin.map(u64::cast_signed) {
            self.fin_is_acknowledged(at);
        }
        let window_end = offset.saturating_add(window.into());
        self.window_end = Some(self.window_end.map_or(window_end, |end| end.max(window_end)));
        if self.newest_ack.is_none_or(|(newest, _)| newest <= at) {
            self.newest_ack = Some((at, offset));
        }
        self.last_ack = offset;
        if offset > self.acked {
            (self.acked, self.acked_at) = (offset, at);
        }
        if offset > self.furthest_ack {
            self.furthest_ack = offset;
            self.repeated = 0;
            if let Some(ns) = self.under_way.acknowledged(offset, at) {
                self.saw_answer(ns);
            }
        }
    }

    fn fin_is_acknowledged(&mut self, at: Moment) {
        if let Some(fin_at) = self.fin_at.filter(|_| !self.fin_acked && !self.fin_again) {
            self.saw_answer(at.ts - fin_at.ts);
        }
        self.fin_acked = true;
    }

    /// Notes an acknowledgement by the peer that brought no bytes.
    pub(super) fn is_asked_for(&mut self, ack: u32) {
        let (last, times) = self.asked;
        self.asked = (ack, if ack == last { times.saturating_add(1) } else { 0 });
    }

    /// How often the peer has asked for the byte of this number (RFC 5681 §2: duplicate acknowledgements).
    pub(super) fn times_asked(&self, seq: u32) -> u32 {
        let (last, times) = self.asked;
        if last == seq { times } else { 0 }
    }

    /// Whether the bytes of a segment were captured before, and the sender's clock or count shows that
    /// this segment was sent before others that were captured: a copy that comes late. What is sent
    /// again is sent after them. Within one tick of the clock only what was asked for is sent again.
    pub(super) fn is_late_copy(&self, segment: &Segment<'_>) -> bool {
        let len = segment.payload.len() as u64 + u64::from(segment.cut);
        let start = self.offset_of(segment.seq).and_then(|start| u64::try_from(start).ok());
        let Some(start) = start.filter(|start| len > 0 && start + len <= self.top) else {
            return false;
        };
        if self.holes.has(start, start + len) {
            return false;
        }
        let sent = Sent::of(segment);
        let is_soon = (segment.at.ts - self.top_ts).saturating_abs() <= COPY_WINDOW;
        match self.sightings.count.order(sent, self.top_sent) {
            Some(order) if sent.ticks_after(self.top_sent) != Some(0) => order.is_lt(),
            _ => {
                let same_tick = sent.ticks_after(self.top_sent) == Some(0);
                same_tick && is_soon && self.times_asked(segment.seq) == 0
            }
        }
    }

    pub(super) fn unacknowledged(&self) -> Unacknowledged {
        Unacknowledged {
            bytes: self.top.saturating_sub(self.furthest_ack),
            attempts: self.repeated,
            since: self.under_way.since(),
        }
    }

    /// Notes a segment ahead of all others, and what it jumped over.
    pub(super) fn moves_on(&mut self, start: u64, end: u64, shown: Filler) {
        let Filler { at, sent, .. } = shown;
        if self.top > 0 {
            self.odd.check_clock(self.top_ts, at);
        }
        if start > self.top {
            let missing = self.base.map_or(0, |base| base.wrapping_add(self.top as u32));
            self.holes.open(self.top, start, Filler { asked: self.times_asked(missing), ..shown });
        }
        (self.top, self.top_ts, self.top_sent) = (end, at.ts, sent);
        self.sent(start, end, at);
    }

    /// Notes that new bytes were sent.
    pub(super) fn sent(&mut self, start: u64, end: u64, at: Moment) {
        if end > self.furthest_ack {
            self.under_way.sent(start, end, at);
        }
    }

    /// Whether the peer has acknowledged bytes up to here, and has not gone back on it.
    pub(super) fn is_acknowledged(&self, until: u64) -> bool {
        self.last_ack >= until || self.newest_ack.is_some_and(|(_, offset)| offset >= until)
    }

    /// Takes the acknowledgements back that the peer itself did.
    pub(super) fn forget_false_acks(&mut self) {
        let newest = self.newest_ack.map_or(0, |(_, offset)| offset);
        self.acked = self.acked.min(newest.max(self.last_ack));
    }

    /// Whether a segment that reaches up to `end` can be meant: the peer's window, if any of its
    /// packets was captured, is the limit.
    pub(super) fn is_within_window(&self, end: u64) -> bool {
        let limit = self.window_end.map(|end| end.max(self.next).saturating_add(BEYOND_WINDOW));
        limit.is_none_or(|limit| end <= limit)
    }

    /// Whether bytes at `offset` differ from those of an earlier segment. A keep-alive may have any
    /// byte in it (RFC 9293 §3.8.4).
    pub(super) fn contradicts(&self, offset: u64, payload: &[u8]) -> bool {
        let end = offset.saturating_add(payload.len() as u64);
        if offset >= self.top || (payload.len() == 1 && end == self.next) {
            return false;
        }
        let first = self.held.range(..=offset).next_back().map_or(offset, |(&first, _)| first);
        let mut waiting = self.held.range(first..end);
        let differs = |(&at, held): (&u64, &Held)| match &held.body {
            HeldBody::Bytes(bytes) => recent_segments::differ(at, bytes, offset, payload),
            HeldBody::Cut(..) => false,
        };
        waiting.any(differs) || self.handed_on.contradicts(offset, payload)
    }

    /// Notes where a segment with data or FIN ends. Data beyond a FIN shows that it was none.
    pub(super) fn saw_end(&mut self, end: u64, fin: bool) {
        if self.fin.is_some_and(|known| known < end) {
            self.fin = None;
        }
        if fin && self.fin.is_none() {
            self.end_at(end);
        }
    }

    /// The stream ends here. The FIN's own number, which the peer may have acknowledged before the
    /// FIN was seen, is no byte of it.
    pub(super) fn end_at(&mut self, end: u64) {
        self.fin = Some(end);
        self.acked = self.acked.min(end);
    }

    /// Whether what is missing before `until` is a FIN that was not captured: one number behind
    /// the data, and nothing after it.
    pub(super) fn is_unseen_fin(&self, until: u64) -> bool {
        self.fin.is_none() && self.held.is_empty() && until == self.next.saturating_add(1)
    }

    /// An end that goes on sending new bytes long after its reset did not send it: somebody else did.
    /// Of bytes numbered before the reset only the packet came late.
    pub(super) fn doubt_reset(&mut self, segment: &Segment<'_>) {
        let Some(rst_at) = self.rst_at.filter(|&rst_at| rst_at < segment.at) else { return };
        let next = self.next.cast_signed();
        let is_overtaken = segment.at.ts - rst_at.ts < OVERTAKING;
        let is_behind = segment.seq.wrapping_sub(self.rst_seq).cast_signed() >= 0;
        let is_new = self.offset_of(segment.seq).is_some_and(|offset| offset >= next);
        if is_new && is_behind && !is_overtaken && !segment.payload.is_empty() {
            self.rst_at = None;
            self.odd.resets_ignored.note(rst_at);
        }
    }

    /// Notes that a packet of this end was answered after `ns`. A negative time is a capture out
    /// of order, and tells nothing.
    pub(super) fn saw_answer(&mut self, ns: i64) {
        if ns >= 0 {
            self.quickest_ack_ns = Some(self.quickest_ack_ns.map_or(ns, |known| known.min(ns)));
        }
    }

    /// The first segment in the waiting room.
    pub(super) fn head(&self) -> Option<(u64, &Held)> {
        self.held.first_key_value().map(|(&offset, held)| (offset, held))
    }

    pub(super) fn take_head(&mut self) -> Option<(u64, Held)> {
        let (offset, held) = self.held.pop_first()?;
        self.allocated = self.allocated.saturating_sub(held.body.allocated());
        Some((offset, held))
    }

    /// Puts bytes into the waiting room, where they do not overlap what is there already: the
    /// first copy of a byte wins. Returns how many were new.
    pub(super) fn hold(
        &mut self,
        offset: u64,
        payload: &[u8],
        at: Moment,
        ack: Option<u32>,
    ) -> u64 {
        let (end, mut cursor) =
            (offset.saturating_add(payload.len() as u64), offset.max(self.next));
        let mut fresh = 0;
        while let Some((from, to)) = self.free_run(cursor, end) {
            let run = |o: u64| usize::try_from(o - offset).unwrap_or(usize::MAX);
            let bytes = payload.get(run(from)..run(to)).unwrap_or_default();
            self.put(from, Held { body: HeldBody::Bytes(bytes.into()), at, ack });
            fresh += to - from;
            cursor = to;
        }
        fresh
    }

    /// Notes that `gap` was cut off at `offset`.
    pub(super) fn hold_cut(&mut self, offset: u64, gap: Gap, at: Moment, ack: Option<u32>) {
        let Gap { bytes: len, cause } = gap;
        let (end, mut cursor) = (offset.saturating_add(len), offset.max(self.next));
        while let Some((from, to)) = self.free_run(cursor, end) {
            self.put(from, Held { body: HeldBody::Cut(to - from, cause), at, ack });
            cursor = to;
        }
    }

    fn put(&mut self, offset: u64, held: Held) {
        self.allocated += held.body.allocated();
        self.held.insert(offset, held);
    }

    /// The first run of offsets in `from..end` that nothing in the waiting room covers.
    fn free_run(&self, from: u64, end: u64) -> Option<(u64, u64)> {
        let mut start = from;
        if let Some((&offset, held)) = self.held.range(..=start).next_back() {
            start = start.max(offset.saturating_add(held.body.len()));
        }
        // What lies beyond the end does not matter: segments may come backwards, byte by byte.
        while start < end {
            #[cfg(test)]
            self.steps.set(self.steps.get() + 1);
            let stop = self.held.range(start..end).next();
            match stop {
                Some((&offset, held)) if offset == start => start = offset + held.body.len(),
                Some((&offset, _)) => return Some((start, offset)),
                None => return Some((start, end)),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half() -> Half {
        Half { base: Some(u32::MAX - 1), ..Half::default() }
    }

    fn held(half: &Half) -> Vec<(u64, Vec<u8>)> {
        let bytes = |held: &Held| match &held.body {
            HeldBody::Bytes(bytes) => bytes.to_vec(),
            HeldBody::Cut(..) => Vec::new(),
        };
        half.held.iter().map(|(&offset, held)| (offset, bytes(held))).collect()
    }

    #[test]
    fn offsets_grow_where_sequence_numbers_wrap() {
        let mut half = half();
        assert_eq!(half.offset_of(u32::MAX), Some(1));
        assert_eq!(half.offset_of(3), Some(5));
        assert_eq!(half.offset_of(u32::MAX - 2), Some(-1));
        half.next = (1 << 32) + 10;
        assert_eq!(half.offset_of(8), Some((1 << 32) + 10));
    }

    #[test]
    fn the_first_copy_of_a_byte_wins() {
        let mut half = half();
        assert_eq!(half.hold(4, b"4567", Moment::default(), None), 4);
        assert_eq!(half.hold(2, b"xxxxxxxxxx", Moment::default(), None), 6);
        let expected = [(2, b"xx".to_vec()), (4, b"4567".to_vec()), (8, b"xxxx".to_vec())];
        assert_eq!(held(&half), expected);
        assert_eq!(half.hold(3, b"yyy", Moment::default(), None), 0);
    }

    #[test]
    fn an_acknowledgement_of_the_fin_is_no_byte() {
        let mut half = half();
        half.fin = Some(7);
        assert_eq!(half.read_before(u32::MAX - 1), Some(0));
        assert_eq!(half.read_before(6), Some(7));
    }

    #[test]
    fn segments_that_come_backwards_cost_as_much_as_others() {
        for order in [0, 1, 2] {
            let mut half = half();
            for n in 0..4_000 {
                let offset = match order {
                    0 => n,
                    1 => 3_999 - n,
                    // Every other one, and then those between.
                    _ => (n * 2) % 4_000 + n / 2_000,
                };
                half.hold(offset + 1, b"x", Moment::default(), None);
            }
            assert_eq!(half.held.len(), 4_000, "{order}");
            assert!(half.steps.get() <= 4_000 * 2, "{order}: {} steps", half.steps.get());
        }
    }
}
