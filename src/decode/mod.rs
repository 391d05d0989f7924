//! One frame becomes one TCP segment. One small file a layer; knows no flow and no file format.
//!
//! Each layer reads its own header and says what comes next: a `Layer`. [`Decoder::decode`] is
//! the one table of who comes after whom. To add a link type: write its file, add its line to
//! `link_layer` and its name to `capture::link`.

mod ethernet;
mod extension;
mod headers;
mod ipv4;
mod ipv6;
mod llc;
mod null;
mod raw;
mod skip;
mod sll;
mod sll2;
mod tcp;
#[cfg(test)]
mod testframe;
mod vlan;

use std::net::{IpAddr, SocketAddr};

use crate::capture::{LinkType, Packet};
use crate::moment::Moment;

pub use headers::{Header, Headers};
pub use skip::Skip;
pub use tcp::TcpFlags;

/// Headers in one frame. Real ones have up to nine (Ethernet, two tags, IPv6, four extensions,
/// TCP); a frame that nests deeper was made to keep us busy.
const MAX_LAYERS: usize = 16;

/// IP protocol number of TCP.
const TCP: u8 = 6;

/// One TCP segment (RFC 9293 §3.1), its payload borrowed from the frame.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'b> {
    /// When and where it was captured.
    pub at: Moment,
    /// Sender.
    pub source: SocketAddr,
    /// Receiver.
    pub destination: SocketAddr,
    /// Sequence number of the first payload byte (of the SYN, if there is one).
    pub seq: u32,
    /// Acknowledgement number; means something only with the ACK flag.
    pub ack: u32,
    /// SYN, ACK, FIN, RST, PSH, URG.
    pub flags: TcpFlags,
    /// Receive window as sent, not scaled, in bytes.
    pub window: u16,
    /// The window scale option's shift, at most 14, if a SYN carries one (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// The identification field of IPv4 (RFC 791 §3.1); IPv6 has none outside fragments.
    pub ip_id: Option<u16>,
    /// The payload bytes captured.
    pub payload: &'b [u8],
    /// Payload bytes that the frame had on the wire but the snap length cut off.
    pub cut: u32,
}

/// What a header leaves for the next one.
#[derive(Clone, Copy, Debug)]
struct Layer<'b> {
    next: Next,
    /// The bytes captured behind the header.
    data: &'b [u8],
    /// Bytes that follow `data` on the wire but were not captured.
    cut: u32,
    /// The identification of the innermost IPv4 header so far.
    ip_id: Option<u16>,
}

impl<'b> Layer<'b> {
    /// The layer behind a header that does not change how much was cut.
    fn then(self, next: Next, data: &'b [u8]) -> Self {
        Self { next, data, ..self }
    }
}

/// Which header comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// What the capture's link type says.
    Link(LinkType),
    /// By EtherType.
    Ether(u16),
    /// IEEE 802.2 logical link control.
    Llc,
    /// By IP protocol number, between these ends.
    Transport { protocol: u8, source: IpAddr, destination: IpAddr },
}

/// Reads one header.
type Parse = for<'b> fn(Layer<'b>) -> Result<Layer<'b>, Skip>;

/// Finds the TCP segment in a frame.
#[derive(Debug, Default)]
pub struct Decoder {}

impl Decoder {
    /// A decoder that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The TCP segment in `packet`. Checksums are not looked at: captures are full of segments
    /// whose checksum the network card was to fill in.
    ///
    /// # Errors
    ///
    /// Why there is none, or none to be had.
    pub fn decode<'b>(&'b mut self, packet: &Packet<'b>) -> Result<Segment<'b>, Skip> {
        self.decode_noting(packet, &mut Headers::default())
    }

    /// The same, and notes every header that was passed.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode); `headers` are then those up to where it ended.
    pub fn decode_noting<'b>(
        &'b mut self,
        packet: &Packet<'b>,
        headers: &mut Headers<'b>,
    ) -> Result<Segment<'b>, Skip> {
        let at = Moment { ts: packet.ts, frame: packet.frame };
        let captured = u32::try_from(packet.data.len()).unwrap_or(u32::MAX);
        let cut = packet.wire_len.saturating_sub(captured);
        let mut layer =
            Layer { next: Next::Link(packet.link), data: packet.data, cut, ip_id: None };
        for _ in 0..MAX_LAYERS {
            headers.note(&layer);
            layer = match layer.next {
                Next::Transport { protocol: TCP, source, destination } => {
                    return tcp::segment(layer, at, source, destination);
                }
                next => header(next)?(layer)?,
            };
        }
        Err(Skip::TooDeep)
    }
}

/// Who reads the next header.
fn header(next: Next) -> Result<Parse, Skip> {
    Ok(match next {
        Next::Link(link) => return link_layer(link),
        Next::Ether(ipv4::ETHERTYPE) => ipv4::layer,
        Next::Ether(ipv6::ETHERTYPE) => ipv6::layer,
        Next::Ether(ethertype) if vlan::ETHERTYPES.contains(&ethertype) => vlan::layer,
        Next::Ether(ethertype) => return Err(Skip::NotIp { ethertype }),
        Next::Llc => llc::layer,
        Next::Transport { protocol, .. } => return extension::header(protocol),
    })
}

/// Who reads the first header.
fn link_layer(link: LinkType) -> Result<Parse, Skip> {
    Ok(match link {
        LinkType::EN10MB => ethernet::layer,
        LinkType::NULL => null::layer,
        LinkType::LOOP => null::network_order_layer,
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => raw::layer,
        LinkType::IPV4 => ipv4::layer,
        LinkType::IPV6 => ipv6::layer,
        LinkType::LINUX_SLL => sll::layer,
        LinkType::LINUX_SLL2 => sll2::layer,
        _ => return Err(Skip::UnsupportedLink(link)),
    })
}

#[cfg(test)]
mod tests;
