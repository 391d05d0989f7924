//! Errors of ICMP (RFC 792) and ICMPv6 (RFC 4443): who met a packet that could not go on quotes its
//! first bytes, with the ends of its connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{IcmpError, Layer, Skip, TCP, Trouble};
use crate::moment::Moment;

/// IP protocol numbers.
pub(super) const V4: u8 = 1;
pub(super) const V6: u8 = 58;

/// Types (RFC 792; RFC 4443 §3).
const UNREACHABLE: u8 = 3;
const TIME_EXCEEDED: u8 = 11;
const UNREACHABLE_V6: u8 = 1;
const PACKET_TOO_BIG_V6: u8 = 2;
const TIME_EXCEEDED_V6: u8 = 3;

/// Bytes in front of the datagram that is quoted.
const HEADER: usize = 8;

impl From<&IcmpError> for Skip {
    /// Why the frame of an error has no segment.
    fn from(error: &IcmpError) -> Self {
        Self::NotTcp { protocol: if error.reporter.is_ipv4() { V4 } else { V6 } }
    }
}

/// Reads an ICMP message between `reporter` and the sender of what it quotes. None if it is no error,
/// or quotes no TCP.
pub(super) fn error(
    layer: &Layer<'_>,
    protocol: u8,
    reporter: IpAddr,
    at: Moment,
) -> Option<IcmpError> {
    let &[kind, code, _, _, a, b, c, d] = layer.data.first_chunk::<HEADER>()?;
    let trouble = match protocol {
        V4 => v4(kind, code, u16::from_be_bytes([c, d]))?,
        _ => v6(kind, code, u32::from_be_bytes([a, b, c, d]))?,
    };
    let (source, destination) = quoted(layer.data.get(HEADER..)?)?;
    Some(IcmpError { at, reporter, source, destination, trouble })
}

/// RFC 792, RFC 1122 §3.2.2.1, RFC 1191 §4, RFC 1812 §5.2.7.1.
fn v4(kind: u8, code: u8, mtu: u16) -> Option<Trouble> {
    Some(match (kind, code) {
        (UNREACHABLE, 9 | 10 | 13) => Trouble::Prohibited,
        (UNREACHABLE, 2 | 3) => Trouble::PortUnreachable,
        (UNREACHABLE, 4) => Trouble::TooBig { mtu: (mtu > 0).then_some(mtu.into()) },
        (UNREACHABLE, _) => Trouble::HostUnreachable,
        (TIME_EXCEEDED, 0) => Trouble::TimeExceeded,
        _ => return None,
    })
}

/// RFC 4443 §3.
fn v6(kind: u8, code: u8, mtu: u32) -> Option<Trouble> {
    Some(match (kind, code) {
        (UNREACHABLE_V6, 1 | 5 | 6) => Trouble::Prohibited,
        (UNREACHABLE_V6, 4) => Trouble::PortUnreachable,
        (UNREACHABLE_V6, _) => Trouble::HostUnreachable,
        (PACKET_TOO_BIG_V6, _) => Trouble::TooBig { mtu: (mtu > 0).then_some(mtu) },
        (TIME_EXCEEDED_V6, 0) => Trouble::TimeExceeded,
        _ => return None,
    })
}

/// The ends of a TCP packet whose first bytes alone are there: the IP header and 8 bytes more
/// (RFC 792).
fn quoted(datagram: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let (source, destination, segment): (IpAddr, IpAddr, &[u8]) = match datagram.first()? >> 4 {
        4 => {
            let header = datagram.first_chunk::<20>().filter(|header| header[9] == TCP)?;
            let [.., a, b, c, d, e, f, g, h] = *header;
            let len = usize::from(header[0] & 0x0f) * 4;
            let ends = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
            (ends.0.into(), ends.1.into(), datagram.get(len..)?)
        }
        6 => {
            let (header, segment) = datagram.split_first_chunk::<40>()?;
            let address = |from: usize| -> Option<Ipv6Addr> {
                Some(header.get(from..)?.first_chunk::<16>().copied()?.into())
            };
            let ends = (address(8)?, address(24)?);
            (header[6] == TCP).then_some((ends.0.into(), ends.1.into(), segment))?
        }
        _ => return None,
    };
    let &[a, b, c, d] = segment.first_chunk::<4>()?;
    let (from, to) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    Some((SocketAddr::new(source, from), SocketAddr::new(destination, to)))
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{Ip, Tcp, layer_of};
    use super::*;

    const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

    fn read(protocol: u8, head: [u8; 8], datagram: &[u8]) -> Option<IcmpError> {
        let message = [&head[..], datagram].concat();
        error(&layer_of(&message), protocol, ROUTER, Moment::default())
    }

    #[test]
    fn names_the_connection_that_a_router_speaks_of() {
        let syn = Ip::v4(6).around(&Tcp::new().around(b""));
        let told = read(V4, [3, 13, 0, 0, 0, 0, 0, 0], &syn[..28]).unwrap();
        assert_eq!(told.source, "192.0.2.1:40000".parse().unwrap());
        assert_eq!(told.destination, "192.0.2.2:25".parse().unwrap());
        assert_eq!((told.reporter, told.trouble), (ROUTER, Trouble::Prohibited));
    }

    #[test]
    fn tells_how_much_the_next_link_takes() {
        let packet = Ip::v4(6).around(&Tcp::new().around(b"x"));
        let too_big = |mtu| Some(Trouble::TooBig { mtu });
        let trouble = |protocol, head, packet: &[u8]| Some(read(protocol, head, packet)?.trouble);
        assert_eq!(trouble(V4, [3, 4, 0, 0, 0, 0, 5, 0x14], &packet), too_big(Some(1300)));
        assert_eq!(trouble(V4, [3, 4, 0, 0, 0, 0, 0, 0], &packet), too_big(None));
        let packet = Ip::v6(6).around(&Tcp::new().around(b"x"));
        assert_eq!(trouble(V6, [2, 0, 0, 0, 0, 0, 5, 0], &packet), too_big(Some(1280)));
        assert_eq!(trouble(V6, [1, 1, 0, 0, 0, 0, 0, 0], &packet), Some(Trouble::Prohibited));
    }

    #[test]
    fn stays_silent_on_pings_other_protocols_and_stumps() {
        let packet = Ip::v4(6).around(&Tcp::new().around(b"x"));
        let datagram = Ip::v4(17).around(b"12345678");
        assert_eq!(read(V4, [8, 0, 0, 0, 0, 0, 0, 0], &packet), None);
        assert_eq!(read(V4, [3, 3, 0, 0, 0, 0, 0, 0], &datagram), None);
        assert_eq!(read(V4, [3, 3, 0, 0, 0, 0, 0, 0], &packet[..22]), None);
        assert_eq!(error(&layer_of(&[3, 1]), V4, ROUTER, Moment::default()), None);
    }
}
