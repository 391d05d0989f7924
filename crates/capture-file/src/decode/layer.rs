//! What a header leaves for the next one.

use std::net::IpAddr;

use super::fragment::Part;
use super::{CutBy, Skip};
use crate::capture::LinkType;

/// Which header comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// What the capture's link type says; in a tunnel, the link type that it carries.
    Link(LinkType),
    /// By EtherType.
    Ether(u16),
    /// IEEE 802.2 logical link control.
    Llc,
    /// IP of either version.
    Ip,
    /// By PPP protocol number, which stands in front of it.
    Ppp,
    /// By IP protocol number, between these ends.
    Transport {
        /// The protocol number.
        protocol: u8,
        /// Sender.
        source: IpAddr,
        /// Receiver.
        destination: IpAddr,
    },
    /// No header: bytes of an IP datagram that came in parts.
    Part(Part),
}

/// The bytes behind a header, and what they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'b> {
    pub(super) next: Next,
    /// The bytes captured behind the header.
    pub(super) data: &'b [u8],
    /// Bytes that follow `data` on the wire but were not captured.
    pub(super) cut: u32,
    /// The identification of the innermost IPv4 header so far.
    pub(super) ip_id: Option<u16>,
    /// The hops that the innermost IP header has left.
    pub(super) hops: Option<u8>,
    /// The interface that captured the frame.
    pub(super) interface: u32,
    /// Inside a tunnel that mirrors packets. Mirrors cut packets short as a snap length does, but
    /// the capture file does not tell.
    pub(super) mirrored: bool,
    /// Who cut the bytes off.
    pub(super) cut_by: CutBy,
    /// Headers so far.
    pub(super) depth: usize,
}

impl<'b> Layer<'b> {
    /// The layer behind a header that does not change how much was cut.
    pub(super) fn then(self, next: Next, data: &'b [u8]) -> Self {
        Self { next, data, ..self }
    }

    /// The same bytes, taken for something.
    pub(super) fn is(self, next: Next) -> Self {
        Self { next, ..self }
    }

    pub(super) fn ether(self, ethertype: u16) -> Self {
        self.is(Next::Ether(ethertype))
    }

    /// Ethernet again, in a tunnel.
    pub(super) fn ethernet(self) -> Self {
        self.is(Next::Link(LinkType::EN10MB))
    }

    /// What a mirror sends.
    pub(super) fn mirrored(self) -> Self {
        Self { mirrored: true, ..self }
    }

    /// `N` bytes of the header that `name` has, and what is behind them.
    pub(super) fn take<const N: usize>(
        self,
        name: &'static str,
    ) -> Result<(&'b [u8; N], Self), Skip> {
        let (header, data) =
            self.data.split_first_chunk().ok_or(Skip::Truncated { layer: name })?;
        Ok((header, Self { data, ..self }))
    }

    /// What is behind `len` bytes of the header that `name` has.
    pub(super) fn pass(self, len: usize, name: &'static str) -> Result<Self, Skip> {
        let data = self.data.get(len..).ok_or(Skip::Truncated { layer: name })?;
        Ok(Self { data, ..self })
    }

    /// The first `len` bytes, and how many of them the snap length cut: at most the `cut` bytes of
    /// the frame. A length beyond the frame's own end is damage, not payload that was sent; a
    /// mirror's packets have no end that could be trusted.
    pub(super) fn bounded(self, len: usize) -> Self {
        if let Some(data) = self.data.get(..len) {
            return Self { data, cut: 0, ..self };
        }
        let missing = u32::try_from(len.saturating_sub(self.data.len())).unwrap_or(u32::MAX);
        if self.mirrored && missing > self.cut {
            return Self { cut: missing, cut_by: CutBy::Tunnel, ..self };
        }
        Self { cut: missing.min(self.cut), ..self }
    }
}
