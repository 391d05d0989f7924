//! Frames made by hand, for the tests of this room.

use std::net::Ipv4Addr;

use crate::capture::LinkType;

use super::CutBy;
use super::{Layer, Next};

/// What comes next, where a test does not care.
pub(super) const LINK: Next = Next::Link(LinkType::EN10MB);

/// A layer captured in full.
pub(super) fn layer_of(data: &[u8]) -> Layer<'_> {
    Layer {
        next: LINK,
        data,
        cut: 0,
        ip_id: None,
        hops: None,
        interface: 0,
        mirrored: false,
        cut_by: CutBy::SnapLength,
        depth: 0,
    }
}

pub(super) fn transport(protocol: u8) -> Next {
    let [source, destination] = [1, 2].map(|host| Ipv4Addr::new(192, 0, 2, host).into());
    Next::Transport { protocol, source, destination }
}

/// An IP header from host 1 to host 2 of the documentation prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip {
    version: u8,
    protocol: u8,
}

impl Ip {
    pub(super) fn v4(protocol: u8) -> Self {
        Self { version: 4, protocol }
    }

    pub(super) fn v6(protocol: u8) -> Self {
        Self { version: 6, protocol }
    }

    pub(super) fn around(self, payload: &[u8]) -> Vec<u8> {
        let header =
            if self.version == 4 { self.v4_header(payload) } else { self.v6_header(payload) };
        [&header, payload].concat()
    }

    fn v4_header(self, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, self.protocol, 0, 0];
        header[2..4].copy_from_slice(&(20 + payload.len() as u16).to_be_bytes());
        header.extend([192, 0, 2, 1, 192, 0, 2, 2]);
        header
    }

    fn v6_header(self, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x60, 0, 0, 0, 0, 0, self.protocol, 64];
        header[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
        for host in [1, 2] {
            header.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
        }
        header
    }
}

/// A TCP header from port 40000 to port 25.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tcp<'a> {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    /// A multiple of 4 bytes.
    pub(super) options: &'a [u8],
}

impl Tcp<'_> {
    pub(super) fn new() -> Self {
        Self { seq: 1, ack: 1, flags: 0x10, options: &[] }
    }

    pub(super) fn around(self, payload: &[u8]) -> Vec<u8> {
        let mut header = [40_000_u16, 25].map(u16::to_be_bytes).concat();
        header.extend([self.seq, self.ack].map(u32::to_be_bytes).concat());
        header.extend([(5 + self.options.len() as u8 / 4) << 4, self.flags]);
        header.extend([502_u16, 0, 0].map(u16::to_be_bytes).concat());
        [&header, self.options, payload].concat()
    }
}
