//! The classic format of libpcap (draft-ietf-opsawg-pcap) and its variants.

use crate::moment::Timestamp;

use super::block::{Block, MAX_RECORD};
use super::file::Record;
use super::order::Order;
use super::original::{Description, Written};
use super::pcapng::{IF_FCSLEN, IF_TSRESOL};
use super::{DamageKind, LinkType, seek};

/// Bytes of the magic number: a file with fewer is not even the start of this format.
const MAGIC: usize = 4;

/// Bytes of the file header, in all variants but Ixia's.
pub(super) const FILE_HEADER: usize = 24;

/// The only major version that is written.
const MAJOR_VERSION: u16 = 2;

/// libpcap's own limit on a frame; a larger length in a file that promises no more is damage, and
/// seen at once instead of after megabytes of nonsense.
const MAXIMUM_SNAPLEN: u32 = 262_144;

/// Records in a row that must look right for a place behind damage to be taken for a border.
const CHAIN: usize = 3;

/// How far apart two records in a row may be for that, in seconds (30 days).
const LONGEST_PAUSE: u32 = 30 * 86_400;

/// The bit of the link type field that says whether its top four bits are a length (§4).
const FCS_PRESENT: u32 = 1 << 26;

/// What a magic number says of a file.
#[derive(Clone, Copy)]
struct Variant {
    magic: u32,
    ns_per_tick: i64,
    /// Bytes of the file header.
    file_header: usize,
    /// Bytes of a record header.
    record_header: usize,
}

impl Variant {
    /// In a second.
    fn ticks(self) -> u64 {
        if self.ns_per_tick == 1 { 1_000_000_000 } else { 1_000_000 }
    }

    /// The unit of the clock as an exponent of ten (§4.2 of the block format).
    fn tsresol(self) -> u8 {
        if self.ns_per_tick == 1 { 9 } else { 6 }
    }
}

/// The variants: microseconds; nanoseconds; Kuznetzov's, whose records carry the interface and more
/// behind their lengths; Ixia's `lcap` of hardware and of software, with a length behind the file
/// header.
const VARIANTS: [Variant; 5] = [
    Variant { magic: 0xa1b2_c3d4, ns_per_tick: 1_000, file_header: 24, record_header: 16 },
    Variant { magic: 0xa1b2_3c4d, ns_per_tick: 1, file_header: 24, record_header: 16 },
    Variant { magic: 0xa1b2_cd34, ns_per_tick: 1_000, file_header: 24, record_header: 24 },
    Variant { magic: 0x1c00_01ac, ns_per_tick: 1, file_header: 28, record_header: 16 },
    Variant { magic: 0x1c00_01ab, ns_per_tick: 1_000, file_header: 28, record_header: 16 },
];

/// Reads the records that follow a file header.
pub(super) struct Pcap {
    /// Of every frame.
    pub(super) link: LinkType,
    order: Order,
    variant: Variant,
    /// Writers before version 2.4 were not of one mind which length comes first.
    lengths_swapped: bool,
    snaplen: u32,
    /// Bytes of frame check sequence at the end of each frame on the wire.
    fcs_len: u32,
    pace: Pace,
    description: Description,
}

/// The seconds of the records so far, without single ones that stray: a damaged time must not decide
/// where records are looked for.
#[derive(Clone, Copy, Default)]
struct Pace {
    latest: Option<u32>,
    strayed: bool,
}

impl Pace {
    fn is_near(self, seconds: u32) -> bool {
        self.latest.is_none_or(|latest| seconds.abs_diff(latest) < LONGEST_PAUSE)
    }

    fn step(&mut self, seconds: u32) {
        let follows = self.is_near(seconds) || self.strayed;
        self.strayed = !follows;
        if follows {
            self.latest = Some(seconds);
        }
    }
}

impl Pcap {
    /// Reads the file header; `None` if it is not one of this format.
    pub(super) fn open(block: &mut Block) -> Result<Option<Self>, DamageKind> {
        block.fill(MAGIC)?;
        let Some((order, variant)) = variant(block.unread()) else { return Ok(None) };
        block.demand(variant.file_header)?;
        let pcap = Self::new(order, variant, block.unread());
        block.consume(variant.file_header);
        Ok(Some(pcap))
    }

    fn new(order: Order, variant: Variant, header: &[u8]) -> Self {
        let version = (order.u16_at(header, 4), order.u16_at(header, 6));
        let network = order.u32_at(header, 20).unwrap_or_default();
        let link = LinkType((network & 0xffff) as u16);
        // In words of 16 bits (§4).
        let fcs_len = if network & FCS_PRESENT == 0 { 0 } else { (network >> 28) * 2 };
        Self {
            link,
            order,
            variant,
            // 543 is what DG/UX wrote.
            lengths_swapped: matches!(version, (Some(2), Some(..=3)) | (Some(543), _)),
            snaplen: order.u32_at(header, 16).unwrap_or_default(),
            fcs_len,
            pace: Pace::default(),
            description: Description {
                link,
                snaplen: order.u32_at(header, 16).unwrap_or_default(),
                options: std::iter::once((IF_TSRESOL, vec![variant.tsresol()]))
                    .chain((fcs_len > 0).then(|| (IF_FCSLEN, vec![fcs_len as u8])))
                    .collect(),
            },
        }
    }

    /// What the file header says of the one interface.
    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    /// The next record, `None` at the end of the file.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<Option<Record>, DamageKind> {
        if !block.demand(self.variant.record_header)? {
            return Ok(None);
        }
        let head = self.head(block.unread()).unwrap_or_default();
        if head.captured > self.largest_frame() {
            let reason = format!("a record claims to hold a frame of {} bytes", head.captured);
            return Err(DamageKind::Corrupt(reason));
        }
        let size = self.size(&head);
        block.demand(size)?;
        if self.is_odd(&head) && !self.is_followed(block, size) {
            return Err(DamageKind::corrupt("what should be a record header is none"));
        }
        self.pace.step(head.seconds);
        Ok(Some(self.record(&head).at(block.consume(size))))
    }

    /// Goes to the next place where records follow each other; tells how many bytes lie before it.
    pub(super) fn recover(&mut self, block: &mut Block) -> Option<u64> {
        seek::next_border(block, |window, to_the_end| self.is_border(window, to_the_end))
    }

    fn head(&self, bytes: &[u8]) -> Option<Head> {
        let field = |at| self.order.u32_at(bytes, at);
        let (captured, wire) = (field(8)?, field(12)?);
        let swap = self.lengths_swapped && captured > wire;
        let (captured, wire) = if swap { (wire, captured) } else { (captured, wire) };
        Some(Head { seconds: field(0)?, fraction: field(4)?, captured, wire })
    }

    /// A snap length of 0 means none.
    fn largest_frame(&self) -> u32 {
        self.snaplen.clamp(MAXIMUM_SNAPLEN, MAX_RECORD as u32 - 64)
    }

    /// Bytes of a record with its header.
    fn size(&self, head: &Head) -> usize {
        self.variant.record_header + head.captured as usize
    }

    /// The frame is the last thing in its record. The fraction of a damaged or careless record may
    /// be more than a second.
    fn record(&self, head: &Head) -> Record {
        let wire_len = head.wire.max(head.captured);
        let without_fcs = wire_len.saturating_sub(self.fcs_len);
        let start = self.variant.record_header;
        let nanoseconds = i64::from(head.fraction) * self.variant.ns_per_tick;
        Record {
            ts: Timestamp(i64::from(head.seconds) * 1_000_000_000 + nanoseconds),
            link: self.link,
            wire_len: without_fcs,
            data: start..start + head.captured.min(without_fcs) as usize,
            dropped_before: 0,
            written: Written {
                ticks: u64::from(head.seconds) * self.variant.ticks() + u64::from(head.fraction),
                wire_len,
                data: start..start + head.captured as usize,
                ..Written::default()
            },
        }
    }

    /// Whether a header has what no proper writer writes, but careless ones do.
    fn is_odd(&self, head: &Head) -> bool {
        head.captured == 0
            || head.captured > head.wire
            || !self.has_time_of_day(head)
            || !self.pace.is_near(head.seconds)
    }

    fn has_time_of_day(&self, head: &Head) -> bool {
        i64::from(head.fraction) * self.variant.ns_per_tick < 1_000_000_000
    }

    /// Whether another record, or the end of the file, follows the first `size` bytes.
    fn is_followed(&self, block: &mut Block, size: usize) -> bool {
        let _ = block.fill(size + self.variant.record_header);
        let rest = block.unread().get(size..).unwrap_or_default();
        rest.len() < self.variant.record_header
            || self
                .head(rest)
                .is_some_and(|next| !next.is_nothing() && next.captured <= self.largest_frame())
    }

    /// Whether records follow each other from here on: [`CHAIN`] of them, or all there are.
    fn is_border(&self, mut rest: &[u8], to_the_end: bool) -> bool {
        let mut pace = self.pace;
        for nth in 0..CHAIN {
            if rest.is_empty() && to_the_end {
                return nth > 0;
            }
            let Some(head) = self.head(rest) else { return nth > 0 };
            if !self.is_plausible(&head) || !pace.is_near(head.seconds) {
                return false;
            }
            pace.step(head.seconds);
            let Some(next) = rest.get(self.size(&head)..) else { return nth > 0 };
            rest = next;
        }
        true
    }

    fn is_plausible(&self, head: &Head) -> bool {
        let largest = if self.snaplen == 0 { MAXIMUM_SNAPLEN } else { self.largest_frame() };
        (1..=largest).contains(&head.captured)
            && (head.captured..=MAX_RECORD as u32).contains(&head.wire)
            && self.has_time_of_day(head)
    }
}

/// A record header (§5).
#[derive(Clone, Copy, Default)]
struct Head {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire: u32,
}

impl Head {
    /// Zeros, as a copy that failed leaves behind.
    fn is_nothing(&self) -> bool {
        self.captured == 0 && self.wire == 0
    }
}

/// Whether a file of this format begins here, by more than its magic number.
pub(super) fn is_file_header(bytes: &[u8]) -> bool {
    variant(bytes).is_some_and(|(order, _)| {
        order.u16_at(bytes, 4) == Some(MAJOR_VERSION) && bytes.len() >= FILE_HEADER
    })
}

/// How far records follow each other from the start of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    /// Whole records that do.
    pub(super) records: usize,
    /// Where the last of them ends.
    pub(super) end: usize,
    /// Bytes needed to see what follows it.
    pub(super) next: usize,
    /// What follows them is no record.
    pub(super) is_broken: bool,
}

/// The records at the start of a file; none if it is not of this format.
pub(super) fn chain(bytes: &[u8]) -> Option<Chain> {
    let (order, variant) = variant(bytes).filter(|_| is_file_header(bytes))?;
    let mut pcap = Pcap::new(order, variant, bytes);
    let mut chain = Chain { end: variant.file_header, ..Chain::default() };
    loop {
        chain.next = chain.end + variant.record_header;
        let Some(head) = bytes.get(chain.end..).and_then(|rest| pcap.head(rest)) else { break };
        chain.is_broken = !pcap.is_plausible(&head) || !pcap.pace.is_near(head.seconds);
        let end = chain.end + pcap.size(&head);
        if chain.is_broken || end > bytes.len() {
            chain.next = end + variant.record_header;
            break;
        }
        pcap.pace.step(head.seconds);
        chain.records += 1;
        chain.end = end;
    }
    Some(chain)
}

/// By the magic number, in either byte order.
fn variant(head: &[u8]) -> Option<(Order, Variant)> {
    Order::BOTH.into_iter().find_map(|order| {
        let magic = order.u32_at(head, 0)?;
        let variant = VARIANTS.into_iter().find(|variant| variant.magic == magic)?;
        Some((order, variant))
    })
}

#[cfg(test)]
mod tests;
