//! The block format (draft-ietf-opsawg-pcapng), several sections and interfaces of different kinds.
//!
//! Blocks are framed here and not by pcap-parser, because it says `Incomplete` both for a block
//! that has not arrived and for one whose inner lengths lie, and does not compare the two lengths
//! of every block. Within a whole block, its parsers do the reading.

use pcap_parser::{
    BOM_MAGIC, DSB_MAGIC, EPB_MAGIC, IDB_MAGIC, SHB_MAGIC, SPB_MAGIC,
    parse_decryptionsecretsblock_be, parse_decryptionsecretsblock_le, parse_enhancedpacketblock_be,
    parse_enhancedpacketblock_le, parse_interfacedescriptionblock_be,
    parse_interfacedescriptionblock_le, parse_sectionheaderblock,
};

use crate::moment::Timestamp;

use super::block::Block;
use super::file::{Item, Record};
use super::{DamageKind, LinkType, Secrets};

mod interface;

use interface::Interface;

/// Type of the obsolete Packet Block (appendix A), which pcap-parser does not know.
const PACKET_BLOCK: u32 = 0x0000_0002;

/// Bytes before the content of a block: type and total length (§3.1).
const BLOCK_HEADER: usize = 8;

/// Bytes of the shortest block (§3.1).
const SMALLEST_BLOCK: usize = 12;

/// Interfaces of one section. More than any machine has; each costs memory for as long as the
/// section lasts.
const MAX_INTERFACES: usize = 65_536;

/// Reads blocks, in the byte order of the section they are in.
#[derive(Default)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
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
        if self.order.u32_at(block.unread(), 0) == Some(SHB_MAGIC) {
            self.order = Order::of_section(block.unread())?;
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

    /// Blocks of any other type carry nothing for us, and §3.1 wants unknown ones skipped.
    fn parse(&mut self, block: &[u8]) -> Result<Option<Item>, DamageKind> {
        match self.order.u32_at(block, 0) {
            Some(SHB_MAGIC) => self.section(block).map(|()| None),
            Some(IDB_MAGIC) => self.interface(block).map(Some),
            Some(EPB_MAGIC) => self.enhanced_packet(block).map(Some),
            Some(SPB_MAGIC) => self.simple_packet(block).map(Some),
            Some(PACKET_BLOCK) => self.packet_block(block).map(Some),
            Some(DSB_MAGIC) => self.secrets(block).map(Some),
            _ => Ok(None),
        }
    }

    /// §4.1. Only version 1.0 exists; 1.2 was written by some and means the same.
    fn section(&mut self, block: &[u8]) -> Result<(), DamageKind> {
        let Ok((_, header)) = parse_sectionheaderblock(block) else {
            return Err(DamageKind::corrupt("a section header cannot be read"));
        };
        let version = (header.major_version, header.minor_version);
        if !matches!(version, (1, 0 | 2)) {
            let reason = format!("pcapng version {}.{} is not known", version.0, version.1);
            return Err(DamageKind::Corrupt(reason));
        }
        self.interfaces.clear();
        Ok(())
    }

    /// §4.2.
    fn interface(&mut self, block: &[u8]) -> Result<Item, DamageKind> {
        let parsed = match self.order {
            Order::Little => parse_interfacedescriptionblock_le(block),
            Order::Big => parse_interfacedescriptionblock_be(block),
        };
        let Ok((_, description)) = parsed else {
            return Err(DamageKind::corrupt("an interface description cannot be read"));
        };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(DamageKind::corrupt("a section has too many interfaces"));
        }
        let interface = Interface::new(&description, self.order);
        self.interfaces.push(interface);
        Ok(Item::Interface(interface.link))
    }

    /// §4.3.
    fn enhanced_packet(&mut self, block: &[u8]) -> Result<Item, DamageKind> {
        let parsed = match self.order {
            Order::Little => parse_enhancedpacketblock_le(block),
            Order::Big => parse_enhancedpacketblock_be(block),
        };
        let Ok((_, packet)) = parsed else {
            return Err(DamageKind::corrupt("an enhanced packet block cannot be read"));
        };
        let interface = self.declared(packet.if_id)?;
        let ts = interface.instant(packet.ts_high, packet.ts_low);
        self.record(interface.link, ts, 28, packet.caplen, packet.origlen)
    }

    /// §4.4. It has no time of its own: the previous packet's is the best guess that keeps order.
    fn simple_packet(&mut self, block: &[u8]) -> Result<Item, DamageKind> {
        let interface = self.declared(0)?;
        let present = u32::try_from(block.len().saturating_sub(16)).unwrap_or(u32::MAX);
        let wire_len = self.order.u32_at(block, 8).unwrap_or_default();
        let captured = wire_len.min(present).min(interface.snaplen);
        self.record(interface.link, self.latest, 12, captured, wire_len)
    }

    /// Appendix A, obsolete since 2004 but still written by some appliances.
    fn packet_block(&mut self, block: &[u8]) -> Result<Item, DamageKind> {
        let field = |at| self.order.u32_at(block, at);
        let fields = (self.order.u16_at(block, 8), field(12), field(16), field(20), field(24));
        let (Some(id), Some(ts_high), Some(ts_low), Some(captured), Some(wire_len)) = fields else {
            return Err(DamageKind::corrupt("a packet block is too short"));
        };
        if captured as usize > block.len().saturating_sub(32) {
            return Err(DamageKind::corrupt("a packet block is shorter than its packet"));
        }
        let interface = self.declared(id.into())?;
        let ts = interface.instant(ts_high, ts_low);
        self.record(interface.link, ts, 28, captured, wire_len)
    }

    /// The packet is at `start` in its block.
    fn record(
        &mut self,
        link: LinkType,
        ts: Timestamp,
        start: usize,
        captured: u32,
        wire_len: u32,
    ) -> Result<Item, DamageKind> {
        self.latest = ts;
        let data = start..start.saturating_add(captured as usize);
        Ok(Item::Packet(Record { ts, link, wire_len: wire_len.max(captured), data }))
    }

    /// §4.7. pcap-parser leaves the padding in.
    fn secrets(&self, block: &[u8]) -> Result<Item, DamageKind> {
        let parsed = match self.order {
            Order::Little => parse_decryptionsecretsblock_le(block),
            Order::Big => parse_decryptionsecretsblock_be(block),
        };
        let Ok((_, secrets)) = parsed else {
            return Err(DamageKind::corrupt("a decryption secrets block cannot be read"));
        };
        let data = secrets.data.get(..secrets.secrets_len as usize).unwrap_or(secrets.data);
        Ok(Item::Secrets(Secrets { kind: secrets.secrets_type.0, data: data.to_vec() }))
    }

    fn declared(&self, id: u32) -> Result<Interface, DamageKind> {
        let interface = self.interfaces.get(id as usize).copied();
        interface.ok_or_else(|| {
            DamageKind::Corrupt(format!("a packet names interface {id}, which is not described"))
        })
    }
}

/// Byte order of a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Little,
    Big,
}

impl Order {
    /// By the byte-order magic (§4.1) of a section header that starts `block`.
    fn of_section(block: &[u8]) -> Result<Self, DamageKind> {
        let is = |order: &Self| order.u32_at(block, BLOCK_HEADER) == Some(BOM_MAGIC);
        let order = [Self::Little, Self::Big].into_iter().find(is);
        order.ok_or_else(|| DamageKind::corrupt("a section header has no byte-order magic"))
    }

    fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(field),
            Self::Big => u32::from_be_bytes(field),
        })
    }

    fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(field),
            Self::Big => u16::from_be_bytes(field),
        })
    }

    fn i64(self, field: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(field),
            Self::Big => i64::from_be_bytes(field),
        }
    }
}

#[cfg(test)]
mod tests;
