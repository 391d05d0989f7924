//! One frame becomes one TCP segment. One small file a layer; knows no flow and no file format.
//!
//! Each layer reads its own header and says what comes next: a `Layer`. `header` is the one table
//! of who comes after whom, with those of `link` (what a capture begins with) and of `tunnel` (what
//! carries packets in packets). To add a link type: write its file, add its line to `link` and its
//! name to `capture::link`.
//!
//! What is state here is only IP datagrams that came in parts (`fragment`).

pub mod checksum;
mod ethertype;
mod extension;
mod fragment;
mod headers;
mod ipv4;
mod ipv6;
mod layer;
pub mod limits;
mod link;
mod mpls;
mod skip;
mod tcp;
#[cfg(test)]
mod testframe;
mod tunnel;
mod udp;
mod vlan;

use std::net::SocketAddr;

use crate::capture::Packet;
use crate::moment::Moment;

pub use fragment::{FragmentFacts, Part};
pub use headers::{Header, Headers};
pub use layer::Next;
pub use link::frames;
pub use skip::Skip;
pub use tcp::TcpFlags;

use fragment::Fragments;
use layer::Layer;

/// Headers in one frame. Real ones have up to a dozen (Ethernet, two tags, IPv4, UDP, VXLAN, and
/// as many again inside); a frame that nests deeper was made to keep us busy.
const MAX_LAYERS: usize = 32;

/// IP protocol number of TCP.
const TCP: u8 = 6;

/// One TCP segment (RFC 9293 §3.1), its payload borrowed from the frame.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'b> {
    /// When and where it was captured; of a datagram in parts, its last part.
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
    /// Header and payload as captured.
    pub bytes: &'b [u8],
}

/// Finds the TCP segment in a frame.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    /// The datagram put together last, which its segment borrows from.
    whole: Vec<u8>,
}

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

    /// The same, and notes every header of the frame itself that was passed.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode); `headers` are then those up to where it ended.
    pub fn decode_noting<'b>(
        &'b mut self,
        packet: &Packet<'b>,
        headers: &mut Headers<'b>,
    ) -> Result<Segment<'b>, Skip> {
        let at = moment(packet);
        match walk(outermost(packet), at, |layer| headers.note(layer))? {
            Found::Segment(segment) => Ok(segment),
            Found::Part(part, layer) => self.join(&part, layer, at),
        }
    }

    /// What came of the datagrams in parts.
    #[must_use]
    pub fn fragment_facts(&self) -> FragmentFacts {
        self.fragments.facts()
    }

    /// Puts a datagram together; it may hold a part of another.
    fn join(&mut self, part: &Part, layer: Layer<'_>, at: Moment) -> Result<Segment<'_>, Skip> {
        let mut whole = self.fragments.join(part, layer, at)?;
        while let Found::Part(part, layer) = walk(whole.layer(), whole.at, |_| ())? {
            whole = self.fragments.join(&part, layer, at)?;
        }
        let layer = Layer { data: &[], ..whole.layer() };
        let at = whole.at;
        self.whole = whole.bytes;
        match walk(Layer { data: &self.whole, ..layer }, at, |_| ())? {
            Found::Segment(segment) => Ok(segment),
            Found::Part(..) => Err(Skip::Fragment),
        }
    }
}

fn moment(packet: &Packet<'_>) -> Moment {
    Moment { ts: packet.ts, frame: packet.frame }
}

fn outermost<'b>(packet: &Packet<'b>) -> Layer<'b> {
    let captured = u32::try_from(packet.data.len()).unwrap_or(u32::MAX);
    Layer {
        next: Next::Link(packet.link),
        data: packet.data,
        cut: packet.wire_len.saturating_sub(captured),
        ip_id: None,
        mirrored: false,
        depth: 0,
    }
}

/// What stands at the bottom of a frame.
enum Found<'b> {
    Segment(Segment<'b>),
    Part(Part, Layer<'b>),
}

/// Reads header after header.
fn walk<'b>(
    mut layer: Layer<'b>,
    at: Moment,
    mut seen: impl FnMut(&Layer<'b>),
) -> Result<Found<'b>, Skip> {
    while layer.depth < MAX_LAYERS {
        seen(&layer);
        let below = match layer.next {
            Next::Transport { protocol: TCP, source, destination } => {
                return tcp::segment(layer, at, source, destination).map(Found::Segment);
            }
            Next::Part(part) => return Ok(Found::Part(part, layer)),
            next => header(next)?(layer)?,
        };
        layer = Layer { depth: layer.depth + 1, ..below };
    }
    Err(Skip::TooDeep)
}

/// Reads one header.
type Parse = for<'b> fn(Layer<'b>) -> Result<Layer<'b>, Skip>;

/// Who reads the next header.
fn header(next: Next) -> Result<Parse, Skip> {
    Ok(match next {
        Next::Link(link) => return link::header(link),
        Next::Ether(ethertype) => return ethertype::header(ethertype),
        Next::Llc => link::llc,
        Next::Ip => link::raw,
        Next::Ppp => link::ppp,
        Next::Transport { protocol: udp::PROTOCOL, .. } => udp::layer,
        Next::Transport { protocol, .. } => return extension::header(protocol),
        Next::Part(_) => return Err(Skip::Fragment),
    })
}

#[cfg(test)]
mod tests;
