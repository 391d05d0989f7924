//! Where the fields of a frame are, by its link type; moved on by `vlan`, `mpls`, `pppoes` and
//! `geneve`, which a filter must have in front of what is inside them.

use super::ast::{Compare, Proto};
use super::program::{Place, Register, Test, VariableHeader};

/// Link types by their numbers (<https://www.tcpdump.org/linktypes.html>), those that are alike as
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Ethernet,
    Loopback,
    /// Version of IP by the first nibble.
    Raw,
    Ip4,
    Ip6,
    Cooked,
    Cooked2,
    Ppp,
    Hdlc,
    FrameRelay,
    /// Not a link layer but a header inside: a VLAN tag, MPLS labels, a PPPoE session.
    Tag,
    Labels,
    Session,
    /// Nothing is known of it but its bytes and length.
    Other,
}

impl Link {
    fn of_link_type(number: u16) -> Self {
        match number {
            1 => Self::Ethernet,
            0 | 108 => Self::Loopback,
            12 | 14 | 101 => Self::Raw,
            228 => Self::Ip4,
            229 => Self::Ip6,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            9 | 50 | 51 | 166 | 204 => Self::Ppp,
            104 => Self::Hdlc,
            107 => Self::FrameRelay,
            _ => Self::Other,
        }
    }

    fn of_ethertype(number: u16) -> Self {
        match number {
            0x0800 => Self::Ip4,
            0x86dd => Self::Ip6,
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => Self::Tag,
            0x8847 | 0x8848 => Self::Labels,
            0x8864 => Self::Session,
            _ => Self::Other,
        }
    }
}

/// Where fields are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) link: Link,
    header: Place,
    link_type: Place,
    payload: Place,
    /// The network layer's header, from the payload on: behind MPLS labels.
    network: u32,
    labels: u32,
    is_geneve: bool,
}

impl Layout {
    /// Whether anything is known of frames of a link type but their bytes and length.
    pub(super) fn knows(number: u16) -> bool {
        Link::of_link_type(number) != Link::Other
    }

    /// Of frames of a link type.
    pub(super) fn of_link_type(number: u16) -> Self {
        let (link_type, payload) = match number {
            51 => (6, 8),
            _ => offsets(Link::of_link_type(number)),
        };
        Self::new(Link::of_link_type(number), link_type, payload)
    }

    /// Of what an EtherType announces.
    pub(super) fn of_ethertype(number: u16) -> Self {
        Self::new(Link::of_ethertype(number), 0, 0)
    }

    fn new(link: Link, link_type: u32, payload: u32) -> Self {
        Self {
            link,
            header: fixed(0),
            link_type: fixed(link_type),
            payload: fixed(payload),
            network: 0,
            labels: 0,
            is_geneve: false,
        }
    }

    /// A byte of the link layer's header.
    pub(super) fn in_header(&self, offset: u32) -> Place {
        self.header.plus(offset)
    }

    /// A byte of the network layer's header.
    pub(super) fn in_network(&self, offset: u32) -> Place {
        self.payload.plus(self.network.wrapping_add(offset))
    }

    /// A byte behind the IPv4 header.
    pub(super) fn behind_ip4(&self, offset: u32) -> Place {
        let header = self.in_network(0);
        Place { behind: VariableHeader::Ip4(header.offset), ..header.plus(offset) }
    }

    /// A byte behind the fixed header of IPv6.
    pub(super) fn behind_ip6(&self, offset: u32) -> Place {
        self.in_network(40 + offset)
    }

    /// A byte behind all headers of IPv6.
    pub(super) fn behind_ip6_extensions(&self, offset: u32) -> Place {
        let header = self.in_network(0);
        Place { behind: VariableHeader::Ip6Extensions(header.offset), ..self.behind_ip6(offset) }
    }

    /// Whether the frame carries a protocol: an EtherType, or below 0x600 the SAPs of IEEE 802.2.
    pub(super) fn carries(&self, protocol: u32) -> Test {
        if self.labels > 0 {
            return self.behind_labels(protocol);
        }
        match self.link {
            Link::Ethernet => self.ethernet_carries(protocol),
            Link::Cooked => self.cooked_carries(protocol),
            Link::Cooked2 => equal(self.link_type, 2, protocol),
            Link::Hdlc => {
                let is_iso = Some(protocol) == Proto::Iso.ethertype();
                equal(self.link_type, 2, if is_iso { 0xfefe } else { protocol })
            }
            Link::Ppp => equal(self.link_type, 2, ppp_protocol(protocol)),
            Link::Loopback => self.loopback_carries(protocol),
            Link::FrameRelay => match protocol {
                0x0800 => equal(self.in_header(2), 2, 0x03cc),
                0x86dd => equal(self.in_header(2), 2, 0x038e),
                _ => Test::Always(false),
            },
            Link::Raw => self.first_nibble(protocol),
            Link::Ip4 => Test::Always(protocol == 0x0800),
            Link::Ip6 => Test::Always(protocol == 0x86dd),
            Link::Tag | Link::Labels | Link::Session | Link::Other => Test::Always(false),
        }
    }

    fn first_nibble(&self, protocol: u32) -> Test {
        match protocol {
            0x0800 => masked(self.in_network(0), 1, 0xf0, 0x40),
            0x86dd => masked(self.in_network(0), 1, 0xf0, 0x60),
            _ => Test::Always(false),
        }
    }

    /// Behind the last label the version of IP is all there is to tell by (RFC 3032 §2.2).
    fn behind_labels(&self, protocol: u32) -> Test {
        let last = masked(self.in_network(0_u32.wrapping_sub(2)), 1, 1, 1);
        Test::All(vec![last, self.first_nibble(protocol)])
    }

    fn ethernet_carries(&self, protocol: u32) -> Test {
        let is_length = below(self.link_type, 2, 1501);
        match protocol {
            0xfe | 0x06 | 0xf0 => Test::All(vec![is_length, self.has_saps(protocol)]),
            0xe0 => {
                let kinds = [
                    self.has_snap(0, 0x8137),
                    equal(self.payload, 1, 0xe0),
                    equal(self.payload, 2, 0xffff),
                ];
                let is_8023 = Test::All(vec![is_length, Test::Any(kinds.into())]);
                Test::Any(vec![equal(self.link_type, 2, 0x8137), is_8023])
            }
            0x809b | 0x80f3 => {
                let organization = if protocol == 0x809b { 0x08_0007 } else { 0 };
                let snap = Test::All(vec![is_length, self.has_snap(organization, protocol)]);
                Test::Any(vec![equal(self.link_type, 2, protocol), snap])
            }
            ..=1500 => Test::All(vec![is_length, equal(self.link_type.plus(2), 1, protocol)]),
            _ => equal(self.link_type, 2, protocol),
        }
    }

    fn cooked_carries(&self, protocol: u32) -> Test {
        let is_8022 = equal(self.link_type, 2, 4);
        match protocol {
            0xfe | 0x06 | 0xf0 => Test::All(vec![is_8022, self.has_saps(protocol)]),
            0xe0 => {
                let kinds = [equal(self.payload, 1, 0xe0), self.has_snap(0, 0x8137)];
                let is_8022 = Test::All(vec![is_8022, Test::Any(kinds.into())]);
                let is_ipx = equal(self.link_type, 2, 0x8137);
                Test::Any(vec![is_ipx, equal(self.link_type, 2, 1), is_8022])
            }
            0x809b | 0x80f3 => {
                let organization = if protocol == 0x809b { 0x08_0007 } else { 0 };
                let snap = Test::All(vec![is_8022, self.has_snap(organization, protocol)]);
                Test::Any(vec![equal(self.link_type, 2, protocol), snap])
            }
            ..=1500 => Test::All(vec![is_8022, equal(self.payload, 1, protocol)]),
            _ => equal(self.link_type, 2, protocol),
        }
    }

    /// Destination and source SAP are the same.
    fn has_saps(&self, sap: u32) -> Test {
        equal(self.payload, 2, sap << 8 | sap)
    }

    fn has_snap(&self, organization: u32, protocol: u32) -> Test {
        Test::All(vec![
            equal(self.payload.plus(4), 4, (organization & 0xffff) << 16 | protocol),
            equal(self.payload, 4, 0xaaaa_0300 | organization >> 16),
        ])
    }

    /// Address families are in the byte order of the machine that captured, which is not known.
    fn loopback_carries(&self, protocol: u32) -> Test {
        let families: &[u32] = match protocol {
            0x0800 => &[2],
            // NetBSD and OpenBSD, FreeBSD, macOS.
            0x86dd => &[24, 28, 30],
            _ => return Test::Always(false),
        };
        let orders = families.iter().flat_map(|family| [*family, family.swap_bytes()]);
        Test::Any(orders.map(|family| equal(self.header, 4, family)).collect())
    }

    /// An Ethernet header is there to look at: inside Geneve it may not be.
    pub(super) fn has_ethernet(&self) -> Option<Test> {
        match self.link {
            Link::Ethernet if self.is_geneve => Some(Test::IsEthernetInside),
            Link::Ethernet => Some(Test::Always(true)),
            _ => None,
        }
    }

    /// The label before the network layer's header is not the last of its stack.
    pub(super) fn has_more_labels(&self) -> Option<Test> {
        let before = self.in_network(0_u32.wrapping_sub(2));
        (self.labels > 0).then(|| masked(before, 1, 1, 0))
    }

    pub(super) fn is_in_labels(&self) -> bool {
        self.labels > 0
    }

    /// Goes on behind a VLAN tag.
    pub(super) fn pass_tag(&mut self) {
        self.payload = self.payload.plus(4);
        self.link_type = self.link_type.plus(4);
    }

    /// Goes on behind an MPLS label.
    pub(super) fn pass_label(&mut self) {
        self.network = self.network.wrapping_add(4);
        self.labels += 1;
    }

    /// Goes on in the PPP frame of a PPPoE session (RFC 2516 §4).
    pub(super) fn enter_session(&mut self) {
        self.header = self.in_network(6);
        self.link_type = self.header;
        self.payload = self.header.plus(2);
        self.network = 0;
        self.link = Link::Ppp;
        self.is_geneve = false;
    }

    /// Goes on in the frame inside Geneve.
    pub(super) fn enter_geneve(&mut self) {
        let start = |register| Place { register: Some(register), ..fixed(0) };
        self.header = start(Register::Header);
        self.link_type = start(Register::Type);
        self.payload = start(Register::Payload);
        self.network = 0;
        self.link = Link::Ethernet;
        self.is_geneve = true;
    }
}

impl Place {
    fn plus(self, offset: u32) -> Self {
        Self { offset: self.offset.wrapping_add(offset), ..self }
    }
}

fn fixed(offset: u32) -> Place {
    Place { register: None, offset, behind: VariableHeader::Nothing }
}

/// Of the field that says what is carried, and of what is carried.
fn offsets(link: Link) -> (u32, u32) {
    match link {
        Link::Ethernet => (12, 14),
        Link::Loopback => (0, 4),
        Link::Cooked => (14, 16),
        Link::Cooked2 => (0, 20),
        // Behind the address and control bytes of HDLC.
        Link::Ppp | Link::Hdlc => (2, 4),
        _ => (0, 0),
    }
}

/// The number of a protocol in PPP.
fn ppp_protocol(protocol: u32) -> u32 {
    match protocol {
        0x0800 => 0x0021,
        0x86dd => 0x0057,
        0x6003 => 0x0027,
        0x809b => 0x0029,
        0xfe => 0x0023,
        0x42 => 0x0031,
        0xe0 => 0x002b,
        other => other,
    }
}

/// A field has this value.
pub(super) fn equal(place: Place, size: u8, value: u32) -> Test {
    masked(place, size, u32::MAX, value)
}

/// Some bits of a field have this value.
pub(super) fn masked(place: Place, size: u8, mask: u32, value: u32) -> Test {
    Test::Field { place, size, mask, compare: Compare::Equal, value }
}

fn below(place: Place, size: u8, value: u32) -> Test {
    Test::Field { place, size, mask: u32::MAX, compare: Compare::Less, value }
}
