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
mod icmp;
mod ipv4;
mod ipv6;
mod layer;
pub mod limits;
mod link;
mod mpls;
mod neighbour;
mod skip;
mod tcp;
#[cfg(test)]
mod testframe;
pub mod trailer;
mod tunnel;
mod udp;
mod vlan;

use std::net::SocketAddr;

use crate::capture::Packet;
use crate::moment::Moment;

pub use capture_terms::segment::{
    Beside, CutBy, Datagram, IcmpError, Neighbour, Segment, TcpFlags, Trouble,
};
pub use fragment::{FragmentFacts, Part};
pub use headers::{Header, Headers};
pub use layer::Next;
pub use link::{Frames, frames};
pub use skip::Skip;

use fragment::Fragments;
use layer::Layer;

/// Headers in one frame. Real ones have up to a dozen (Ethernet, two tags, IPv4, UDP, VXLAN, and
/// as many again inside); a frame that nests deeper was made to keep us busy.
const MAX_LAYERS: usize = 32;

/// IP protocol number of TCP.
const TCP: u8 = 6;

/// What a frame has for us.
#[derive(Clone, Copy, Debug)]
pub enum Content<'b> {
    /// A segment.
    Segment(Segment<'b>),
    /// An error about one.
    Error(IcmpError),
    /// No TCP, but what may explain some.
    Beside(Beside<'b>),
}

impl<'b> Content<'b> {
    /// When it was captured.
    #[must_use]
    pub fn at(&self) -> Moment {
        match self {
            Self::Segment(segment) => segment.at,
            Self::Error(error) => error.at,
            Self::Beside(Beside::Datagram(datagram)) => datagram.at,
            Self::Beside(Beside::Neighbour(neighbour)) => neighbour.at,
        }
    }

    /// The payload of the segment or datagram; nothing else has one.
    #[must_use]
    pub fn payload(&self) -> &'b [u8] {
        match self {
            Self::Segment(segment) => segment.payload,
            Self::Beside(Beside::Datagram(datagram)) => datagram.payload,
            Self::Error(_) | Self::Beside(Beside::Neighbour(_)) => &[],
        }
    }

    /// Sender and receiver, or those of the segment that an error quotes. Neighbours have no ports.
    #[must_use]
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        match self {
            Self::Segment(segment) => (segment.source, segment.destination),
            Self::Error(error) => (error.source, error.destination),
            Self::Beside(Beside::Datagram(datagram)) => (datagram.source, datagram.destination),
            Self::Beside(Beside::Neighbour(neighbour)) => {
                let end = |host| SocketAddr::new(host, 0);
                (end(neighbour.asker), end(neighbour.target))
            }
        }
    }
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
        match self.read_noting(packet, headers)? {
            Content::Segment(segment) => Ok(segment),
            Content::Error(error) => Err(Skip::from(&error)),
            Content::Beside(beside) => Err(Skip::from(&beside)),
        }
    }

    /// The TCP segment in `packet`, or what an ICMP error says of one.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn read<'b>(&'b mut self, packet: &Packet<'b>) -> Result<Content<'b>, Skip> {
        self.read_noting(packet, &mut Headers::default())
    }

    /// The same, and notes every header of the frame itself that was passed.
    ///
    /// # Errors
    ///
    /// As [`decode_noting`](Self::decode_noting).
    pub fn read_noting<'b>(
        &'b mut self,
        packet: &Packet<'b>,
        headers: &mut Headers<'b>,
    ) -> Result<Content<'b>, Skip> {
        let at = moment(packet);
        match walk(outermost(packet), at, |layer| headers.note(layer))? {
            Found::Segment(segment) => Ok(Content::Segment(segment)),
            Found::Error(error) => Ok(Content::Error(error)),
            Found::Beside(beside) => Ok(Content::Beside(beside)),
            Found::Part(part, layer) => self.join(&part, layer, at).map(Content::Segment),
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
            Found::Part(..) | Found::Error(_) | Found::Beside(_) => Err(Skip::Fragment),
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
        hops: None,
        interface: packet.interface,
        mirrored: false,
        cut_by: CutBy::SnapLength,
        depth: 0,
    }
}

/// What stands at the bottom of a frame.
enum Found<'b> {
    Segment(Segment<'b>),
    Error(IcmpError),
    Beside(Beside<'b>),
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
            Next::Transport { protocol: protocol @ (icmp::V4 | icmp::V6), source, .. } => {
                let error = icmp::error(&layer, protocol, source, at).map(Found::Error);
                let found = error.or_else(|| neighbour::v6(&layer, source, at).map(beside));
                return found.ok_or(Skip::NotTcp { protocol });
            }
            Next::Transport { protocol: udp::PROTOCOL, source, destination } => {
                match (udp::layer(layer), udp::names(&layer, at, source, destination)) {
                    (Ok(below), _) => below,
                    (Err(_), Some(datagram)) => {
                        return Ok(Found::Beside(Beside::Datagram(datagram)));
                    }
                    (Err(skip), None) => return Err(skip),
                }
            }
            Next::Ether(neighbour::ARP) => {
                let found = neighbour::arp(&layer, at).map(beside);
                return found.ok_or(Skip::NotIp { ethertype: neighbour::ARP });
            }
            Next::Part(part) => return Ok(Found::Part(part, layer)),
            next => header(next)?(layer)?,
        };
        layer = Layer { depth: layer.depth + 1, ..below };
    }
    Err(Skip::TooDeep)
}

fn beside<'b>(neighbour: Neighbour) -> Found<'b> {
    Found::Beside(Beside::Neighbour(neighbour))
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
        Next::Transport { protocol, .. } => return extension::header(protocol),
        Next::Part(_) => return Err(Skip::Fragment),
    })
}

#[cfg(test)]
mod tests;
