//! What may stand between the IP header and TCP: IPv6 extension headers (RFC 8200 §4), with either
//! version the authentication header (RFC 4302), and packets in packets.

use std::net::{IpAddr, Ipv6Addr};

use super::fragment::Part;
use super::{Layer, Next, Parse, Skip, tunnel};

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

/// Mobility (RFC 6275), HIP (RFC 7401), Shim6 (RFC 5533), and two for experiments (RFC 4727): all
/// of one shape (RFC 6564).
const OF_THE_SAME_SHAPE: [u8; 5] = [135, 139, 140, 253, 254];

/// Offset and "more fragments" of a fragment header (RFC 8200 §4.5).
const PART: u16 = 0xfff9;
const MORE: u16 = 0x0001;

/// Routing types whose addresses stand in order of the way, the last one last: source route (RFC
/// 2460 §4.4) and the home address of a mobile (RFC 6275 §6.4).
const IN_ORDER: [u8; 2] = [0, 2];

/// Segment routing: the last one stands first (RFC 8754 §2).
const SEGMENT_ROUTING: u8 = 4;

/// Who reads the header that an IP protocol number announces.
pub(super) fn header(protocol: u8) -> Result<Parse, Skip> {
    Ok(match protocol {
        HOP_BY_HOP | DESTINATION_OPTIONS => options,
        ROUTING => routing,
        AUTHENTICATION => authentication,
        FRAGMENT => fragment,
        _ if OF_THE_SAME_SHAPE.contains(&protocol) => options,
        _ => return tunnel::over_ip(protocol).ok_or(Skip::NotTcp { protocol }),
    })
}

/// Length in units of 8 bytes, the first not counted (RFC 8200 §4.3).
fn options(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [protocol, len] = first(layer)?;
    pass(layer, protocol, (usize::from(len) + 1) * 8)
}

/// A packet under way to a stop of its route is addressed to that stop, but TCP's other end is where
/// the route ends (RFC 8200 §8.1).
fn routing(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [_, len, kind, left] = first(layer)?;
    let len = usize::from(len) * 8;
    let last = match kind {
        _ if left == 0 || len < 16 => None,
        SEGMENT_ROUTING => Some(8),
        _ if IN_ORDER.contains(&kind) => Some(len - 8),
        _ => None,
    };
    let below = options(layer)?;
    let address = last.and_then(|at| layer.data.get(at..)?.first_chunk::<16>());
    Ok(match (address, below.next) {
        (Some(&address), Next::Transport { protocol, source, .. }) => {
            let destination = IpAddr::V6(Ipv6Addr::from(address));
            below.is(Next::Transport { protocol, source, destination })
        }
        _ => below,
    })
}

/// Length in units of 4 bytes, the first two not counted (RFC 4302 §2.2).
fn authentication(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [protocol, len] = first(layer)?;
    pass(layer, protocol, (usize::from(len) + 2) * 4)
}

/// A datagram that is its own only fragment ("atomic", RFC 6946) is a whole one.
fn fragment(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [protocol, _, high, low, id @ ..] = first::<8>(layer)?;
    let field = u16::from_be_bytes([high, low]);
    let behind = pass(layer, protocol, 8)?;
    match behind.next {
        Next::Transport { source, destination, .. } if field & PART != 0 => {
            Ok(behind.is(Next::Part(Part {
                source,
                destination,
                protocol,
                id: u32::from_be_bytes(id),
                offset: field & !7,
                more: field & MORE != 0,
            })))
        }
        _ => Ok(behind),
    }
}

fn first<const N: usize>(layer: Layer<'_>) -> Result<[u8; N], Skip> {
    layer.data.first_chunk().copied().ok_or(Skip::Truncated { layer: "IP extension" })
}

/// Goes on `len` bytes later with `protocol`, between the same two ends.
fn pass(layer: Layer<'_>, protocol: u8, len: usize) -> Result<Layer<'_>, Skip> {
    let rest = layer.data.get(len..).ok_or(Skip::Truncated { layer: "IP extension" })?;
    let next = match layer.next {
        Next::Transport { source, destination, .. } => {
            Next::Transport { protocol, source, destination }
        }
        next => next,
    };
    Ok(layer.then(next, rest))
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{layer_of, transport};
    use super::*;

    fn read(protocol: u8, data: &[u8]) -> Result<(u8, &[u8]), Skip> {
        let layer = layer_of(data).is(transport(protocol));
        let next = header(protocol)?(layer)?;
        match next.next {
            Next::Transport { protocol, .. } => Ok((protocol, next.data)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn passes_over_options_of_every_length() {
        for kind in [HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS, 135, 139, 140, 253, 254] {
            assert_eq!(read(kind, b"\x06\0......tcp"), Ok((6, &b"tcp"[..])));
            assert_eq!(read(kind, b"\x06\x01..............tcp"), Ok((6, &b"tcp"[..])));
        }
    }

    #[test]
    fn takes_the_end_of_a_route_for_the_destination() {
        let end = |kind, left, at: usize| {
            let mut data = vec![6, 4, kind, left, 0, 0, 0, 0];
            data.extend([0x20; 32]);
            data[at..at + 16].fill(0xfd);
            match routing(layer_of(&data).is(transport(ROUTING))).unwrap().next {
                Next::Transport { destination, .. } => destination == IpAddr::from([0xfd; 16]),
                other => panic!("{other:?}"),
            }
        };
        assert!(end(0, 1, 24) && end(2, 1, 24) && end(SEGMENT_ROUTING, 1, 8));
        assert!(!end(0, 0, 24) && !end(0, 1, 8) && !end(9, 1, 24));
    }

    #[test]
    fn passes_over_the_authentication_header() {
        assert_eq!(read(AUTHENTICATION, b"\x06\x01..........tcp"), Ok((6, &b"tcp"[..])));
    }

    #[test]
    fn tells_an_atomic_fragment_from_a_part() {
        assert_eq!(read(FRAGMENT, b"\x06\0\0\0idididtcp"), Ok((6, &b"idtcp"[..])));
        let part = |field: &[u8]| {
            let data = [b"\x06\0", field, b"\0\0\0\x09part"].concat();
            match fragment(layer_of(&data).is(transport(FRAGMENT))).unwrap().next {
                Next::Part(part) => (part.offset, part.more, part.id, part.protocol),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(part(b"\0\x01"), (0, true, 9, 6));
        assert_eq!(part(b"\x01\x08"), (264, false, 9, 6));
    }

    #[test]
    fn says_that_an_extension_is_cut() {
        let cut = Err(Skip::Truncated { layer: "IP extension" });
        assert_eq!(read(HOP_BY_HOP, b"\x06"), cut);
        assert_eq!(read(HOP_BY_HOP, b"\x06\xff......"), cut);
    }

    #[test]
    fn names_the_protocol_that_is_not_tcp() {
        assert_eq!(read(17, b""), Err(Skip::NotTcp { protocol: 17 }));
    }
}
