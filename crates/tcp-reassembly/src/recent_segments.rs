//! What was handed on lately, as far as is needed to notice that it is sent again with other bytes.
//!
//! Nothing is copied but the edges of each segment: a digest stands for the rest. A segment sent
//! again whole is compared whole; one that overlaps in part is compared where edges are.

/// Segments remembered in each direction. Retransmissions come within a window, and most windows of
/// a dialogue are shorter.
pub(super) const REMEMBERED: usize = 8;

/// Bytes of each edge; commands and replies are hardly longer than both.
const EDGE: usize = 24;

/// An odd number with bits all over: each step of the digest loses nothing.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Copy, Debug)]
struct Trace {
    offset: u64,
    len: usize,
    digest: u64,
    head: [u8; EDGE],
    tail: [u8; EDGE],
}

impl Trace {
    fn of(offset: u64, bytes: &[u8]) -> Self {
        let (len, digest) = (bytes.len(), digest(bytes));
        let edges = bytes.first_chunk().copied().zip(bytes.last_chunk().copied());
        let (head, tail) = edges.unwrap_or_else(|| {
            let mut short = [0; EDGE];
            short[..len].copy_from_slice(bytes);
            (short, short)
        });
        Self { offset, len, digest, head, tail }
    }

    /// Whether bytes at `offset` differ from these.
    fn contradicts(&self, offset: u64, bytes: &[u8]) -> bool {
        let (end, other_end) = (self.offset + self.len as u64, offset + bytes.len() as u64);
        if end <= offset || other_end <= self.offset {
            return false;
        }
        let within = |at: u64| usize::try_from(at - offset).unwrap_or(usize::MAX);
        if offset <= self.offset && end <= other_end {
            let again = bytes.get(within(self.offset)..within(end));
            return again.is_some_and(|again| digest(again) != self.digest);
        }
        let edge = self.len.min(EDGE);
        differ(self.offset, &self.head[..edge], offset, bytes)
            || differ(end - edge as u64, &self.tail[..edge], offset, bytes)
    }
}

/// Whether two runs of bytes differ where they overlap.
pub(super) fn differ(a: u64, a_bytes: &[u8], b: u64, b_bytes: &[u8]) -> bool {
    let start = a.max(b);
    let end = (a + a_bytes.len() as u64).min(b + b_bytes.len() as u64);
    if start >= end {
        return false;
    }
    let place = |at: u64, from: u64| usize::try_from(at - from).unwrap_or(usize::MAX);
    a_bytes.get(place(start, a)..place(end, a)) != b_bytes.get(place(start, b)..place(end, b))
}

/// Four lanes at a time, as quick as memory.
fn digest(bytes: &[u8]) -> u64 {
    let mut lanes = [1_u64, 2, 3, 4];
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
        }
    }
    let step = |sum: u64, value: u64| (sum.rotate_left(23) ^ value).wrapping_mul(MULTIPLIER);
    let sum = lanes.into_iter().fold(bytes.len() as u64, step);
    rest.iter().fold(sum, |sum, &byte| step(sum, byte.into()))
}

/// The segments of one direction handed on last.
#[derive(Debug, Default)]
pub(super) struct RecentSegments {
    traces: Vec<Trace>,
    turn: usize,
}

impl RecentSegments {
    pub(super) fn remember(&mut self, offset: u64, bytes: &[u8]) {
        let trace = Trace::of(offset, bytes);
        if self.traces.len() < REMEMBERED {
            self.traces.reserve_exact(REMEMBERED);
            self.traces.push(trace);
        } else if let Some(oldest) = self.traces.get_mut(self.turn % REMEMBERED) {
            *oldest = trace;
            self.turn = self.turn.wrapping_add(1);
        }
    }

    /// Whether bytes at `offset` differ from those handed on.
    pub(super) fn contradicts(&self, offset: u64, bytes: &[u8]) -> bool {
        self.traces.iter().any(|trace| trace.contradicts(offset, bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn notices_one_byte_that_changed_in_a_segment_sent_again() {
        let bytes: Vec<u8> = (0..200).collect();
        let mut recent = RecentSegments::default();
        recent.remember(1000, &bytes);
        assert!(!recent.contradicts(1000, &bytes) && !recent.contradicts(1200, b"others"));
        for changed in 0..200 {
            let mut other = bytes.clone();
            other[changed] ^= 0x80;
            assert!(recent.contradicts(1000, &other), "byte {changed}");
        }
    }

    #[test]
    fn compares_edges_where_segments_overlap_in_part() {
        let bytes: Vec<u8> = (0..200).collect();
        let mut recent = RecentSegments::default();
        recent.remember(1000, &bytes);
        assert!(!recent.contradicts(1190, &[190, 191, 192, 193, 194, 195, 196, 197, 198, 199, 7]));
        assert!(recent.contradicts(1190, &[190, 191, 192, 0, 194, 195, 196, 197, 198, 199, 7]));
        assert!(!recent.contradicts(990, &[9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 1, 2]));
        assert!(recent.contradicts(990, &[9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 1, 3]));
    }

    #[test]
    fn forgets_the_oldest() {
        let mut recent = RecentSegments::default();
        for index in 0..40_u64 {
            recent.remember(index * 10, b"0123456789");
        }
        assert_eq!(recent.traces.len(), REMEMBERED);
        assert!(recent.contradicts(390, b"other") && !recent.contradicts(0, b"other"));
    }

    proptest! {
        #[test]
        fn never_doubts_the_same_stream_however_it_is_cut(
            stream in prop::collection::vec(any::<u8>(), 1..300),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..80), 1..30),
        ) {
            let mut recent = RecentSegments::default();
            for (start, len) in cuts {
                let start = start.index(stream.len());
                let bytes = &stream[start..stream.len().min(start + len)];
                prop_assert!(!recent.contradicts(start as u64, bytes));
                recent.remember(start as u64, bytes);
            }
        }
    }
}
