//! One open capture file, whatever its format.

use std::io::Read;
use std::ops::Range;

use crate::moment::Timestamp;

use super::block::Block;
use super::original::{Original, Written};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::{DamageKind, FileFacts, Format, LinkType, Secrets, Statistics, mangled, sniff, source};

/// The block type that starts every pcapng file: the same in both byte orders.
const PCAPNG_MAGIC: &[u8] = &[0x0a, 0x0d, 0x0d, 0x0a];

/// A packet, as a place in the block: a range outlives the borrow that found it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) ts: Timestamp,
    pub(super) link: LinkType,
    /// Bytes on the wire.
    pub(super) wire_len: u32,
    pub(super) data: Range<usize>,
    /// Packets that the file says were lost just before this one.
    pub(super) dropped_before: u64,
    /// As it stands in the file.
    pub(super) written: Written,
}

impl Record {
    /// Moves a place within the record to the place the record has in the block.
    pub(super) fn at(self, place: Range<usize>) -> Self {
        let moved = |within: usize| place.start.saturating_add(within).min(place.end);
        let moved = |range: Range<usize>| moved(range.start)..moved(range.end);
        let Written { data, options, .. } = self.written;
        let written = Written { data: moved(data), options: moved(options), ..self.written };
        Self { data: moved(self.data), written, ..self }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.wire_len as usize > self.data.len()
    }
}

/// What a file has in store.
pub(super) enum Item {
    Packet(Record),
    Interface(LinkType),
    Statistics(Statistics),
    Secrets(Secrets),
}

/// A file being read.
pub(super) struct OpenFile {
    block: Block,
    reader: Reader,
}

enum Reader {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl OpenFile {
    /// Reads as far as the format shows, and notes it in `facts`.
    pub(super) fn new(
        raw: Box<dyn Read + Send>,
        block_size: usize,
        facts: &mut FileFacts,
    ) -> Result<Self, DamageKind> {
        let mut block = source::decompress(raw, block_size, facts)?;
        if !block.fill(PCAPNG_MAGIC.len())? && block.unread().is_empty() {
            return Err(DamageKind::Empty);
        }
        let mut block = mangled::mended(block, block_size, facts);
        block.fill(PCAPNG_MAGIC.len())?;
        let reader = Reader::new(&mut block, facts)?;
        Ok(Self { block, reader })
    }

    /// The next packet, interface or secret; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, DamageKind> {
        match &mut self.reader {
            Reader::Pcap(pcap) => Ok(pcap.next(&mut self.block)?.map(Item::Packet)),
            Reader::Pcapng(pcapng) => pcapng.next(&mut self.block),
        }
    }

    /// Goes past what [`Self::next`] could not read; tells how many bytes lie before the place where
    /// reading can go on.
    pub(super) fn recover(&mut self) -> Option<u64> {
        match &mut self.reader {
            Reader::Pcap(pcap) => pcap.recover(&mut self.block),
            Reader::Pcapng(pcapng) => pcapng.recover(&mut self.block),
        }
    }

    /// The bytes of the record that [`Self::next`] gave last.
    pub(super) fn bytes(&self, record: &Record) -> &[u8] {
        self.block.at(&record.data)
    }

    /// The record that [`Self::next`] gave last, as the file has it.
    pub(super) fn original(&self, record: &Record) -> Option<Original<'_>> {
        let Written { interface, ticks, wire_len, ref data, ref options } = record.written;
        let (interface, options) = match &self.reader {
            Reader::Pcap(pcap) => (pcap.description(), Vec::new()),
            Reader::Pcapng(pcapng) => {
                (pcapng.description(interface)?, pcapng.packet_options(self.block.at(options)))
            }
        };
        Some(Original { interface, ticks, wire_len, data: self.block.at(data), options })
    }

    /// Bytes of content read so far, whole records only.
    pub(super) fn offset(&self) -> u64 {
        self.block.offset()
    }
}

impl Reader {
    fn new(block: &mut Block, facts: &mut FileFacts) -> Result<Self, DamageKind> {
        if block.unread().starts_with(PCAPNG_MAGIC) {
            facts.format = Some(Format::Pcapng);
            return Ok(Self::Pcapng(Pcapng::default()));
        }
        if let Some(pcap) = Pcap::open(block)? {
            facts.format = Some(Format::Pcap);
            facts.declare(pcap.link);
            return Ok(Self::Pcap(pcap));
        }
        block.fill(sniff::DESCRIBED)?;
        let head = block.unread();
        let head = head.get(..sniff::DESCRIBED).unwrap_or(head);
        Err(DamageKind::NotACapture(sniff::describe(head)))
    }
}
