//! An expression of pcap-filter(7), every qualifier resolved. Printed, it is an expression again,
//! which means the same.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An expression of tests: primitives, or what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr<P = Primitive> {
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Is(P),
}

impl<P> Expr<P> {
    /// The same of other tests, which are made from the left.
    pub(super) fn map<Q>(&self, make: &mut impl FnMut(&P) -> Q) -> Expr<Q> {
        match self {
            Self::Not(inner) => Expr::Not(Box::new(inner.map(make))),
            Self::All(parts) => Expr::All(parts.iter().map(|part| part.map(make)).collect()),
            Self::Any(parts) => Expr::Any(parts.iter().map(|part| part.map(make)).collect()),
            Self::Is(test) => Expr::Is(make(test)),
        }
    }

    /// Asks the tests from the left, as few as decide it. An error ends it.
    pub(super) fn holds<E>(&self, is: &mut impl FnMut(&P) -> Result<bool, E>) -> Result<bool, E> {
        match self {
            Self::Not(inner) => Ok(!inner.holds(is)?),
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(is)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(is)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Is(test) => is(test),
        }
    }

    /// What is certain where some tests are not known to hold or not (Kleene's logic).
    pub(super) fn certain(&self, is: &impl Fn(&P) -> Option<bool>) -> Option<bool> {
        let among = |parts: &[Self], decides: bool| {
            let mut known = Some(!decides);
            for part in parts {
                match part.certain(is) {
                    Some(found) if found == decides => return Some(decides),
                    Some(_) => {}
                    None => known = None,
                }
            }
            known
        };
        match self {
            Self::Not(inner) => inner.certain(is).map(|holds| !holds),
            Self::All(parts) => among(parts, false),
            Self::Any(parts) => among(parts, true),
            Self::Is(test) => is(test),
        }
    }
}

/// What one test asks of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    /// `tcp`.
    Proto(Proto),
    /// `proto 6`, `ip proto 6`, `ip6 proto 6`, `ether proto 0x800`.
    ProtoNumber(Option<Proto>, u32),
    /// `host` and `net`, of IPv4; over ARP too where no protocol is named.
    Net4 { proto: Option<Proto>, direction: Direction, address: Ipv4Addr, mask: Ipv4Addr },
    /// `host` and `net`, of IPv6.
    Net6 { direction: Direction, address: Ipv6Addr, prefix: u8 },
    /// `ether host`.
    EtherHost(Direction, [u8; 6]),
    /// `port` and `portrange`, of TCP, UDP and SCTP, or of one of them.
    Ports { proto: Option<Proto>, direction: Direction, low: u16, high: u16 },
    /// `broadcast`: to every station of the link.
    Broadcast,
    /// `multicast`, `ip multicast`, `ip6 multicast`.
    Multicast(Option<Proto>),
    /// `outbound`, `inbound` where false.
    Outbound(bool),
    /// `ifindex 2`.
    Interface(u32),
    /// `vlan`, `vlan 100`.
    Vlan(Option<u16>),
    /// `mpls`, `mpls 100`.
    Mpls(Option<u32>),
    /// `pppoed`: PPPoE discovery.
    PppoeDiscovery,
    /// `pppoes`, `pppoes 0x27`.
    PppoeSession(Option<u16>),
    /// `geneve`, `geneve 0xb`.
    Geneve(Option<u32>),
    /// `tcp[13] & 2 != 0`, `len > 100`.
    Relation(Sum, Compare, Sum),
}

/// A protocol that has a name of its own in the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proto {
    Link,
    Ip,
    Ip6,
    Arp,
    Rarp,
    Tcp,
    Udp,
    Sctp,
    Icmp,
    Icmp6,
    Igmp,
    Igrp,
    Pim,
    Vrrp,
    Carp,
    Ah,
    Esp,
    Atalk,
    Aarp,
    Decnet,
    Lat,
    Sca,
    Moprc,
    Mopdl,
    Iso,
    Stp,
    Ipx,
    Netbeui,
}

impl Proto {
    const NAMES: &[(&str, Self)] = &[
        ("ether", Self::Link),
        ("link", Self::Link),
        ("ppp", Self::Link),
        ("slip", Self::Link),
        ("fddi", Self::Link),
        ("tr", Self::Link),
        ("wlan", Self::Link),
        ("ip", Self::Ip),
        ("ip6", Self::Ip6),
        ("arp", Self::Arp),
        ("rarp", Self::Rarp),
        ("tcp", Self::Tcp),
        ("udp", Self::Udp),
        ("sctp", Self::Sctp),
        ("icmp", Self::Icmp),
        ("icmp6", Self::Icmp6),
        ("igmp", Self::Igmp),
        ("igrp", Self::Igrp),
        ("pim", Self::Pim),
        ("vrrp", Self::Vrrp),
        ("carp", Self::Carp),
        ("ah", Self::Ah),
        ("esp", Self::Esp),
        ("atalk", Self::Atalk),
        ("aarp", Self::Aarp),
        ("decnet", Self::Decnet),
        ("lat", Self::Lat),
        ("sca", Self::Sca),
        ("moprc", Self::Moprc),
        ("mopdl", Self::Mopdl),
        ("iso", Self::Iso),
        ("stp", Self::Stp),
        ("ipx", Self::Ipx),
        ("netbeui", Self::Netbeui),
    ];

    /// By its name, or by another that the language has for it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, proto)| proto)
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, proto)| *proto == self).map_or("", |(name, _)| name)
    }

    /// The numbers it has in an IP header, and which versions carry it.
    pub(super) fn in_ip(self) -> Option<(u32, Option<Self>)> {
        Some(match self {
            Self::Tcp => (6, None),
            Self::Udp => (17, None),
            Self::Sctp => (132, None),
            Self::Pim => (103, None),
            Self::Ah => (51, None),
            Self::Esp => (50, None),
            Self::Icmp => (1, Some(Self::Ip)),
            Self::Igmp => (2, Some(Self::Ip)),
            Self::Igrp => (9, Some(Self::Ip)),
            Self::Vrrp | Self::Carp => (112, Some(Self::Ip)),
            Self::Icmp6 => (58, Some(Self::Ip6)),
            _ => return None,
        })
    }

    /// Its EtherType, or its SAP where it is below 0x600.
    pub(super) fn ethertype(self) -> Option<u32> {
        super::names::protocol(self.name(), true)
    }
}

/// Which end of a packet an address or a port must be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Either,
    Both,
    Source,
    Destination,
}

/// A number made of a packet's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    Number(u32),
    /// The packet's length on the wire.
    Len,
    /// `tcp[index:size]`.
    Load {
        proto: Proto,
        index: Box<Self>,
        size: u8,
    },
    Negative(Box<Self>),
    Binary(Box<Self>, Operator, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    Xor,
    And,
    Left,
    Right,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

impl Operator {
    pub(super) const ALL: [Self; 10] = [
        Self::Or,
        Self::Xor,
        Self::And,
        Self::Left,
        Self::Right,
        Self::Plus,
        Self::Minus,
        Self::Times,
        Self::Over,
        Self::Modulo,
    ];

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "|",
            Self::Xor => "^",
            Self::And => "&",
            Self::Left => "<<",
            Self::Right => ">>",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Modulo => "%",
        }
    }

    /// How tightly it binds: as in C.
    pub(super) fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::Xor => 2,
            Self::And => 3,
            Self::Left | Self::Right => 4,
            Self::Plus | Self::Minus => 5,
            Self::Times | Self::Over | Self::Modulo => 6,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Compare {
    pub(super) const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::AtMost, Self::Greater, Self::AtLeast];

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    pub(super) fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

impl<P: fmt::Display> fmt::Display for Expr<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::All(parts) => joined(parts, " and ", f),
            Self::Any(parts) => joined(parts, " or ", f),
            Self::Is(primitive) => primitive.fmt(f),
        }
    }
}

fn joined(parts: &[impl fmt::Display], word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut before = "(";
    for part in parts {
        write!(f, "{before}{part}")?;
        before = word;
    }
    f.write_str(")")
}

impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proto(proto) => f.write_str(proto.name()),
            Self::ProtoNumber(proto, number) => write!(f, "{}proto {number}", Prefix(*proto)),
            Self::Net4 { proto, direction, address, mask } => {
                write!(f, "{}{direction}net {address} mask {mask}", Prefix(*proto))
            }
            Self::Net6 { direction, address, prefix } => {
                write!(f, "{direction}net {address}/{prefix}")
            }
            Self::EtherHost(direction, [a, b, c, d, e, g]) => {
                write!(f, "ether {direction}host {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
            Self::Ports { proto, direction, low, high } => {
                write!(f, "{}{direction}portrange {low}-{high}", Prefix(*proto))
            }
            Self::Broadcast => f.write_str("broadcast"),
            Self::Multicast(proto) => write!(f, "{}multicast", Prefix(*proto)),
            Self::Outbound(outbound) => f.write_str(if *outbound { "outbound" } else { "inbound" }),
            Self::Interface(index) => write!(f, "ifindex {index}"),
            Self::Vlan(id) => write!(f, "vlan{}", Suffix(*id)),
            Self::Mpls(label) => write!(f, "mpls{}", Suffix(*label)),
            Self::PppoeDiscovery => f.write_str("pppoed"),
            Self::PppoeSession(id) => write!(f, "pppoes{}", Suffix(*id)),
            Self::Geneve(vni) => write!(f, "geneve{}", Suffix(*vni)),
            Self::Relation(left, compare, right) => {
                write!(f, "{left} {} {right}", compare.symbol())
            }
        }
    }
}

/// A protocol as a qualifier.
struct Prefix(Option<Proto>);

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |proto| write!(f, "{} ", proto.name()))
    }
}

/// A number that may be left out.
struct Suffix<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Suffix<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |number| write!(f, " {number}"))
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Either => "",
            Self::Both => "src and dst ",
            Self::Source => "src ",
            Self::Destination => "dst ",
        })
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Len => f.write_str("len"),
            Self::Load { proto, index, size } => write!(f, "{}[{index}:{size}]", proto.name()),
            Self::Negative(inner) => write!(f, "(- {inner})"),
            Self::Binary(left, operator, right) => {
                write!(f, "({left} {} {right})", operator.symbol())
            }
        }
    }
}
