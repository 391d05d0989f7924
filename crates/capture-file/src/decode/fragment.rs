//! IP datagrams in parts (RFC 791 §3.2, RFC 8200 §4.5): put together again, in any order.
//!
//! The first copy of a byte wins, as it does in TCP (`flow::half`). Nobody waits: a segment comes
//! out when the last missing part comes in.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::CutBy;
use super::layer::{Layer, Next};
use super::skip::Skip;
use crate::moment::{Moment, Timestamp};

/// Datagrams that are kept, whole ones too for a moment. A busy path has a few incomplete ones at a
/// time, and the oldest is forgotten first.
pub(super) const MOST_DATAGRAMS: usize = 1024;

/// Their bytes, all together.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// Separate runs of bytes of one datagram. 64 KiB in parts of 576 bytes, every other one missing,
/// are 57.
pub(super) const MOST_RUNS: usize = 256;

/// A part belongs to no datagram that is older, in ns (60 s: RFC 8200 §4.5; Linux waits 30 s).
const OLDEST: i64 = 60_000_000_000;

/// Copies of the parts of a whole datagram come within this, in ns (1 s); later ones are another
/// datagram that has the same identification.
const COPY_WINDOW: i64 = 1_000_000_000;

/// An IP datagram ends before this (RFC 791 §3.1: the total length has 16 bits).
const LARGEST: u64 = 0xffff;

/// Which part of which datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// What is in the datagram; the first part tells (RFC 8200 §4.5).
    pub protocol: u8,
    /// The identification that all parts share.
    pub id: u32,
    /// Where it belongs, in bytes.
    pub offset: u16,
    /// It is not the last.
    pub more: bool,
}

/// What came of the datagrams in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentFacts {
    /// Datagrams put together.
    pub joined: u64,
    /// Parts that were there already.
    pub duplicates: u64,
    /// Parts that say of some bytes something else than an earlier part, and the first such frame.
    pub overlaps_differ: u64,
    /// The first frame with such a part.
    pub first_overlap: Option<u64>,
    /// Datagrams of TCP that lack a part.
    pub incomplete: u64,
    /// The first frame with a part of such a datagram.
    pub first_incomplete: Option<u64>,
}

/// A datagram put together.
#[derive(Debug)]
pub(super) struct Whole {
    /// Its payload, up to the first byte that was not captured.
    pub(super) bytes: Vec<u8>,
    /// When its latest part was captured.
    pub(super) at: Moment,
    /// All else that is known of it.
    layer: Layer<'static>,
}

impl Whole {
    pub(super) fn layer(&self) -> Layer<'_> {
        Layer { data: &self.bytes, ..self.layer }
    }
}

/// What names a datagram (RFC 791 §3.2); of IPv6 the protocol is no part of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Name {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    protocol: Option<u8>,
}

impl Name {
    fn of(part: &Part) -> Self {
        let Part { source, destination, id, protocol, .. } = *part;
        let protocol = source.is_ipv4().then_some(protocol);
        Self { source, destination, id, protocol }
    }
}

/// The datagrams whose parts are coming in.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    datagrams: HashMap<Name, Datagram>,
    /// By age; an entry whose number is no longer its datagram's is void.
    order: VecDeque<(u64, Name)>,
    created: u64,
    bytes: usize,
    facts: FragmentFacts,
}

impl Fragments {
    /// Takes a part, and gives the datagram that it was the last missing part of.
    pub(super) fn join(
        &mut self,
        part: &Part,
        layer: Layer<'_>,
        at: Moment,
    ) -> Result<Whole, Skip> {
        let len = layer.data.len() as u64 + u64::from(layer.cut);
        if u64::from(part.offset) + len > LARGEST {
            return Err(Skip::Malformed { layer: "IP fragment" });
        }
        let name = Name::of(part);
        self.forget_if_past(name, part, layer.data, at.ts);
        let datagram = self.datagrams.entry(name).or_insert_with(|| {
            self.created += 1;
            self.order.push_back((self.created, name));
            Datagram::new(self.created, at)
        });
        let before = datagram.bytes.len();
        let added = datagram.add(part, &layer, at);
        self.bytes += datagram.bytes.len() - before;
        let whole = datagram.whole(name);
        self.note(added, at);
        self.facts.joined += u64::from(whole.is_some());
        self.make_room();
        whole.ok_or(Skip::Fragment)
    }

    pub(super) fn facts(&self) -> FragmentFacts {
        let mut facts = self.facts;
        for datagram in self.datagrams.values() {
            note_incomplete(&mut facts, datagram);
        }
        facts
    }

    /// A datagram that is too old, or whole and not repeated by this part, is another one.
    fn forget_if_past(&mut self, name: Name, part: &Part, data: &[u8], ts: Timestamp) {
        let Some(known) = self.datagrams.get(&name) else { return };
        let age = (ts - known.began.ts).saturating_abs();
        let past = if known.is_whole {
            age > COPY_WINDOW || !known.repeats(part, data)
        } else {
            age > OLDEST
        };
        if past {
            self.forget(name);
        }
    }

    fn forget(&mut self, name: Name) {
        let Some(datagram) = self.datagrams.remove(&name) else { return };
        self.bytes -= datagram.bytes.len();
        note_incomplete(&mut self.facts, &datagram);
    }

    fn note(&mut self, added: Added, at: Moment) {
        match added {
            Added::Fresh => {}
            Added::Nothing => self.facts.duplicates += 1,
            Added::Contradicts => {
                self.facts.overlaps_differ += 1;
                self.facts.first_overlap.get_or_insert(at.frame);
            }
        }
    }

    fn make_room(&mut self) {
        while self.order.len() > MOST_DATAGRAMS || self.bytes > MOST_BYTES {
            let Some((number, name)) = self.order.pop_front() else { return };
            if self.datagrams.get(&name).is_some_and(|known| known.number == number) {
                self.forget(name);
            }
        }
    }
}

fn note_incomplete(facts: &mut FragmentFacts, datagram: &Datagram) {
    if datagram.is_whole || datagram.protocol != super::TCP {
        return;
    }
    facts.incomplete += 1;
    let frame = datagram.began.frame;
    facts.first_incomplete = Some(facts.first_incomplete.map_or(frame, |first| first.min(frame)));
}

/// What a part brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Added {
    Fresh,
    Nothing,
    Contradicts,
}

/// One datagram.
#[derive(Debug)]
struct Datagram {
    number: u64,
    began: Moment,
    at: Moment,
    bytes: Vec<u8>,
    /// The bytes that are there, in order, apart from each other.
    runs: Vec<(usize, usize)>,
    /// The first byte that was sent but not captured.
    cut_at: Option<usize>,
    len: Option<usize>,
    /// The first part's, or the first that came.
    protocol: u8,
    ip_id: Option<u16>,
    mirrored: bool,
    cut_by: CutBy,
    depth: usize,
    is_whole: bool,
}

impl Datagram {
    fn new(number: u64, at: Moment) -> Self {
        Self {
            number,
            began: at,
            at,
            bytes: Vec::new(),
            runs: Vec::new(),
            cut_at: None,
            len: None,
            protocol: 0,
            ip_id: None,
            mirrored: false,
            cut_by: CutBy::SnapLength,
            depth: 0,
            is_whole: false,
        }
    }

    fn add(&mut self, part: &Part, layer: &Layer<'_>, at: Moment) -> Added {
        if self.is_whole || self.runs.len() >= MOST_RUNS {
            return Added::Nothing;
        }
        self.at = self.at.max(at);
        if part.offset == 0 || self.runs.is_empty() {
            self.protocol = part.protocol;
        }
        self.ip_id = layer.ip_id;
        self.mirrored |= layer.mirrored;
        self.cut_by = layer.cut_by;
        self.depth = self.depth.max(layer.depth);
        let from = usize::from(part.offset);
        let until = from + layer.data.len() + usize::try_from(layer.cut).unwrap_or(0);
        if !part.more {
            self.len.get_or_insert(until);
        }
        let contradicts = !self.agrees(from, layer.data);
        let fresh = self.fill(from, until, layer.data);
        match (contradicts, fresh) {
            (true, _) => Added::Contradicts,
            (false, true) => Added::Fresh,
            (false, false) => Added::Nothing,
        }
    }

    /// Writes what is new of `data`, which starts at `from`; up to `until` the rest was cut. Whether
    /// anything was.
    fn fill(&mut self, from: usize, until: usize, data: &[u8]) -> bool {
        let mut fresh = false;
        let mut at = from;
        while let Some((start, end)) = self.free_run(at, until) {
            if self.bytes.len() < end {
                self.bytes.resize(end, 0);
            }
            let captured = end.min(from + data.len());
            if let Some(bytes) = data.get(start - from..captured.saturating_sub(from))
                && let Some(place) = self.bytes.get_mut(start..captured)
            {
                place.copy_from_slice(bytes);
            }
            if captured < end {
                let cut = captured.max(start);
                self.cut_at = Some(self.cut_at.map_or(cut, |known| known.min(cut)));
            }
            self.insert_run(start, end);
            (fresh, at) = (true, end);
        }
        fresh
    }

    /// The first run in `from..until` that is not there yet.
    fn free_run(&self, mut from: usize, until: usize) -> Option<(usize, usize)> {
        for &(start, end) in &self.runs {
            if from < start {
                return (from < until).then(|| (from, until.min(start)));
            }
            from = from.max(end);
        }
        (from < until).then_some((from, until))
    }

    /// Enters a run that touches others at most with its ends.
    fn insert_run(&mut self, start: usize, end: usize) {
        let place = self.runs.partition_point(|run| run.0 < start);
        self.runs.insert(place, (start, end));
        self.runs.dedup_by(|next, run| {
            let touch = run.1 == next.0;
            if touch {
                run.1 = next.1;
            }
            touch
        });
    }

    /// Whether `data` says nothing else than what is there already.
    fn agrees(&self, from: usize, data: &[u8]) -> bool {
        let cut_at = self.cut_at.unwrap_or(usize::MAX);
        self.runs.iter().all(|&(start, end)| {
            let (start, end) = (start.max(from), end.min(from + data.len()).min(cut_at));
            start >= end || self.bytes.get(start..end) == data.get(start - from..end - from)
        })
    }

    /// Whether a whole datagram has this part.
    fn repeats(&self, part: &Part, data: &[u8]) -> bool {
        let from = usize::from(part.offset);
        from + data.len() <= self.bytes.len() && self.agrees(from, data)
    }

    /// The datagram, once; None while a part is missing.
    fn whole(&mut self, name: Name) -> Option<Whole> {
        let len = self.len?;
        let is_whole = self.runs.first().is_some_and(|&(start, end)| start == 0 && end >= len);
        if self.is_whole || !is_whole {
            return None;
        }
        self.is_whole = true;
        let captured = self.cut_at.unwrap_or(len).min(len);
        let next = Next::Transport {
            protocol: self.protocol,
            source: name.source,
            destination: name.destination,
        };
        let layer = Layer {
            next,
            data: &[],
            cut: u32::try_from(len - captured).unwrap_or(u32::MAX),
            ip_id: self.ip_id,
            hops: None,
            interface: 0,
            mirrored: self.mirrored,
            cut_by: self.cut_by,
            depth: self.depth,
        };
        let bytes = self.bytes.get(..captured).unwrap_or_default().to_vec();
        Some(Whole { bytes, at: self.at, layer })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testframe::layer_of;
    use super::*;

    fn part(offset: u16, more: bool) -> Part {
        let [source, destination] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        Part { source, destination, protocol: 6, id: 7, offset, more }
    }

    fn at(frame: u64) -> Moment {
        Moment { ts: Timestamp(frame.cast_signed() * 1000), frame }
    }

    fn join(fragments: &mut Fragments, frame: u64, part: &Part, data: &[u8]) -> Option<Vec<u8>> {
        fragments.join(part, layer_of(data), at(frame)).ok().map(|whole| whole.bytes)
    }

    #[test]
    fn the_last_missing_part_completes_a_datagram() {
        let mut all = Fragments::default();
        assert_eq!(join(&mut all, 1, &part(16, false), b"tail"), None);
        assert_eq!(join(&mut all, 2, &part(0, true), b"01234567"), None);
        let whole = join(&mut all, 3, &part(8, true), b"89abcdef");
        assert_eq!(whole.as_deref(), Some(&b"0123456789abcdeftail"[..]));
        assert_eq!(all.facts(), FragmentFacts { joined: 1, ..FragmentFacts::default() });
    }

    #[test]
    fn the_first_copy_of_a_byte_wins_and_a_contradiction_is_told() {
        let mut all = Fragments::default();
        join(&mut all, 1, &part(0, true), b"firstone");
        join(&mut all, 2, &part(0, true), b"otherone");
        join(&mut all, 3, &part(0, true), b"firstone");
        let whole = join(&mut all, 4, &part(8, false), b"end");
        assert_eq!(whole.as_deref(), Some(&b"firstoneend"[..]));
        let facts = all.facts();
        assert_eq!((facts.overlaps_differ, facts.first_overlap, facts.duplicates), (1, Some(2), 1));
    }

    #[test]
    fn copies_of_a_whole_datagram_begin_no_other() {
        let mut all = Fragments::default();
        for (frame, whole) in [(1, true), (3, false)] {
            assert_eq!(join(&mut all, frame, &part(0, true), b"01234567"), None);
            assert_eq!(join(&mut all, frame + 1, &part(8, false), b"89").is_some(), whole);
        }
        assert_eq!((all.facts().incomplete, all.facts().duplicates), (0, 2));
    }

    #[test]
    fn an_identification_comes_again_for_another_datagram() {
        let mut all = Fragments::default();
        for text in [b"01234567", b"abcdefgh"] {
            join(&mut all, 1, &part(0, true), text);
            assert_eq!(join(&mut all, 2, &part(8, false), b"xx").map(|b| b[0]), Some(text[0]));
        }
        join(&mut all, 1, &part(0, true), b"too old!");
        let late = Moment { ts: Timestamp(OLDEST * 2), frame: 9 };
        assert!(all.join(&part(8, false), layer_of(b"xx"), late).is_err());
        assert_eq!((all.facts().incomplete, all.facts().first_incomplete), (2, Some(1)));
    }

    #[test]
    fn what_the_snap_length_cut_is_missing_from_there_on() {
        let mut all = Fragments::default();
        join(&mut all, 1, &part(8, false), b"tail");
        let cut = Layer { cut: 3, ..layer_of(b"01234") };
        let whole = all.join(&part(0, true), cut, at(2)).unwrap();
        assert_eq!((whole.layer().data, whole.layer().cut), (&b"01234"[..], 7));
    }

    #[test]
    fn forgets_the_oldest_where_there_are_too_many() {
        let mut all = Fragments::default();
        for id in 0..2000 {
            let _ = all.join(&Part { id, ..part(8, true) }, layer_of(b"01234567"), at(1));
        }
        assert!(all.datagrams.len() <= MOST_DATAGRAMS && all.order.len() <= MOST_DATAGRAMS);
        assert_eq!(all.facts().incomplete, 2000);
        for id in 0..2000 {
            let _ = all.join(&Part { id, ..part(65_000, true) }, layer_of(b"01234567"), at(1));
            assert!(all.bytes <= MOST_BYTES);
        }
    }

    #[test]
    fn refuses_a_datagram_longer_than_any_can_be() {
        let skip =
            Fragments::default().join(&part(65_528, false), layer_of(b"ping of death"), at(1));
        assert_eq!(skip.unwrap_err(), Skip::Malformed { layer: "IP fragment" });
    }

    proptest! {
        #[test]
        fn any_order_overlap_and_repetition_of_parts_gives_the_same_datagram(
            bytes in prop::collection::vec(any::<u8>(), 1..400),
            cuts in prop::collection::vec((0_usize..50, 1_usize..12), 0..40),
            order in any::<u64>(),
        ) {
            let units = bytes.len().div_ceil(8);
            let mut parts: Vec<_> = (0..units).map(|unit| (unit, 1)).collect();
            parts.extend(cuts.into_iter().map(|(unit, len)| (unit % units, len)));
            parts.sort_by_key(|&(unit, len)| (unit as u64 * 31 + len as u64).wrapping_mul(order | 1));
            let (mut all, mut whole) = (Fragments::default(), Vec::new());
            for (unit, len) in parts {
                let (from, to) = (unit * 8, ((unit + len) * 8).min(bytes.len()));
                let part = part(from as u16, to < bytes.len());
                whole.extend(join(&mut all, 1, &part, &bytes[from..to]));
            }
            prop_assert_eq!(whole, vec![bytes]);
            prop_assert_eq!(all.facts().overlaps_differ, 0);
        }
    }
}
