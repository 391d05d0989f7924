//! PPP (RFC 1661), framed as HDLC does or not (RFC 1662).

use super::{Layer, Next, Skip, hdlc, ipv4, ipv6};

const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MULTILINK: u16 = 0x003d;
const MPLS: [u16; 2] = [0x0281, 0x0283];

/// The EtherType that means what the protocol of MPLS does.
const MPLS_ETHERTYPE: u16 = 0x8847;

/// A packet that is all of what was cut: it begins and ends here (RFC 1990 §3).
const WHOLE: u8 = 0xc0;

/// Address and control may be there (`FF 03`) or not; Cisco's HDLC has others (`0F 00`).
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    match *layer.data {
        [0xff, 0x03, ..] => Ok(layer.pass(2, "PPP")?.is(Next::Ppp)),
        [0x0f | 0x8f, 0x00, ..] => hdlc::layer(layer),
        _ => Ok(layer.is(Next::Ppp)),
    }
}

/// A byte in front says which way the packet went.
pub(super) fn with_direction(below: Layer<'_>) -> Result<Layer<'_>, Skip> {
    layer(below.pass(1, "PPP")?)
}

/// The protocol, in one byte if it was compressed (RFC 1661 §6.5): the last byte is the odd one.
pub(in crate::decode) fn protocol(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (protocol, layer) = match *layer.data {
        [low, ..] if low & 1 == 1 => (u16::from(low), layer.pass(1, "PPP")?),
        [high, low, ..] => (u16::from_be_bytes([high, low]), layer.pass(2, "PPP")?),
        _ => return Err(Skip::Truncated { layer: "PPP" }),
    };
    match protocol {
        IPV4 => Ok(layer.ether(ipv4::ETHERTYPE)),
        IPV6 => Ok(layer.ether(ipv6::ETHERTYPE)),
        MULTILINK => multilink(layer),
        _ if MPLS.contains(&protocol) => Ok(layer.ether(MPLS_ETHERTYPE)),
        _ => Err(Skip::NotIp { ethertype: protocol }),
    }
}

/// Flags and a long sequence number (RFC 1990 §3).
fn multilink(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<4>("PPP multilink")?;
    match header[0] & WHOLE {
        WHOLE => Ok(layer.is(Next::Ppp)),
        _ => Err(Skip::Fragment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_protocol_with_and_without_framing_and_compression() {
        for frame in [&b"\xff\x03\x00\x21ip"[..], b"\x00\x21ip", b"\x21ip", b"\xff\x03\x21ip"] {
            let next = protocol(layer(layer_of(frame)).unwrap()).unwrap();
            assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
        }
    }

    #[test]
    fn reads_cisco_hdlc_on_a_serial_line() {
        let next = layer(layer_of(b"\x0f\x00\x86\xddip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x86dd), &b"ip"[..]));
    }

    #[test]
    fn passes_over_multilink_where_nothing_was_cut() {
        let next = protocol(layer_of(b"\x00\x3d\xc0\x00\x00\x07\x00\x21ip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ppp, &b"\x00\x21ip"[..]));
        let skip = protocol(layer_of(b"\x00\x3d\x80\x00\x00\x07\x00\x21ip")).unwrap_err();
        assert_eq!(skip, Skip::Fragment);
    }

    #[test]
    fn names_what_is_no_ip_and_what_is_cut() {
        let skip = |data| protocol(layer_of(data)).unwrap_err();
        assert_eq!(skip(b"\xc0\x21"), Skip::NotIp { ethertype: 0xc021 });
        assert_eq!(skip(b"\x00"), Skip::Truncated { layer: "PPP" });
    }
}
