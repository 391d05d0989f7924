//! Values behind qualifiers: addresses, networks, ports, protocols.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::super::ast::{Expr, Primitive, Proto};
use super::super::error::FilterError;
use super::super::names;
use super::super::token::{Token, number};
use super::chain::Chain;
use super::keyword::{is_not, keyword};
use super::{Kind, Parser, Qualifiers};

impl Parser {
    /// Whether a bare value is next, which takes the qualifiers from before.
    pub(super) fn is_at_value(&self) -> bool {
        let mut place = self.next;
        let mut open = Vec::new();
        loop {
            match &self.placed(place).token {
                Token::Sign("(") => open.push(place),
                token if is_not(token) => {}
                Token::Dotted(..) | Token::Ip6(_) | Token::Ether(_) => return true,
                Token::Number(_) => return !self.is_in_sum(place, open),
                token @ Token::Word { .. } => return keyword(token).is_none(),
                _ => return false,
            }
            place += 1;
        }
    }

    /// Whether the number at `place` is part of a sum, with its parentheses taken off.
    fn is_in_sum(&self, mut place: usize, mut open: Vec<usize>) -> bool {
        loop {
            place += 1;
            if super::sum::is_operator(&self.placed(place).token) {
                return true;
            }
            let closes = |opening: usize| self.closing.get(opening) == Some(&place);
            if !open.pop().is_some_and(closes) {
                return false;
            }
        }
    }

    /// One value, or several in parentheses with `and` and `or` between them.
    pub(super) fn value(&mut self, qualifiers: Qualifiers) -> Result<Expr, FilterError> {
        if self.is_not() {
            self.next += 1;
            let inner = self.deeper(|parser| parser.value(qualifiers))?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if !self.takes_sign("(") {
            return Ok(Expr::Is(self.one_value(qualifiers)?));
        }
        let list = self.deeper(|parser| parser.values(qualifiers))?;
        self.expect_sign(")")?;
        Ok(list)
    }

    fn values(&mut self, qualifiers: Qualifiers) -> Result<Expr, FilterError> {
        let mut chain = Chain::new(self.value(qualifiers)?);
        while let Some(word) = self.conjunction() {
            chain.push(word, self.value(qualifiers)?);
            if self.depth + chain.changes > super::MAX_DEPTH {
                return Err(self.too_deep());
            }
        }
        Ok(chain.into_expr())
    }

    fn one_value(&mut self, qualifiers: Qualifiers) -> Result<Primitive, FilterError> {
        let at = self.at();
        let token = self.token().clone();
        let is_name = qualifiers.kind == Kind::Proto || keyword(&token).is_none();
        let primitive = match token {
            Token::Word { text, .. } if is_name => {
                of_name(&text, qualifiers).map_err(|message| FilterError::new(at, message))?
            }
            Token::Number(number) => {
                of_number(number, qualifiers).map_err(|message| FilterError::new(at, message))?
            }
            Token::Dotted(address, bits) => return self.net4(qualifiers, address, bits),
            Token::Ip6(address) => return self.net6(qualifiers, address),
            Token::Ether(address) => {
                ether(address, qualifiers).map_err(|message| FilterError::new(at, message))?
            }
            _ => return Err(self.expected(wanted(qualifiers.kind))),
        };
        self.next += 1;
        Ok(primitive)
    }

    /// `10.1`, `10.0.0.0/8`, `10.0.0.0 mask 255.0.0.0`.
    fn net4(
        &mut self,
        qualifiers: Qualifiers,
        address: Ipv4Addr,
        bits: u8,
    ) -> Result<Primitive, FilterError> {
        let start = self.at();
        let proto =
            net_proto(qualifiers).map_err(|message| FilterError::new(start.clone(), message))?;
        self.next += 1;
        let mask = match self.mask(qualifiers.kind)? {
            Some(mask) => mask,
            None => mask_of(bits.into()),
        };
        if address.to_bits() & !mask != 0 {
            let at = start.start..self.at_before().end;
            return Err(beyond_the_mask(at, address & Ipv4Addr::from_bits(mask)));
        }
        let mask = Ipv4Addr::from_bits(mask);
        Ok(Primitive::Net4 { proto, direction: qualifiers.direction, address, mask })
    }

    fn mask(&mut self, kind: Kind) -> Result<Option<u32>, FilterError> {
        let at = self.at();
        if self.keyword() == Some("mask") {
            self.next += 1;
            let Token::Dotted(mask, _) = *self.token() else {
                return Err(self.expected("a mask such as 255.255.255.0"));
            };
            self.next += 1;
            return for_nets(kind, at).map(|()| Some(mask.to_bits()));
        }
        Ok(self.prefix(kind, 32)?.map(mask_of))
    }

    /// `/24`.
    fn prefix(&mut self, kind: Kind, most: u32) -> Result<Option<u32>, FilterError> {
        let at = self.at();
        if !self.takes_sign("/") {
            return Ok(None);
        }
        let number_at = self.at();
        let Token::Number(bits) = *self.token() else {
            return Err(self.expected("the length of the network's prefix"));
        };
        if bits > most {
            return Err(FilterError::new(number_at, format!("a prefix has at most {most} bits")));
        }
        self.next += 1;
        for_nets(kind, at)?;
        Ok(Some(bits))
    }

    fn net6(
        &mut self,
        qualifiers: Qualifiers,
        address: Ipv6Addr,
    ) -> Result<Primitive, FilterError> {
        let start = self.at();
        check_net6(qualifiers).map_err(|message| FilterError::new(start.clone(), message))?;
        self.next += 1;
        // A whole address needs no `net` in front of `/128`.
        let kind = match (self.token(), &self.placed(self.next + 1).token) {
            (Token::Sign("/"), Token::Number(128)) => Kind::Net,
            _ => qualifiers.kind,
        };
        let prefix = self.prefix(kind, 128)?.unwrap_or(128) as u8;
        let net = Ipv6Addr::from_bits(address.to_bits() & mask6(prefix));
        if net != address {
            return Err(beyond_the_mask(start.start..self.at_before().end, net));
        }
        Ok(Primitive::Net6 { direction: qualifiers.direction, address, prefix })
    }
}

fn mask_of(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0)
}

/// The mask of a prefix of so many bits.
pub(crate) fn mask6(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0)
}

fn for_nets(kind: Kind, at: Range<usize>) -> Result<(), FilterError> {
    match kind {
        Kind::Net => Ok(()),
        _ => Err(FilterError::new(at, "a mask is for networks: write `net` in front of them")),
    }
}

fn beyond_the_mask(at: Range<usize>, net: impl std::fmt::Display) -> FilterError {
    FilterError::new(at, format!("the address has bits behind the mask; the network is {net}"))
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Unsaid | Kind::Host => "an address",
        Kind::Net => "a network such as 10.0.0.0/8",
        Kind::Port => "a port: a number or a service such as `smtp`",
        Kind::PortRange => "a range of ports such as 25-587",
        Kind::Proto => "a protocol: a number or a name",
    }
}

fn name_of(proto: Option<Proto>) -> &'static str {
    proto.map_or("", Proto::name)
}

/// The protocol whose addresses are meant.
fn net_proto(qualifiers: Qualifiers) -> Result<Option<Proto>, String> {
    match (qualifiers.kind, qualifiers.proto) {
        (Kind::Port | Kind::PortRange | Kind::Proto, _) => {
            Err(format!("expected {}, found an address", wanted(qualifiers.kind)))
        }
        (_, proto @ (None | Some(Proto::Ip | Proto::Arp | Proto::Rarp))) => Ok(proto),
        (_, Some(Proto::Link)) => Err("expected an Ethernet address such as 00:11:22:33:44:55, \
             found one of another kind"
            .to_owned()),
        (_, proto) => {
            let name = name_of(proto);
            Err(format!("`{name}` has no IPv4 addresses; leave out `{name}`, or use `and`"))
        }
    }
}

fn check_net6(qualifiers: Qualifiers) -> Result<(), String> {
    match (qualifiers.kind, qualifiers.proto) {
        (Kind::Port | Kind::PortRange | Kind::Proto, _) => {
            Err(format!("expected {}, found an address", wanted(qualifiers.kind)))
        }
        (_, None | Some(Proto::Ip6)) => Ok(()),
        (_, proto) => Err(format!("`{}` has no IPv6 addresses", name_of(proto))),
    }
}

fn ether(address: [u8; 6], qualifiers: Qualifiers) -> Result<Primitive, String> {
    match (qualifiers.kind, qualifiers.proto) {
        (Kind::Unsaid | Kind::Host, Some(Proto::Link)) => {
            Ok(Primitive::EtherHost(qualifiers.direction, address))
        }
        _ => Err("an Ethernet address needs `ether host`, `ether src` or `ether dst`".to_owned()),
    }
}

fn of_number(number: u32, qualifiers: Qualifiers) -> Result<Primitive, String> {
    match qualifiers.kind {
        Kind::Port | Kind::PortRange => {
            let port = u16::try_from(number).map_err(|_| "a port is at most 65535".to_owned())?;
            ports(qualifiers, qualifiers.proto, port, port)
        }
        Kind::Proto => proto_number(qualifiers, number),
        Kind::Unsaid | Kind::Host => net_of_number(qualifiers, number, u32::MAX),
        Kind::Net => {
            // `net 10` is 10.0.0.0/8.
            let shift = if number == 0 { 0 } else { number.leading_zeros() / 8 * 8 };
            net_of_number(qualifiers, number << shift, u32::MAX << shift)
        }
    }
}

fn net_of_number(qualifiers: Qualifiers, address: u32, mask: u32) -> Result<Primitive, String> {
    Ok(Primitive::Net4 {
        proto: net_proto(qualifiers)?,
        direction: qualifiers.direction,
        address: Ipv4Addr::from_bits(address),
        mask: Ipv4Addr::from_bits(mask),
    })
}

fn ports(
    qualifiers: Qualifiers,
    proto: Option<Proto>,
    low: u16,
    high: u16,
) -> Result<Primitive, String> {
    match qualifiers.proto {
        None | Some(Proto::Tcp | Proto::Udp | Proto::Sctp) => Ok(Primitive::Ports {
            proto,
            direction: qualifiers.direction,
            low: low.min(high),
            high: low.max(high),
        }),
        wrong => Err(format!("`{}` has no ports: tcp, udp and sctp have", name_of(wrong))),
    }
}

fn proto_number(qualifiers: Qualifiers, number: u32) -> Result<Primitive, String> {
    match qualifiers.proto {
        proto @ (None | Some(Proto::Ip | Proto::Ip6 | Proto::Link)) => {
            Ok(Primitive::ProtoNumber(proto, number))
        }
        wrong => Err(format!("`{} proto` is nothing: ip, ip6 and ether have it", name_of(wrong))),
    }
}

fn of_name(name: &str, qualifiers: Qualifiers) -> Result<Primitive, String> {
    match qualifiers.kind {
        Kind::Unsaid | Kind::Host | Kind::Net => {
            Err(format!("`{name}` is no address, and names of hosts are not looked up: use one"))
        }
        Kind::Port => {
            let (port, proto) = port(name)?;
            ports(qualifiers, one_proto(name, qualifiers, proto)?, port, port)
        }
        Kind::PortRange => port_range(name, qualifiers),
        Kind::Proto => {
            let is_link = qualifiers.proto == Some(Proto::Link);
            let number = names::protocol(name, is_link);
            let number = number.ok_or_else(|| {
                format!("the protocol `{name}` is not known by name: use its number")
            })?;
            proto_number(qualifiers, number)
        }
    }
}

fn port(name: &str) -> Result<(u16, Option<Proto>), String> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = number(name)?.try_into().map_err(|_| "a port is at most 65535".to_owned())?;
        return Ok((port, None));
    }
    names::service(name)
        .ok_or_else(|| format!("the service `{name}` is not known by name: use its port"))
}

/// The transport of a service, or the one that was asked for.
fn one_proto(
    name: &str,
    qualifiers: Qualifiers,
    service: Option<Proto>,
) -> Result<Option<Proto>, String> {
    match (qualifiers.proto, service) {
        (Some(asked), Some(service)) if asked != service => {
            Err(format!("`{name}` is a service over {}", service.name()))
        }
        (asked, service) => Ok(asked.or(service)),
    }
}

/// `25-587`, `smtp-submission`: a service may have a hyphen in its name.
fn port_range(text: &str, qualifiers: Qualifiers) -> Result<Primitive, String> {
    let wrong = || format!("`{text}` is no range of ports such as 25-587");
    for (place, _) in text.match_indices('-') {
        let (low, high) = text.split_at(place);
        let (Ok(low), Ok(high)) = (port(low), port(high.trim_start_matches('-'))) else {
            continue;
        };
        let proto = if low.1 == high.1 { low.1 } else { None };
        return ports(qualifiers, one_proto(text, qualifiers, proto)?, low.0, high.0);
    }
    let (port, proto) = port(text).map_err(|_| wrong())?;
    ports(qualifiers, one_proto(text, qualifiers, proto)?, port, port)
}
