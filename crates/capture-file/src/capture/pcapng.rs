//! The block format (draft-ietf-opsawg-pcapng), several sections and interfaces of different kinds.
//! `pcap_parser` reads what is told of packets; the packets themselves, and where a block is behind
//! damage, are found here.

use std::ops::Range;

use pcap_parser::pcapng::{
    Block as Parsed, DecryptionSecretsBlock, InterfaceDescriptionBlock, InterfaceStatisticsBlock,
    SectionHeaderBlock, SimplePacketBlock, parse_block_be, parse_block_le,
};

use crate::moment::Timestamp;

use super::block::{Block, MAX_RECORD};
use super::file::{Item, Record};
use super::order::Order;
use super::original::{BlockOption, Description, Written};
use super::{DamageKind, Secrets, Statistics, seek};

pub(super) mod interface;
mod options;

use interface::Interface;
pub(super) use interface::{IF_FCSLEN, IF_TSRESOL};
use options::{listed, options};

/// Block types (§10.1). The Packet Block is obsolete (appendix A).
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
const CUSTOM: u32 = 0x0000_0bad;
const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;

/// The types that a border behind damage is known by.
const KNOWN: [u32; 10] = [
    SECTION_HEADER,
    INTERFACE_DESCRIPTION,
    PACKET,
    SIMPLE_PACKET,
    NAME_RESOLUTION,
    INTERFACE_STATISTICS,
    ENHANCED_PACKET,
    DECRYPTION_SECRETS,
    CUSTOM,
    CUSTOM_NOT_COPIED,
];

/// Those that `pcap_parser` reads for us. Packets it would read too slowly (ARCHITECTURE.md).
const PARSED: [u32; 5] = [
    SIMPLE_PACKET,
    SECTION_HEADER,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    DECRYPTION_SECRETS,
];

/// What tells the byte order of a section (§4.1).
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// The option of a packet that tells how many were lost before it (§4.3).
const EPB_DROPCOUNT: u16 = 4;

/// Those of its options that are numbers (§4.3): flags, drop count, packet id, queue.
const EPB_NUMBERS: [u16; 4] = [2, EPB_DROPCOUNT, 5, 6];

/// Bytes before the content of a block: type and total length (§3.1).
const BLOCK_HEADER: usize = 8;

/// Bytes before a packet in its block (§4.3, appendix A).
const PACKET_HEADER: usize = 28;

/// Bytes of the shortest block (§3.1).
const SMALLEST_BLOCK: usize = 12;

/// Interfaces of one section. More than any machine has; each costs memory for as long as the
/// section lasts.
pub(super) const MAX_INTERFACES: usize = 65_536;

/// Reads blocks, in the byte order of the section they are in.
#[derive(Default)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    /// What else is told of each of them.
    descriptions: Vec<Description>,
    latest: Timestamp,
}

impl Pcapng {
    /// The next thing of interest, `None` at the end of the file.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<Option<Item>, DamageKind> {
        while let Some(size) = self.frame(block)? {
            let item = self.parse(block.unread().get(..size).unwrap_or_default())?;
            let place = block.consume(size);
            match item {
                Some(Item::Packet(record)) => return Ok(Some(Item::Packet(record.at(place)))),
                Some(item) => return Ok(Some(item)),
                None => {}
            }
        }
        Ok(None)
    }

    /// Makes one whole block available and tells its size in bytes.
    fn frame(&mut self, block: &mut Block) -> Result<Option<usize>, DamageKind> {
        if !block.demand(SMALLEST_BLOCK)? {
            return Ok(None);
        }
        if self.order.u32_at(block.unread(), 0) == Some(SECTION_HEADER) {
            self.order = order_of_section(block.unread())?;
        }
        let size = self.order.u32_at(block.unread(), 4).unwrap_or_default() as usize;
        if size < SMALLEST_BLOCK || !size.is_multiple_of(4) {
            return Err(DamageKind::Corrupt(format!("a block claims to be {size} bytes long")));
        }
        block.demand(size)?;
        let trailing = self.order.u32_at(block.unread(), size - 4).unwrap_or_default() as usize;
        if trailing != size {
            let reason =
                format!("a block is {size} bytes long by its start, {trailing} by its end");
            return Err(DamageKind::Corrupt(reason));
        }
        Ok(Some(size))
    }

    /// Goes past the block that cannot be read: to its end where its lengths agree, else to the next
    /// whole block. Tells how many bytes lie before it.
    pub(super) fn recover(&mut self, block: &mut Block) -> Option<u64> {
        if let Ok(Some(size)) = self.frame(block) {
            block.consume(size);
            return Some(size as u64);
        }
        seek::next_border(block, |window, _| self.is_border(window))
    }

    /// Whether a whole block of a known type is here.
    fn is_border(&self, window: &[u8]) -> bool {
        let kind = self.order.u32_at(window, 0);
        let order = match kind {
            Some(SECTION_HEADER) => order_of_section(window).unwrap_or(self.order),
            _ => self.order,
        };
        let size = order.u32_at(window, 4).unwrap_or_default();
        let whole = SMALLEST_BLOCK as u32..=MAX_RECORD as u32;
        kind.is_some_and(|kind| KNOWN.contains(&kind))
            && whole.contains(&size)
            && size.is_multiple_of(4)
            && order.u32_at(window, size as usize - 4) == Some(size)
    }

    /// Blocks of any other type carry nothing for us, and §3.1 wants unknown ones skipped.
    fn parse(&mut self, bytes: &[u8]) -> Result<Option<Item>, DamageKind> {
        let kind = self.order.u32_at(bytes, 0).unwrap_or_default();
        match kind {
            ENHANCED_PACKET => return self.enhanced_packet(bytes).map(Some),
            PACKET => return self.packet_block(bytes).map(Some),
            kind if !PARSED.contains(&kind) => return Ok(None),
            _ => {}
        }
        let parsed = match self.order {
            Order::Little => parse_block_le(bytes),
            Order::Big => parse_block_be(bytes),
        };
        match parsed.map(|(_, block)| block) {
            Ok(Parsed::SimplePacket(packet)) => self.simple_packet(&packet).map(Some),
            Ok(Parsed::SectionHeader(header)) => self.section(&header).map(|()| None),
            Ok(Parsed::InterfaceDescription(interface)) => self.interface(&interface).map(Some),
            Ok(Parsed::InterfaceStatistics(told)) => Ok(self.statistics(&told)),
            Ok(Parsed::DecryptionSecrets(secrets)) => Ok(Some(Item::Secrets(carried(&secrets)))),
            Ok(_) => Ok(None),
            Err(_) => malformed(kind).map_or(Ok(None), Err),
        }
    }

    /// §4.1. Only version 1.0 exists; 1.2 was written by some and means the same.
    fn section(&mut self, header: &SectionHeaderBlock<'_>) -> Result<(), DamageKind> {
        self.interfaces.clear();
        self.descriptions.clear();
        match (header.major_version, header.minor_version) {
            (1, 0 | 2) => Ok(()),
            (major, minor) => {
                let reason = format!("pcapng version {major}.{minor} is not known");
                Err(DamageKind::Corrupt(reason))
            }
        }
    }

    /// §4.2.
    fn interface(&mut self, told: &InterfaceDescriptionBlock<'_>) -> Result<Item, DamageKind> {
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(DamageKind::corrupt("a section has too many interfaces"));
        }
        let interface = Interface::new(told, self.order);
        self.interfaces.push(interface);
        self.descriptions.push(interface::description(told, self.order));
        Ok(Item::Interface(interface.link))
    }

    /// §4.6. The counters run from the start of the capture: what is new in them is told.
    fn statistics(&mut self, block: &InterfaceStatisticsBlock<'_>) -> Option<Item> {
        let told = Statistics::of_options(options(&block.options), self.order);
        let interface = self.interfaces.get_mut(block.if_id as usize)?;
        let before = std::mem::replace(&mut interface.statistics, told);
        Some(Item::Statistics(told.since(before)))
    }

    /// §4.3.
    fn enhanced_packet(&mut self, block: &[u8]) -> Result<Item, DamageKind> {
        let field = |at| self.order.u32_at(block, at);
        let fields = (field(8), field(12), field(16), field(20), field(24));
        let (Some(id), Some(ts_high), Some(ts_low), Some(captured), Some(wire_len)) = fields else {
            return Err(DamageKind::corrupt("an enhanced packet block is too short"));
        };
        let interface = self.declared(id)?;
        let end = check_captured(captured, block)?;
        let told = end..block.len().saturating_sub(4).max(end);
        let dropped = listed(block.get(told.clone()).unwrap_or_default(), self.order)
            .find(|option| option.0 == EPB_DROPCOUNT);
        let dropped = dropped.and_then(|option| self.order.u64_at(option.1, 0)).unwrap_or(0);
        let ticks = ticks(ts_high, ts_low);
        let written = Written {
            interface: id,
            ticks,
            wire_len,
            data: in_block(PACKET_HEADER, captured),
            options: told,
        };
        let record = self.record(interface, interface.instant(ticks), written);
        Ok(Item::Packet(Record { dropped_before: dropped, ..record }))
    }

    /// §4.4. It has no time of its own: the previous packet's is the best guess that keeps order.
    fn simple_packet(&mut self, packet: &SimplePacketBlock<'_>) -> Result<Item, DamageKind> {
        let interface = self.declared(0)?;
        let present = u32::try_from(packet.data.len()).unwrap_or(u32::MAX);
        let captured = packet.origlen.min(present).min(interface.snaplen);
        let ticks = interface.ticks(self.latest);
        let data = in_block(12, captured);
        let written = Written { ticks, wire_len: packet.origlen, data, ..Written::default() };
        Ok(Item::Packet(self.record(interface, self.latest, written)))
    }

    /// Appendix A, obsolete since 2004 but still written by some appliances.
    fn packet_block(&mut self, block: &[u8]) -> Result<Item, DamageKind> {
        let field = |at| self.order.u32_at(block, at);
        let fields = (self.order.u16_at(block, 8), field(12), field(16), field(20), field(24));
        let (Some(id), Some(ts_high), Some(ts_low), Some(captured), Some(wire_len)) = fields else {
            return Err(DamageKind::corrupt("a packet block is too short"));
        };
        let interface = self.declared(id.into())?;
        let end = check_captured(captured, block)?;
        // All ones: not known.
        let dropped = self.order.u16_at(block, 10).filter(|&drops| drops != u16::MAX);
        let ticks = ticks(ts_high, ts_low);
        let options = end..block.len().saturating_sub(4).max(end);
        let data = in_block(PACKET_HEADER, captured);
        let written = Written { interface: id.into(), ticks, wire_len, data, options };
        let record = self.record(interface, interface.instant(ticks), written);
        Ok(Item::Packet(Record { dropped_before: dropped.unwrap_or(0).into(), ..record }))
    }

    fn record(&mut self, interface: Interface, ts: Timestamp, written: Written) -> Record {
        self.latest = ts;
        let Range { start, end } = written.data;
        let captured = u32::try_from(end - start).unwrap_or(u32::MAX);
        let wire_len = written.wire_len.max(captured).saturating_sub(interface.fcs_len);
        let data = start..start.saturating_add(captured.min(wire_len) as usize);
        Record { ts, link: interface.link, wire_len, data, dropped_before: 0, written }
    }

    /// What the section says of an interface.
    pub(super) fn description(&self, id: u32) -> Option<&Description> {
        self.descriptions.get(id as usize)
    }

    /// The options of a packet, from the bytes behind its data.
    pub(super) fn packet_options(&self, bytes: &[u8]) -> Vec<BlockOption> {
        options::copied(options::listed(bytes, self.order), self.order, &EPB_NUMBERS)
    }

    fn declared(&self, id: u32) -> Result<Interface, DamageKind> {
        let interface = self.interfaces.get(id as usize).copied();
        interface.ok_or_else(|| {
            DamageKind::Corrupt(format!("a packet names interface {id}, which is not described"))
        })
    }
}

/// What is wrong with a block whose length is right; none where nothing of it would be missed.
fn malformed(kind: u32) -> Option<DamageKind> {
    Some(DamageKind::corrupt(match kind {
        SIMPLE_PACKET => "a simple packet block is too short",
        SECTION_HEADER => "a section header is too short",
        INTERFACE_DESCRIPTION => "an interface description is too short",
        DECRYPTION_SECRETS => "a decryption secrets block cannot be read",
        _ => return None,
    }))
}

/// §4.7, without the padding.
fn carried(block: &DecryptionSecretsBlock<'_>) -> Secrets {
    let data = block.data.get(..block.secrets_len as usize).unwrap_or(block.data);
    Secrets { kind: block.secrets_type.0, data: data.to_vec() }
}

/// The two halves of a time (§4.3).
fn ticks(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Where `len` bytes are that begin at `start` of a block.
fn in_block(start: usize, len: u32) -> Range<usize> {
    start..start.saturating_add(len as usize)
}

/// Whether a file of this format begins here.
pub(super) fn is_section_header(bytes: &[u8]) -> bool {
    bytes.starts_with(&SECTION_HEADER.to_be_bytes()) && order_of_section(bytes).is_ok()
}

/// By the byte-order magic of a section header that starts `block`.
fn order_of_section(block: &[u8]) -> Result<Order, DamageKind> {
    let is = |order: &Order| order.u32_at(block, BLOCK_HEADER) == Some(BYTE_ORDER_MAGIC);
    let order = Order::BOTH.into_iter().find(is);
    order.ok_or_else(|| DamageKind::corrupt("a section header has no byte-order magic"))
}

/// The place behind a packet of `captured` bytes, with its padding.
fn check_captured(captured: u32, block: &[u8]) -> Result<usize, DamageKind> {
    if captured as usize > block.len().saturating_sub(32) {
        let reason = format!("a packet of {captured} bytes is longer than its block");
        return Err(DamageKind::Corrupt(reason));
    }
    Ok(PACKET_HEADER + (captured as usize).next_multiple_of(4))
}

#[cfg(test)]
mod tests;
