//! What may stand between the IP header and TCP: IPv6 extension headers (RFC 8200 §4) and, with
//! either version, the authentication header (RFC 4302).

use super::{Layer, Next, Parse, Skip};

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

/// Offset and "more fragments" of a fragment header (RFC 8200 §4.5).
const PART: u16 = 0xfff9;

/// Who reads the header that an IP protocol number announces.
pub(super) fn header(protocol: u8) -> Result<Parse, Skip> {
    Ok(match protocol {
        HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS => options,
        AUTHENTICATION => authentication,
        FRAGMENT => fragment,
        _ => return Err(Skip::NotTcp { protocol }),
    })
}

/// Length in units of 8 bytes, the first not counted (RFC 8200 §4.3).
fn options(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [protocol, len] = first(layer)?;
    pass(layer, protocol, (usize::from(len) + 1) * 8)
}

/// Length in units of 4 bytes, the first two not counted (RFC 4302 §2.2).
fn authentication(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [protocol, len] = first(layer)?;
    pass(layer, protocol, (usize::from(len) + 2) * 4)
}

/// A datagram that is its own only fragment ("atomic", RFC 6946) is a whole one.
fn fragment(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let [protocol, _, high, low] = first(layer)?;
    if u16::from_be_bytes([high, low]) & PART != 0 {
        return Err(Skip::Fragment);
    }
    pass(layer, protocol, 8)
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
    use super::super::testframe::transport;
    use super::*;

    fn read(protocol: u8, data: &[u8]) -> Result<(u8, &[u8]), Skip> {
        let layer = Layer { next: transport(protocol), data, cut: 0, ip_id: None };
        let next = header(protocol)?(layer)?;
        match next.next {
            Next::Transport { protocol, .. } => Ok((protocol, next.data)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn passes_over_options_of_every_length() {
        for kind in [HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS] {
            assert_eq!(read(kind, b"\x06\0......tcp"), Ok((6, &b"tcp"[..])));
            assert_eq!(read(kind, b"\x06\x01..............tcp"), Ok((6, &b"tcp"[..])));
        }
    }

    #[test]
    fn passes_over_the_authentication_header() {
        assert_eq!(read(AUTHENTICATION, b"\x06\x01..........tcp"), Ok((6, &b"tcp"[..])));
    }

    #[test]
    fn tells_an_atomic_fragment_from_a_part() {
        assert_eq!(read(FRAGMENT, b"\x06\0\0\0idididtcp"), Ok((6, &b"idtcp"[..])));
        assert_eq!(read(FRAGMENT, b"\x06\0\0\x01ididtcp"), Err(Skip::Fragment));
        assert_eq!(read(FRAGMENT, b"\x06\0\0\x08ididtcp"), Err(Skip::Fragment));
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
