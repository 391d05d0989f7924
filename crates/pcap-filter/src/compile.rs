//! A primitive becomes a [`Test`] of frames that have one layout.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::ast::{Compare, Direction, Primitive, Proto, Sum};
use super::layout::{Layout, Link, equal, masked};
use super::parse::mask6;
use super::program::{Place, Test, Value};

/// How far a primitive looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As libpcap does: IPv6 only without extension headers, and TCP's bytes only over IPv4.
    Libpcap,
    /// All that is there.
    Whole,
}

/// UDP port of Geneve (RFC 8926 §3.3).
const GENEVE_PORT: u16 = 6081;

/// MPLS labels looked at: `decode` passes over no more.
const MOST_LABELS: u32 = 8;

/// The transports that have ports.
const WITH_PORTS: [u32; 3] = [6, 17, 132];

const IP4: u32 = 0x0800;
const IP6: u32 = 0x86dd;

/// The test of `primitive`. Moves `layout` on where the primitive does so for those behind it.
pub(super) fn compile(primitive: &Primitive, layout: &mut Layout, reading: Reading) -> Test {
    let compiler = Compiler { layout, reading };
    match primitive {
        Primitive::Proto(proto) => compiler.proto(*proto),
        Primitive::ProtoNumber(layer, number) => compiler.proto_number(*layer, *number),
        Primitive::Net4 { proto, direction, address, mask } => {
            compiler.net4(*proto, *direction, *address, *mask)
        }
        Primitive::Net6 { direction, address, prefix } => {
            compiler.net6(*direction, *address, *prefix)
        }
        Primitive::EtherHost(direction, address) => compiler.ether_host(*direction, *address),
        Primitive::Ports { proto, direction, low, high } => {
            let port = Port { proto: *proto, direction: *direction, low: *low, high: *high };
            Test::Any(vec![compiler.ports6(port), compiler.ports4(port)])
        }
        Primitive::Broadcast => compiler.ether_host(Direction::Destination, [0xff; 6]),
        Primitive::Multicast(proto) => compiler.multicast(*proto),
        Primitive::Outbound(outbound) => compiler.outbound(*outbound),
        Primitive::Interface(index) => match layout.link {
            Link::Cooked2 => equal(layout.in_header(4), 4, *index),
            _ => Test::Always(false),
        },
        Primitive::PppoeDiscovery => layout.carries(0x8863),
        Primitive::Relation(left, compare, right) => compiler.relation(left, *compare, right),
        Primitive::Vlan(id) => vlan(layout, *id),
        Primitive::Mpls(label) => mpls(layout, *label),
        Primitive::PppoeSession(id) => pppoe_session(layout, *id),
        Primitive::Geneve(network) => geneve(layout, reading, *network),
    }
}

struct Compiler<'l> {
    layout: &'l Layout,
    reading: Reading,
}

#[derive(Clone, Copy)]
struct Port {
    proto: Option<Proto>,
    direction: Direction,
    low: u16,
    high: u16,
}

impl Compiler<'_> {
    fn proto(&self, proto: Proto) -> Test {
        match (proto.in_ip(), proto.ethertype()) {
            (Some((number, layer)), _) => self.proto_number(layer, number),
            (None, Some(ethertype)) => self.layout.carries(ethertype),
            (None, None) => Test::Always(false),
        }
    }

    fn proto_number(&self, layer: Option<Proto>, number: u32) -> Test {
        match layer {
            Some(Proto::Link) => self.layout.carries(number),
            Some(Proto::Ip) => self.in_ip4(number),
            Some(Proto::Ip6) => self.in_ip6(number),
            _ => Test::Any(vec![self.in_ip4(number), self.in_ip6(number)]),
        }
    }

    fn in_ip4(&self, number: u32) -> Test {
        let carried = equal(self.layout.in_network(9), 1, number);
        Test::All(vec![self.layout.carries(IP4), carried])
    }

    fn in_ip6(&self, number: u32) -> Test {
        let next = |number| equal(self.layout.in_network(6), 1, number);
        let carried = match self.reading {
            Reading::Libpcap => {
                let fragment = vec![next(44), equal(self.layout.in_network(40), 1, number)];
                vec![next(number), Test::All(fragment)]
            }
            Reading::Whole => {
                let header = self.layout.in_network(0);
                vec![next(number), Test::Ip6Carries { header, protocol: number }]
            }
        };
        Test::All(vec![self.layout.carries(IP6), Test::Any(carried)])
    }

    /// Where no protocol is named, ARP's and RARP's addresses count too.
    fn net4(
        &self,
        proto: Option<Proto>,
        direction: Direction,
        address: Ipv4Addr,
        mask: Ipv4Addr,
    ) -> Test {
        let (value, mask) = (address.to_bits(), mask.to_bits());
        let of = |ethertype: u32, source: u32, destination: u32| {
            let end = |offset| {
                let field = masked(self.layout.in_network(offset), 4, mask, value);
                Test::All(vec![self.layout.carries(ethertype), field])
            };
            toward(direction, end(source), end(destination))
        };
        match proto {
            Some(Proto::Arp) => of(0x0806, 14, 24),
            Some(Proto::Rarp) => of(0x8035, 14, 24),
            Some(_) => of(IP4, 12, 16),
            None if self.layout.is_in_labels() => of(IP4, 12, 16),
            None => Test::Any(vec![of(IP4, 12, 16), of(0x0806, 14, 24), of(0x8035, 14, 24)]),
        }
    }

    fn net6(&self, direction: Direction, address: Ipv6Addr, prefix: u8) -> Test {
        let (address, mask) = (address.to_bits(), mask6(prefix));
        let end = |offset: u32| {
            let words = (0..4_u32).map(|word| {
                let part = |bits: u128| (bits >> (96 - 32 * word)) as u32;
                let place = self.layout.in_network(offset + 4 * word);
                masked(place, 4, part(mask), part(address))
            });
            Test::All([self.layout.carries(IP6)].into_iter().chain(words).collect())
        };
        toward(direction, end(8), end(24))
    }

    fn ether_host(&self, direction: Direction, address: [u8; 6]) -> Test {
        let Some(is_ethernet) = self.layout.has_ethernet() else { return Test::Always(false) };
        let [a, b, rest @ ..] = address;
        let end = |offset: u32| {
            let low = equal(self.layout.in_header(offset + 2), 4, u32::from_be_bytes(rest));
            let high = u16::from_be_bytes([a, b]).into();
            Test::All(vec![low, equal(self.layout.in_header(offset), 2, high)])
        };
        Test::All(vec![is_ethernet, toward(direction, end(6), end(0))])
    }

    fn multicast(&self, proto: Option<Proto>) -> Test {
        match proto {
            Some(Proto::Ip) => {
                let group = Test::Field {
                    place: self.layout.in_network(16),
                    size: 1,
                    mask: u32::MAX,
                    compare: Compare::AtLeast,
                    value: 224,
                };
                Test::All(vec![self.layout.carries(IP4), group])
            }
            Some(_) => {
                let group = equal(self.layout.in_network(24), 1, 255);
                Test::All(vec![self.layout.carries(IP6), group])
            }
            None => match self.layout.has_ethernet() {
                Some(is_ethernet) => {
                    Test::All(vec![is_ethernet, masked(self.layout.in_header(0), 1, 1, 1)])
                }
                None => Test::Always(false),
            },
        }
    }

    /// Only Linux's cooked captures say which way a packet went (`PACKET_OUTGOING`).
    fn outbound(&self, outbound: bool) -> Test {
        let sent = match self.layout.link {
            Link::Cooked => equal(self.layout.in_header(0), 2, 4),
            Link::Cooked2 => equal(self.layout.in_header(10), 1, 4),
            _ => return Test::Always(false),
        };
        if outbound { sent } else { Test::Not(Box::new(sent)) }
    }

    fn is_first_fragment(&self) -> Test {
        masked(self.layout.in_network(6), 2, 0x1fff, 0)
    }

    fn ports4(&self, port: Port) -> Test {
        let transports = port.transports().map(|protocol| {
            let end = |offset| port.within(self.layout.behind_ip4(offset));
            Test::All(vec![
                equal(self.layout.in_network(9), 1, protocol),
                self.is_first_fragment(),
                toward(port.direction, end(0), end(2)),
            ])
        });
        Test::All(vec![self.layout.carries(IP4), Test::Any(transports.collect())])
    }

    fn ports6(&self, port: Port) -> Test {
        let transports = port.transports().map(|protocol| {
            let end = |offset| port.within(self.behind_ip6(offset));
            let carried = match self.reading {
                Reading::Libpcap => equal(self.layout.in_network(6), 1, protocol),
                Reading::Whole => self.in_ip6(protocol),
            };
            Test::All(vec![carried, toward(port.direction, end(0), end(2))])
        });
        Test::All(vec![self.layout.carries(IP6), Test::Any(transports.collect())])
    }

    fn behind_ip6(&self, offset: u32) -> Place {
        match self.reading {
            Reading::Libpcap => self.layout.behind_ip6(offset),
            Reading::Whole => self.layout.behind_ip6_extensions(offset),
        }
    }

    fn relation(&self, left: &Sum, compare: Compare, right: &Sum) -> Test {
        let over = |version| {
            let mut guards = Vec::new();
            let left = self.value(left, version, &mut guards);
            let right = self.value(right, version, &mut guards);
            Test::Relation { guards, left, compare, right }
        };
        match self.reading {
            Reading::Libpcap => over(Version::Four),
            Reading::Whole => Test::Any(vec![over(Version::Four), over(Version::Six)]),
        }
    }

    fn value(&self, sum: &Sum, version: Version, guards: &mut Vec<Test>) -> Value {
        match sum {
            Sum::Number(number) => Value::Number(*number),
            Sum::Len => Value::Len,
            Sum::Negative(inner) => Value::Negative(Box::new(self.value(inner, version, guards))),
            Sum::Binary(left, operator, right) => Value::Binary(
                Box::new(self.value(left, version, guards)),
                *operator,
                Box::new(self.value(right, version, guards)),
            ),
            Sum::Load { proto, index, size } => {
                let index = Box::new(self.value(index, version, guards));
                let place = self.start_of(*proto, version, guards);
                Value::Load { place, index, size: *size }
            }
        }
    }

    /// Where the bytes of a protocol begin; `guards` gets the tests that it is there.
    fn start_of(&self, proto: Proto, version: Version, guards: &mut Vec<Test>) -> Place {
        match (proto.in_ip(), version) {
            (Some((number, Some(Proto::Ip6))), _) => {
                let next = equal(self.layout.in_network(6), 1, number);
                let carried = match self.reading {
                    Reading::Libpcap => next,
                    Reading::Whole => self.in_ip6(number),
                };
                guards.extend([self.layout.carries(IP6), carried]);
                self.behind_ip6(0)
            }
            (Some((number, None)), Version::Six) => {
                guards.push(self.in_ip6(number));
                self.layout.behind_ip6_extensions(0)
            }
            (Some(_), _) => {
                let fragment = self.is_first_fragment();
                guards.extend([self.layout.carries(IP4), self.proto(proto), fragment]);
                self.layout.behind_ip4(0)
            }
            (None, _) if proto == Proto::Link => self.layout.in_header(0),
            (None, _) => {
                guards.push(self.proto(proto));
                self.layout.in_network(0)
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Four,
    Six,
}

impl Port {
    fn transports(self) -> impl Iterator<Item = u32> {
        let only = self.proto.and_then(Proto::in_ip).map(|(number, _)| number);
        WITH_PORTS.into_iter().filter(move |number| only.is_none_or(|only| only == *number))
    }

    fn within(self, place: Place) -> Test {
        let bound = |compare, value: u16| Test::Field {
            place,
            size: 2,
            mask: u32::MAX,
            compare,
            value: value.into(),
        };
        if self.low == self.high {
            return bound(Compare::Equal, self.low);
        }
        Test::All(vec![bound(Compare::AtLeast, self.low), bound(Compare::AtMost, self.high)])
    }
}

fn toward(direction: Direction, source: Test, destination: Test) -> Test {
    match direction {
        Direction::Source => source,
        Direction::Destination => destination,
        Direction::Either => Test::Any(vec![source, destination]),
        Direction::Both => Test::All(vec![source, destination]),
    }
}

fn with(mut tests: Vec<Test>, more: Option<Test>) -> Test {
    tests.extend(more);
    Test::All(tests)
}

fn vlan(layout: &mut Layout, id: Option<u16>) -> Test {
    let has_id = |place| id.map(|id| masked(place, 2, 0x0fff, id.into()));
    if layout.link == Link::Tag {
        return has_id(layout.in_network(0)).unwrap_or(Test::Always(true));
    }
    if layout.link != Link::Ethernet || layout.is_in_labels() {
        return Test::Always(false);
    }
    let is_tag = [0x8100, 0x88a8, 0x9100].map(|ethertype| layout.carries(ethertype));
    let test = with(vec![Test::Any(is_tag.into())], has_id(layout.in_network(0)));
    layout.pass_tag();
    test
}

fn mpls(layout: &mut Layout, label: Option<u32>) -> Test {
    let has_label = |place| label.map(|label| masked(place, 4, 0xffff_f000, label << 12));
    if layout.link == Link::Labels {
        return labels(layout, has_label);
    }
    let is_there = match (layout.has_more_labels(), layout.link) {
        (Some(more), _) => more,
        (None, Link::Ethernet | Link::Hdlc) => layout.carries(0x8847),
        (None, Link::Ppp) => layout.carries(0x0281),
        _ => return Test::Always(false),
    };
    let test = with(vec![is_there], has_label(layout.in_network(0)));
    layout.pass_label();
    test
}

/// One label of a stack is as asked.
fn labels(layout: &Layout, has_label: impl Fn(Place) -> Option<Test>) -> Test {
    let is_last = |label: u32| masked(layout.in_network(4 * label + 2), 1, 1, 1);
    let test = |label: u32| {
        let before = (0..label).map(|before| Test::Not(Box::new(is_last(before))));
        with(before.collect(), has_label(layout.in_network(4 * label)))
    };
    Test::Any((0..MOST_LABELS).map(test).collect())
}

fn pppoe_session(layout: &mut Layout, id: Option<u16>) -> Test {
    let has_id = |place| id.map(|id| masked(place, 4, 0xffff, id.into()));
    if layout.link == Link::Session {
        return has_id(layout.in_network(0)).unwrap_or(Test::Always(true));
    }
    let test = with(vec![layout.carries(0x8864)], has_id(layout.in_network(0)));
    layout.enter_session();
    test
}

fn geneve(layout: &mut Layout, reading: Reading, network: Option<u32>) -> Test {
    let compiler = Compiler { layout, reading };
    let port = Port {
        proto: Some(Proto::Udp),
        direction: Direction::Destination,
        low: GENEVE_PORT,
        high: GENEVE_PORT,
    };
    let over = |is_there: Test, behind: &dyn Fn(u32) -> Place| {
        // Behind UDP's header of 8 bytes: version 0, and the network's number (RFC 8926 §3.4).
        let mut tests = vec![is_there, masked(behind(8), 1, 0xc0, 0)];
        tests.extend(network.map(|network| masked(behind(12), 4, 0xffff_ff00, network << 8)));
        tests.push(Test::Geneve(behind(8)));
        Test::All(tests)
    };
    let test = Test::Any(vec![
        over(compiler.ports4(port), &|offset| layout.behind_ip4(offset)),
        over(compiler.ports6(port), &|offset| compiler.behind_ip6(offset)),
    ]);
    layout.enter_geneve();
    test
}
