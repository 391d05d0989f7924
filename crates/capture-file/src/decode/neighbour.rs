//! Who looks for a host on its own link: ARP (RFC 826) and neighbour discovery (RFC 4861). Where nobody
//! answers, no SYN leaves the host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Beside, Layer, Neighbour, Skip, icmp, udp};
use crate::moment::Moment;

/// EtherType of ARP.
pub(super) const ARP: u16 = 0x0806;

/// ICMPv6 types (RFC 4861 §4.3, §4.4).
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

impl From<&Beside<'_>> for Skip {
    /// Why such a frame has no segment.
    fn from(beside: &Beside<'_>) -> Self {
        match beside {
            Beside::Datagram(_) => Self::NotTcp { protocol: udp::PROTOCOL },
            Beside::Neighbour(neighbour) if neighbour.target.is_ipv4() => {
                Self::NotIp { ethertype: ARP }
            }
            Beside::Neighbour(_) => Self::NotTcp { protocol: icmp::V6 },
        }
    }
}

/// ARP for IPv4 on Ethernet (RFC 826).
pub(super) fn arp(layer: &Layer<'_>, at: Moment) -> Option<Neighbour> {
    let packet = layer.data.first_chunk::<28>()?;
    let [_, _, 8, 0, 6, 4, 0, operation @ (1 | 2), ..] = *packet else { return None };
    let address = |from: usize| -> Option<IpAddr> {
        let bytes = packet.get(from..)?.first_chunk::<4>()?;
        Some(Ipv4Addr::from(*bytes).into())
    };
    let (sender, target) = (address(14)?, address(24)?);
    let is_answer = operation == 2;
    let (asker, target) = if is_answer { (target, sender) } else { (sender, target) };
    Some(Neighbour { at, asker, target, is_answer })
}

/// A solicitation, or an advertisement; who is answered by one stands in no field of it that counts.
pub(super) fn v6(layer: &Layer<'_>, source: IpAddr, at: Moment) -> Option<Neighbour> {
    let message = layer.data.first_chunk::<24>()?;
    let is_answer = match message[0] {
        SOLICITATION => false,
        ADVERTISEMENT => true,
        _ => return None,
    };
    let target = Ipv6Addr::from(*message.get(8..)?.first_chunk::<16>()?).into();
    source.is_ipv6().then_some(Neighbour { at, asker: source, target, is_answer })
}

#[cfg(test)]
mod tests {
    use super::super::testframe::layer_of;
    use super::*;

    /// RFC 826: Ethernet, IPv4, lengths, operation, sender, target.
    fn packet(operation: u8) -> Vec<u8> {
        let head = [0, 1, 8, 0, 6, 4, 0, operation];
        let (sender, target) = ([1, 1, 1, 1, 1, 1, 192, 0, 2, 1], [0, 0, 0, 0, 0, 0, 192, 0, 2, 9]);
        [&head[..], &sender, &target].concat()
    }

    #[test]
    fn who_asks_for_whom_on_the_link() {
        let read = |operation| arp(&layer_of(&packet(operation)), Moment::default());
        let [one, nine] = [1, 9].map(|host| IpAddr::from([192, 0, 2, host]));
        let asked = read(1).unwrap();
        assert_eq!((asked.asker, asked.target, asked.is_answer), (one, nine, false));
        let told = read(2).unwrap();
        assert_eq!((told.asker, told.target, told.is_answer), (nine, one, true));
        assert_eq!(read(3), None);
        assert_eq!(arp(&layer_of(&packet(1)[..27]), Moment::default()), None);
    }

    #[test]
    fn neighbours_of_ipv6_are_solicited() {
        let mut message = [0; 24];
        message[0] = 135;
        message[23] = 7;
        let source = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]);
        let asked = v6(&layer_of(&message), source, Moment::default()).unwrap();
        assert_eq!((asked.asker, asked.is_answer), (source, false));
        assert_eq!(asked.target, IpAddr::from([0, 0, 0, 0, 0, 0, 0, 7]));
    }
}
