//! The reader: packets of the capture become batches of segments, a part for each worker.

use std::sync::Arc;

use super::SHARDS;
use super::batch::{Clocks, Limits, Part, Stamped};
use super::chooser::Chooser;
use super::event::{Event, Place, What};
use super::first_pass::Trailers;
use super::halves::Halves;
use super::setup::Setup;
use super::totals::Skipped;
use crate::beside::Observation;
use crate::capture::{Capture, Packet, Secrets};
use crate::decode::{self, Beside, Content, Decoder, Headers, Segment, Skip, checksum};
use crate::dns::{self, DnsMessage};
use crate::flow::{CaptureClock, FlowKey};
use crate::judge::QualityCounter;
use crate::moment::Timestamp;
use crate::trust::Answered;

/// What happens at its own segment has no time of its own.
const NO_TIME: Timestamp = Timestamp(i64::MIN);

/// The first so many segments have their checksums looked at, and every so many of the others: a
/// pattern shows as well in a sample, and sums cost time.
const CHECKED_FIRST: u64 = 10_000;
const CHECKED_OF: u64 = 64;

/// DNS messages that are read of one TCP segment.
pub(super) const MOST_MESSAGES: usize = 32;

/// A reader of a capture that is being written says `WouldBlock` so often, in ns.
const QUIET: i64 = 1_000_000_000;

/// Why a batch ends.
pub(super) enum Border {
    /// It is large enough.
    Full,
    /// There is nothing more for now.
    Waiting,
    /// Secrets come: those of blocks, and of a trailer.
    Secrets(Vec<Secrets>),
    /// There is nothing more.
    End,
}

/// Reads a capture, and knows all that is known without connections.
pub(super) struct Reader<'c> {
    pub(super) capture: &'c mut Capture,
    limits: Limits,
    follows: bool,
    clock: CaptureClock,
    /// None where they were read before.
    trailers: Option<Trailers>,
    pub(super) packets: u64,
    pub(super) decoding: Decoding,
    pub(super) halves: Halves,
}

/// Where packets become segments.
pub(super) struct Decoding {
    pub(super) decoder: Decoder,
    pub(super) chooser: Chooser,
    pub(super) skipped: Skipped,
    pub(super) quality: QualityCounter,
    /// TLSA records of DNS answers that nobody has taken yet.
    pub(super) tlsa: Vec<Answered>,
}

/// A batch under way.
struct Batch {
    clocks: Clocks,
    parts: Vec<Part>,
    /// Of payload.
    bytes: usize,
}

impl<'c> Reader<'c> {
    pub(super) fn new(capture: &'c mut Capture, setup: &Setup, limits: Limits) -> Self {
        let decoding = Decoding {
            decoder: Decoder::new(),
            chooser: Chooser::new(&setup.selection),
            skipped: Skipped::default(),
            quality: QualityCounter::default(),
            tlsa: Vec::new(),
        };
        let (follows, clock) = (setup.follows, CaptureClock::default());
        let trailers = (!capture.is_rereadable()).then(Trailers::default);
        let halves = Halves::new(setup.keeps_apart);
        Self { capture, limits, follows, clock, trailers, packets: 0, decoding, halves }
    }

    /// Whether the capture can be read only once.
    pub(super) fn is_read_once(&self) -> bool {
        self.trailers.is_some()
    }

    /// Fills the batch that begins with segment `first`, in buffers that were used before, and says
    /// why it ends.
    pub(super) fn fill(&mut self, first: u64, mut parts: Vec<Part>) -> (Vec<Part>, Border) {
        parts.iter_mut().for_each(Part::clear);
        let mut batch = Batch { clocks: Clocks::starting_at(first), parts, bytes: 0 };
        let border = self.read(&mut batch);
        let Batch { clocks, mut parts, .. } = batch;
        let clocks = Arc::new(clocks);
        for part in &mut parts {
            part.clocks = Arc::clone(&clocks);
            part.is_last = matches!(border, Border::End);
        }
        (parts, border)
    }

    fn read(&mut self, batch: &mut Batch) -> Border {
        loop {
            let secrets = self.capture.take_secrets();
            if !secrets.is_empty() {
                return Border::Secrets(secrets);
            }
            if batch.is_full(&self.limits) {
                return Border::Full;
            }
            let Some(packet) = self.capture.next_packet() else {
                let behind_all = self.capture.take_secrets();
                if !behind_all.is_empty() {
                    return Border::Secrets(behind_all);
                }
                break;
            };
            self.packets += 1;
            let trailer = self.trailers.as_mut().and_then(|trailers| trailers.new_in(&packet));
            self.decoding.take(&packet, |content, makes_wanted| {
                let content = self.halves.place(*content);
                batch.push(self.clock.advance(content.at().ts), &content, makes_wanted);
            });
            if let Some(trailer) = trailer {
                return Border::Secrets(vec![trailer]);
            }
        }
        if !self.capture.is_waiting() {
            return Border::End;
        }
        if self.follows
            && let Some(now) = self.clock.pass(QUIET)
        {
            batch.clocks.push(now);
        }
        Border::Waiting
    }
}

impl Decoding {
    fn take(&mut self, packet: &Packet<'_>, mut give: impl FnMut(&Content<'_>, bool)) {
        if !self.chooser.takes_packet(packet) {
            return;
        }
        for frame in decode::frames(packet) {
            let mut headers = Headers::default();
            let decoded = match self.chooser.asks_for_headers() {
                true => self.decoder.read_noting(&frame, &mut headers),
                false => self.decoder.read(&frame),
            };
            let content = match decoded {
                Ok(content) => content,
                Err(skip) => {
                    if let Skip::UnsupportedLink(link) = skip {
                        self.quality.unsupported(link, packet.frame);
                    }
                    self.skipped.count(skip, packet.frame);
                    continue;
                }
            };
            self.tlsa.extend(answered(&content));
            match &content {
                Content::Segment(segment) => look_at(segment, &mut self.quality),
                Content::Error(error) => self.skipped.count(Skip::from(error), packet.frame),
                Content::Beside(beside) => {
                    self.skipped.count(Skip::from(beside), packet.frame);
                    give(&content, false);
                    continue;
                }
            }
            if self.chooser.may_take(&content, &headers) {
                let makes_wanted = match &content {
                    Content::Segment(segment) => {
                        self.chooser.takes(segment, packet.wire_len, &headers)
                    }
                    Content::Error(_) | Content::Beside(_) => false,
                };
                give(&content, makes_wanted);
            }
        }
    }
}

impl Batch {
    fn is_full(&self, limits: &Limits) -> bool {
        self.clocks.len() >= limits.segments || self.bytes >= limits.bytes
    }

    fn push(&mut self, now: Timestamp, content: &Content<'_>, makes_wanted: bool) {
        let number = self.clocks.end();
        self.clocks.push(now);
        if let Content::Beside(beside) = content {
            return self.note(number, beside);
        }
        self.bytes += content.payload().len();
        let (source, destination) = content.ends();
        let shard = FlowKey::new(source, destination).spread() % SHARDS;
        let worker = shard % self.parts.len().max(1);
        if let Some(part) = self.parts.get_mut(worker) {
            part.push(&Stamped { number, shard, makes_wanted, content: *content });
        }
    }
}

impl Batch {
    /// What passed beside the connections waits with the events of the first part for its turn.
    fn note(&mut self, number: u64, beside: &Beside<'_>) {
        let seen = match beside {
            Beside::Datagram(datagram) => Observation::of_datagram(datagram),
            Beside::Neighbour(neighbour) => Some(Observation::Neighbour(*neighbour)),
        };
        let (Some(seen), Some(part)) = (seen, self.parts.first_mut()) else { return };
        let (place, what) = (Place::at(number), What::Beside(seen));
        part.events.push(Event { place, due: NO_TIME, connection: number, what });
    }
}

/// The TLSA records that a packet brings, over UDP or TCP (RFC 7766).
fn answered(content: &Content<'_>) -> Vec<Answered> {
    let (source, _) = content.ends();
    let payload = content.payload();
    if source.port() != dns::PORT || payload.is_empty() {
        return Vec::new();
    }
    let messages: Vec<_> = match content {
        Content::Segment(_) => DnsMessage::read_stream(payload).take(MOST_MESSAGES).collect(),
        Content::Beside(_) => DnsMessage::read(payload).into_iter().collect(),
        Content::Error(_) => Vec::new(),
    };
    let frame = content.at().frame;
    messages.iter().flat_map(|message| Answered::of(message, frame)).collect()
}

fn look_at(segment: &Segment<'_>, quality: &mut QualityCounter) {
    quality.segment();
    if segment.at.frame > CHECKED_FIRST && !segment.at.frame.is_multiple_of(CHECKED_OF) {
        return;
    }
    if let Some(is_right) = checksum::is_right(segment) {
        quality.checksum(segment.source.ip(), is_right);
    }
}
