//! Packets that were captured more than once, told from packets that were sent more than once.
//!
//! Copies of a packet are equal in all that its sender wrote: numbers, flags, window, length, the
//! identification of IPv4, the clock and what is echoed of the other's, SACK. What the way changes is
//! not compared: hops left, the checksum (a card fills it in behind the recorder), the options of a SYN
//! (routers lower its MSS). A sender that sends again counts its identification (RFC 6864 §4.2) and its
//! clock (RFC 7323 §4.1) on: where one of them tells, equal packets are copies, however far apart.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::moment::Timestamp;
use capture_terms::segment::{Segment, TcpFlags};

/// Packets remembered in each direction, at least; at most twice as many. Copies that come later are
/// known by the sender's clock or count alone.
pub(super) const REMEMBERED_PACKETS: usize = 256;

/// Where nothing in them tells, equal packets within this are copies, in ns (10 ms): no sender repeats
/// itself so soon without being asked (RFC 6298 §2.4, RFC 8985 §7.2).
pub(super) const COPY_WINDOW: i64 = 10_000_000;

/// So often the other end asks for what it misses before a sender repeats it (RFC 5681 §3.2).
pub(super) const ASKED: u32 = 3;

/// What is equal in all captures of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    pub(super) len: u32,
    pub(super) sent: Sent,
    pub(super) echoes: u32,
}

impl Fingerprint {
    pub(super) fn of(segment: &Segment<'_>) -> Self {
        Self {
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags.0,
            window: segment.window,
            len: u32::try_from(segment.payload.len())
                .unwrap_or(u32::MAX)
                .saturating_add(segment.cut),
            sent: Sent::of(segment),
            echoes: segment.echoes,
        }
    }

    fn digest(&self) -> u64 {
        /// Odd, with bits all over: each step loses nothing.
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let Self { seq, ack, flags, window, len, sent, echoes } = *self;
        let id = sent.ip_id.map_or(0, |id| 1 << 16 | u64::from(id));
        let clock = sent.clock.map_or(0, |clock| 1 << 32 | u64::from(clock));
        let words = [
            u64::from(seq) << 32 | u64::from(ack),
            u64::from(len) << 32 | u64::from(flags) << 16 | u64::from(window),
            id << 32 | u64::from(echoes),
            clock,
        ];
        let step = |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
        words.into_iter().fold(1, step)
    }

    /// Equal packets of this kind would be one packet even without identification: a bare
    /// acknowledgement is repeated on purpose (RFC 5681 §4.2).
    fn has_content(&self) -> bool {
        self.len > 0 || TcpFlags(self.flags).syn() || TcpFlags(self.flags).fin()
    }
}

/// What a sender counts on with each packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// The identification of IPv4, if it has one (RFC 6864 §4.1: 0 is none).
    pub(super) ip_id: Option<u16>,
    /// TSval (RFC 7323 §3.2).
    pub(super) clock: Option<u32>,
}

impl Sent {
    pub(super) fn of(segment: &Segment<'_>) -> Self {
        Self { ip_id: segment.ip_id.filter(|&id| id != 0), clock: segment.timestamp }
    }

    /// How much later by the sender's clock, in its ticks.
    pub(super) fn ticks_after(self, other: Self) -> Option<i32> {
        // Modulo 2^32 is meant: clocks wrap (RFC 7323 §5.2).
        Some(self.clock?.wrapping_sub(other.clock?).cast_signed())
    }

    /// How much later by the sender's count.
    fn packets_after(self, other: Self) -> Option<i16> {
        Some(self.ip_id?.wrapping_sub(other.ip_id?).cast_signed())
    }
}

/// How a sender uses the identification.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    last: Option<(Sent, u64)>,
    steps: u8,
    /// It leaps: a random number, or shared with many other connections.
    leaps: bool,
    /// Different packets have the same one.
    stands: bool,
}

/// Steps of a count that this connection shares with few others.
const STEP: i16 = 1024;

/// So many steps show that it counts.
const STEPS: u8 = 3;

impl Count {
    fn note(&mut self, sent: Sent, digest: u64) {
        if let Some((last, other)) = self.last
            && let Some(step) = sent.packets_after(last)
        {
            self.stands |= step == 0 && digest != other;
            self.leaps |= step.unsigned_abs() > STEP.unsigned_abs();
            self.steps = self.steps.saturating_add(u8::from(step > 0));
        }
        self.last = Some((sent, digest));
    }

    /// Which of two packets was sent first: by the clock, or else by the count. None if neither tells.
    pub(super) fn order(&self, one: Sent, other: Sent) -> Option<std::cmp::Ordering> {
        if let Some(ticks) = one.ticks_after(other).filter(|&ticks| ticks != 0) {
            return Some(ticks.cmp(&0));
        }
        let counts = !self.leaps && !self.stands && self.steps >= STEPS;
        let packets = one.packets_after(other).filter(|&packets| counts && packets != 0);
        packets.map(|packets| packets.cmp(&0))
    }
}

/// When and where a packet was seen first.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    ts: Timestamp,
    interface: u32,
    hops: Option<u8>,
    /// How often the other end had asked for it.
    asked: u32,
}

/// What is known beside the packet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// How often the other end has asked for it.
    pub(super) asked: u32,
    /// The smallest round trip so far, in ns.
    pub(super) round_trip: i64,
}

/// The digest is the hash.
#[derive(Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

type Generation = HashMap<u64, Sighting, BuildHasherDefault<Digest>>;

/// The packets last seen in one direction.
#[derive(Default)]
pub(super) struct Sightings {
    newer: Generation,
    older: Generation,
    pub(super) count: Count,
}

impl std::fmt::Debug for Sightings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sightings({})", self.newer.len() + self.older.len())
    }
}

impl Sightings {
    /// Whether a packet was captured before; remembers one that was not.
    pub(super) fn is_copy(&mut self, segment: &Segment<'_>, around: Around) -> bool {
        let packet = Fingerprint::of(segment);
        let digest = packet.digest();
        let sighting = Sighting {
            ts: segment.at.ts,
            interface: segment.interface,
            hops: segment.hops,
            asked: around.asked,
        };
        let known = self.newer.get(&digest).or_else(|| self.older.get(&digest));
        if known.is_some_and(|first| self.is_same(&packet, *first, sighting, around)) {
            return true;
        }
        self.count.note(packet.sent, digest);
        if self.newer.len() >= REMEMBERED_PACKETS {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(digest, sighting);
        false
    }

    /// Whether two equal packets are one.
    fn is_same(
        &self,
        packet: &Fingerprint,
        first: Sighting,
        again: Sighting,
        around: Around,
    ) -> bool {
        let is_counted = packet.sent.ip_id.is_some() && !self.count.stands;
        if is_counted || first.interface != again.interface || first.hops != again.hops {
            return true;
        }
        if !packet.has_content() || again.asked.saturating_sub(first.asked) >= ASKED {
            return false;
        }
        let lag = (again.ts - first.ts).saturating_abs();
        packet.sent.clock.is_some() || lag <= COPY_WINDOW.max(around.round_trip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use capture_terms::segment::CutBy;

    const MS: i64 = 1_000_000;

    fn packet(ms: i64, ip_id: Option<u16>, clock: Option<u32>) -> Segment<'static> {
        Segment {
            at: Moment { ts: Timestamp(ms * MS), frame: 1 },
            source: ([192, 0, 2, 1], 40000).into(),
            destination: ([192, 0, 2, 2], 25).into(),
            seq: 1,
            ack: 2,
            flags: TcpFlags::ACK,
            window: 9,
            window_scale: None,
            ip_id,
            hops: Some(64),
            interface: 0,
            timestamp: clock,
            echoes: 0,
            payload: b"NOOP\r\n",
            cut: 0,
            cut_by: CutBy::default(),
            bytes: &[],
        }
    }

    fn are_one(first: &Segment<'_>, again: &Segment<'_>, asked: u32) -> bool {
        let mut sightings = Sightings::default();
        assert!(!sightings.is_copy(first, Around::default()));
        sightings.is_copy(again, Around { asked, round_trip: 0 })
    }

    #[test]
    fn a_copy_is_known_by_what_its_sender_wrote_however_late_it_comes() {
        let first = packet(0, Some(7), None);
        assert!(are_one(&first, &packet(60_000, Some(7), None), 0));
        assert!(!are_one(&first, &packet(1, Some(8), None), 0), "sent again at once");
        let first = packet(0, None, Some(100));
        assert!(are_one(&first, &packet(60_000, None, Some(100)), 0));
        assert!(!are_one(&first, &packet(1, None, Some(101)), 0), "sent again at once");
    }

    #[test]
    fn where_nothing_in_a_packet_tells_its_place_and_time_do() {
        for nothing in [None, Some(0)] {
            let first = packet(0, nothing, None);
            assert!(are_one(&first, &packet(9, nothing, None), 0));
            assert!(!are_one(&first, &packet(9, nothing, None), ASKED), "it was asked for");
            assert!(!are_one(&first, &packet(200, nothing, None), 0));
            let elsewhere = Segment { interface: 1, ..packet(200, nothing, None) };
            assert!(are_one(&first, &elsewhere, 0));
            let routed = Segment { hops: Some(63), ..packet(200, nothing, None) };
            assert!(are_one(&first, &routed, 0));
        }
    }

    #[test]
    fn a_bare_acknowledgement_may_be_repeated_on_purpose() {
        let bare = |ip_id, clock| Segment { payload: b"", ..packet(0, ip_id, clock) };
        assert!(!are_one(&bare(None, Some(5)), &bare(None, Some(5)), 0));
        assert!(are_one(&bare(Some(5), None), &bare(Some(5), None), 0));
    }

    #[test]
    fn a_number_that_all_packets_have_tells_nothing() {
        let mut sightings = Sightings::default();
        for seq in [1, 7] {
            let packet = Segment { seq, ..packet(0, Some(7), None) };
            assert!(!sightings.is_copy(&packet, Around::default()));
        }
        assert!(!sightings.is_copy(&packet(300, Some(7), None), Around::default()));
    }

    #[test]
    fn the_order_of_sending_is_told_by_clock_or_count() {
        let sent = |ip_id, clock| Sent { ip_id, clock };
        let mut count = Count::default();
        let order = |count: &Count, one, other| count.order(one, other).map(|order| order as i8);
        assert_eq!(order(&count, sent(None, Some(2)), sent(None, Some(u32::MAX))), Some(1));
        assert_eq!(order(&count, sent(Some(9), None), sent(Some(5), None)), None);
        (1..6).for_each(|id| count.note(sent(Some(id), None), id.into()));
        assert_eq!(order(&count, sent(Some(9), None), sent(Some(5), None)), Some(1));
        assert_eq!(order(&count, sent(Some(4), Some(1)), sent(Some(5), Some(1))), Some(-1));
        count.note(sent(Some(30_000), None), 1);
        assert_eq!(order(&count, sent(Some(9), None), sent(Some(5), None)), None);
    }

    #[test]
    fn remembers_so_many_packets_and_no_more() {
        let mut sightings = Sightings::default();
        for seq in 0..10_000 {
            let packet = Segment { seq, ..packet(0, None, None) };
            assert!(!sightings.is_copy(&packet, Around::default()));
            assert!(sightings.newer.len() + sightings.older.len() <= 2 * REMEMBERED_PACKETS);
        }
        let recent = Segment { seq: 9_900, ..packet(0, None, None) };
        assert!(sightings.is_copy(&recent, Around::default()));
    }
}
