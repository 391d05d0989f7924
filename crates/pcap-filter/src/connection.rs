//! `--filter`: whole connections, by what any of their packets says at any level.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ast::{Direction, Expr, Primitive, Proto};
use super::compile::{Reading, compile};
use super::error::FilterError;
use super::layout::Layout;
use super::parse::{mask6, parse};
use super::program::{Frame, Registers, Test};

/// Kinds of header that programs are kept for.
pub(super) const MOST_PROGRAMS: usize = 64;

/// What a header within a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// A link layer's, by its link type.
    Link(u16),
    /// By its EtherType.
    Ether(u16),
}

/// A packet with a TCP segment, as it was decoded.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'p> {
    /// Sender of the segment.
    pub source: SocketAddr,
    /// Its receiver.
    pub destination: SocketAddr,
    /// Every header down to TCP's, with what follows it.
    pub headers: &'p [(Header, &'p [u8])],
    /// Length of the packet on the wire, in bytes.
    pub len: u32,
}

/// Takes connections with a packet that matches.
#[derive(Clone, Debug)]
pub struct ConnectionFilter {
    /// None takes everything.
    expr: Option<Expr<usize>>,
    primitives: Vec<Primitive>,
    /// The tests of the primitives, by the header that they are of.
    programs: HashMap<Header, Vec<Test>>,
}

impl ConnectionFilter {
    /// Reads an expression of pcap-filter(7).
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut primitives = Vec::new();
        let expr = parse(text)?.map(|expr| {
            expr.map(&mut |primitive| {
                primitives.push(primitive.clone());
                primitives.len() - 1
            })
        });
        Ok(Self { expr, primitives, programs: HashMap::new() })
    }

    /// False if no packet between these ends can match, in whatever direction it goes, unless it is
    /// in a tunnel. Costs little: it looks at no byte.
    #[must_use]
    pub fn may_match(&self, source: SocketAddr, destination: SocketAddr) -> bool {
        let Some(expr) = &self.expr else { return true };
        let certain = |from, to| {
            expr.certain(&|&index| self.primitives.get(index).and_then(|p| by_ends(p, from, to)))
        };
        certain(source, destination) != Some(false) || certain(destination, source) != Some(false)
    }

    /// Whether a packet matches. A primitive holds if it does so for any of the headers.
    pub fn matches(&mut self, packet: &Decoded<'_>) -> bool {
        let Some(expr) = &self.expr else { return true };
        if self.programs.len() > MOST_PROGRAMS {
            self.programs.clear();
        }
        for &(header, _) in packet.headers {
            let primitives = &self.primitives;
            self.programs.entry(header).or_insert_with(|| program(primitives, header));
        }
        let (primitives, programs) = (&self.primitives, &self.programs);
        let is = |&index: &usize| {
            let ends = primitives
                .get(index)
                .and_then(|found| by_ends(found, packet.source, packet.destination));
            let at = |&(header, data): &(Header, &[u8])| {
                let test = programs.get(&header).and_then(|tests| tests.get(index));
                let frame = Frame { data, len: packet.len };
                test.is_some_and(|test| {
                    test.holds(&frame, &mut Registers::default()).unwrap_or(false)
                })
            };
            Ok::<_, ()>(ends == Some(true) || packet.headers.iter().any(at))
        };
        expr.holds(&mut { is }).unwrap_or(false)
    }
}

/// Each primitive for itself: at a header that is inside, no tag is left to pass.
fn program(primitives: &[Primitive], header: Header) -> Vec<Test> {
    let layout = match header {
        Header::Link(number) => Layout::of_link_type(number),
        Header::Ether(number) => Layout::of_ethertype(number),
    };
    primitives.iter().map(|found| compile(found, &mut layout.clone(), Reading::Whole)).collect()
}

/// What the ends of a TCP segment alone say; none if more must be known.
fn by_ends(primitive: &Primitive, source: SocketAddr, destination: SocketAddr) -> Option<bool> {
    let is_ip4 = source.is_ipv4();
    match primitive {
        Primitive::Proto(Proto::Tcp) => Some(true),
        Primitive::Proto(Proto::Ip) => Some(is_ip4),
        Primitive::Proto(Proto::Ip6) => Some(!is_ip4),
        Primitive::Proto(Proto::Link | Proto::Ah | Proto::Esp) => None,
        Primitive::Proto(_) => Some(false),
        Primitive::ProtoNumber(Some(Proto::Link), _) => None,
        Primitive::ProtoNumber(layer, 6) => Some(match layer {
            Some(Proto::Ip) => is_ip4,
            Some(Proto::Ip6) => !is_ip4,
            _ => true,
        }),
        Primitive::Net4 { proto: Some(Proto::Arp | Proto::Rarp), .. } => Some(false),
        &Primitive::Net4 { direction, address, mask, .. } => {
            Some(toward(direction, |end| in_net4(end.ip(), address, mask), source, destination))
        }
        &Primitive::Net6 { direction, address, prefix } => {
            Some(toward(direction, |end| in_net6(end.ip(), address, prefix), source, destination))
        }
        Primitive::Ports { proto: Some(Proto::Udp | Proto::Sctp), .. } => Some(false),
        &Primitive::Ports { direction, low, high, .. } => {
            Some(toward(direction, |end| (low..=high).contains(&end.port()), source, destination))
        }
        _ => None,
    }
}

fn toward(
    direction: Direction,
    is: impl Fn(SocketAddr) -> bool,
    source: SocketAddr,
    destination: SocketAddr,
) -> bool {
    match direction {
        Direction::Either => is(source) || is(destination),
        Direction::Both => is(source) && is(destination),
        Direction::Source => is(source),
        Direction::Destination => is(destination),
    }
}

fn in_net4(end: IpAddr, address: Ipv4Addr, mask: Ipv4Addr) -> bool {
    matches!(end, IpAddr::V4(end) if end & mask == address)
}

fn in_net6(end: IpAddr, address: Ipv6Addr, prefix: u8) -> bool {
    matches!(end, IpAddr::V6(end) if end.to_bits() & mask6(prefix) == address.to_bits())
}
