//! Capture files made by hand, for the tests of this room.

use crate::moment::Timestamp;

use super::{Capture, FileFacts, LinkType};

/// Time, link type, bytes on the wire, bytes captured.
pub(super) type Found = (Timestamp, LinkType, u32, Vec<u8>);

pub(super) fn packets(file: Vec<u8>) -> Vec<Found> {
    drain(&mut Capture::from_bytes("test", file))
}

pub(super) fn drain(capture: &mut Capture) -> Vec<Found> {
    let mut found = Vec::new();
    while let Some(packet) = capture.next_packet() {
        assert_eq!(packet.frame, found.len() as u64 + 1);
        found.push((packet.ts, packet.link, packet.wire_len, packet.data.to_vec()));
    }
    found
}

/// After everything was read.
pub(super) fn facts(file: Vec<u8>) -> FileFacts {
    let mut capture = Capture::from_bytes("test", file);
    drain(&mut capture);
    capture.files().next().unwrap().clone()
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

#[derive(Clone)]
pub(super) struct PcapFile {
    pub(super) magic: u32,
    pub(super) order: Order,
    pub(super) network: u32,
    /// Bytes between a record header and its frame.
    pub(super) padding: usize,
    pub(super) records: Vec<u8>,
}

impl PcapFile {
    pub(super) fn new() -> Self {
        Self {
            magic: 0xa1b2_c3d4,
            order: Order::Little,
            network: 1,
            padding: 0,
            records: Vec::new(),
        }
    }

    pub(super) fn header(mut self, sec: u32, fraction: u32, captured: u32, wire: u32) -> Self {
        for field in [sec, fraction, captured, wire] {
            self.records.extend(self.order.u32(field));
        }
        self.records.extend(vec![0; self.padding]);
        self
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.records.extend(bytes);
        self
    }

    pub(super) fn record(self, sec: u32, fraction: u32, frame: &[u8]) -> Self {
        let len = frame.len() as u32;
        self.header(sec, fraction, len, len).raw(frame)
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let order = self.order;
        let mut file = order.u32(self.magic).to_vec();
        file.extend([order.u16(2), order.u16(4)].concat());
        file.extend([0, 0, 65_535, self.network].map(|field| order.u32(field)).concat());
        file.extend(self.records);
        file
    }
}

pub(super) struct PcapngFile {
    order: Order,
    blocks: Vec<u8>,
}

impl PcapngFile {
    pub(super) fn new(order: Order) -> Self {
        Self { order, blocks: Vec::new() }.section(order)
    }

    pub(super) fn section(mut self, order: Order) -> Self {
        self.order = order;
        let versions = [order.u16(1), order.u16(0)].concat();
        self.block(0x0a0d_0d0a, &[&order.u32(0x1a2b_3c4d)[..], &versions, &[0xff; 8]].concat())
    }

    pub(super) fn block(mut self, kind: u32, content: &[u8]) -> Self {
        let padding = content.len().next_multiple_of(4) - content.len();
        let len = self.order.u32((12 + content.len() + padding) as u32);
        self.blocks.extend([self.order.u32(kind), len].concat());
        self.blocks.extend([content, &vec![0; padding], &len].concat());
        self
    }

    /// With `options` as code and value.
    pub(super) fn interface(self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) -> Self {
        let order = self.order;
        let mut content = [order.u16(link), order.u16(0)].concat();
        content.extend(order.u32(snaplen));
        for (code, value) in options {
            content.extend([order.u16(*code), order.u16(value.len() as u16)].concat());
            content.extend(*value);
            content.resize(content.len().next_multiple_of(4), 0);
        }
        self.block(1, &content)
    }

    pub(super) fn enhanced_packet(self, interface: u32, ticks: u64, frame: &[u8]) -> Self {
        let len = frame.len() as u32;
        let fields = [interface, (ticks >> 32) as u32, ticks as u32, len, len];
        let fields = fields.map(|field| self.order.u32(field)).concat();
        self.block(6, &[&fields, frame].concat())
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.blocks
    }
}
