//! What of the input the workers are given at a time. A batch has a part for each worker; the
//! segments of all parts together are numbered, and share one clock.

use std::ops::Range;
use std::sync::Arc;

use super::event::Event;
use crate::decode::{Content, Segment};
use crate::moment::Timestamp;

/// How much of the input a batch has at most. Nothing depends on it but speed and memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of payload.
    pub(super) bytes: usize,
    /// Segments.
    pub(super) segments: usize,
}

impl Limits {
    /// Large enough that handing it over costs nothing beside the work, small enough that some of them
    /// are little memory.
    pub(super) const DEFAULT: Self = Self { bytes: 1 << 20, segments: 4096 };
}

/// The time at each segment of a batch, all workers' together.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// The number of the first segment.
    first: u64,
    now: Vec<Timestamp>,
}

impl Clocks {
    pub(super) fn starting_at(first: u64) -> Self {
        Self { first, now: Vec::new() }
    }

    pub(super) fn push(&mut self, now: Timestamp) {
        self.now.push(now);
    }

    pub(super) fn len(&self) -> usize {
        self.now.len()
    }

    /// The number of the segment behind the last.
    pub(super) fn end(&self) -> u64 {
        self.first + self.now.len() as u64
    }

    /// The time at a segment.
    pub(super) fn at(&self, number: u64) -> Timestamp {
        let index = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.now.get(index).copied().unwrap_or_default()
    }

    /// The time at the last segment, if there is one.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.now.last().copied()
    }

    /// The first segment after an instant.
    pub(super) fn first_after(&self, instant: Timestamp) -> u64 {
        self.first + self.now.partition_point(|&now| now <= instant) as u64
    }
}

/// One worker's part of a batch, and what came of it. Goes to the worker and comes back, so that its
/// buffers are used again.
#[derive(Default)]
pub(super) struct Part {
    pub(super) clocks: Arc<Clocks>,
    /// Nothing comes after this batch.
    pub(super) is_last: bool,
    segments: Vec<Packed>,
    /// The payloads of all segments.
    payloads: Vec<u8>,
    pub(super) events: Vec<Event>,
    /// In the last part: connections that were ended to make room for others.
    pub(super) crowded_out: u64,
}

/// A segment, or an error about one, and what the reader knows of it.
#[derive(Clone, Copy)]
pub(super) struct Stamped<'b> {
    /// Counts the segments of the run, from 1.
    pub(super) number: u64,
    /// The group of connections that it belongs to.
    pub(super) shard: usize,
    /// It makes its connection a wanted one.
    pub(super) makes_wanted: bool,
    pub(super) content: Content<'b>,
}

/// A [`Stamped`] segment whose payload is in the part.
struct Packed {
    stamped: Stamped<'static>,
    payload: Range<usize>,
}

impl Part {
    pub(super) fn clear(&mut self) {
        self.segments.clear();
        self.payloads.clear();
        self.events.clear();
    }

    pub(super) fn push(&mut self, stamped: &Stamped<'_>) {
        let start = self.payloads.len();
        self.payloads.extend_from_slice(stamped.content.payload());
        let content = match stamped.content {
            Content::Segment(segment) => {
                Content::Segment(Segment { payload: &[], bytes: &[], ..segment })
            }
            Content::Error(error) => Content::Error(error),
            // The reader keeps these.
            Content::Beside(_) => return,
        };
        self.segments.push(Packed {
            stamped: Stamped {
                number: stamped.number,
                shard: stamped.shard,
                makes_wanted: stamped.makes_wanted,
                content,
            },
            payload: start..self.payloads.len(),
        });
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = Stamped<'_>> {
        self.segments.iter().map(|packed| {
            let payload = self.payloads.get(packed.payload.clone()).unwrap_or_default();
            let content = match packed.stamped.content {
                Content::Segment(segment) => Content::Segment(Segment { payload, ..segment }),
                other => other,
            };
            Stamped { content, ..packed.stamped }
        })
    }
}
