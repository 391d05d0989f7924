//! GRE (RFC 2784, RFC 2890), that of before (RFC 1701) and that of PPTP (RFC 2637).

use super::{Layer, Next, Skip, begins_as_ip, erspan};

/// What is there, and the version.
const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

/// Protocols that are no EtherTypes: PPP (RFC 2637), mirrors of Cisco, redirection of Cisco (WCCP),
/// 802.11 of Aruba.
const PPP: u16 = 0x880b;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;
const WCCP: u16 = 0x883e;
const ARUBA: std::ops::RangeInclusive<u16> = 0x8200..=0x8370;

/// Whether a datagram begins so: over UDP, not every bit may be set (RFC 8086 §3.2).
pub(super) fn begins(data: &[u8]) -> bool {
    matches!(data, [flags, 0, _, _, ..] if flags & 0x4f == 0)
}

pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[f1, f2, p1, p2], mut layer) = layer.take("GRE")?;
    let [flags, protocol] = [[f1, f2], [p1, p2]].map(u16::from_be_bytes);
    let version = flags & VERSION;
    if version > 1 {
        return Err(Skip::Malformed { layer: "GRE" });
    }
    let fields = [
        flags & (CHECKSUM | ROUTING),
        flags & KEY,
        flags & SEQUENCE,
        if version == 1 { flags & ACKNOWLEDGEMENT } else { 0 },
    ];
    let len = fields.iter().filter(|&&field| field != 0).count() * 4;
    layer = layer.pass(len, "GRE")?;
    if flags & ROUTING != 0 && version == 0 {
        layer = behind_routes(layer)?;
    }
    carried(layer, protocol, flags & SEQUENCE != 0)
}

fn carried(layer: Layer<'_>, protocol: u16, sequenced: bool) -> Result<Layer<'_>, Skip> {
    match protocol {
        PPP => super::link::ppp_framed(layer),
        ERSPAN if sequenced => erspan::type_ii(layer),
        // Type I has no header at all.
        ERSPAN => Ok(layer.mirrored().ethernet()),
        ERSPAN_III => erspan::type_iii(layer),
        WCCP if begins_as_ip(layer.data) => Ok(layer.is(Next::Ip)),
        WCCP => Ok(layer.pass(4, "WCCP")?.is(Next::Ip)),
        _ if ARUBA.contains(&protocol) => {
            Ok(layer.is(Next::Link(crate::capture::LinkType::IEEE802_11)))
        }
        _ => Ok(layer.ether(protocol)),
    }
}

/// Source routes, each with its length, the last one empty (RFC 1701 §2).
fn behind_routes(mut layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    loop {
        let (&[f1, f2, _, len], route) = layer.take("GRE")?;
        layer = route.pass(len.into(), "GRE")?;
        if len == 0 && [f1, f2] == [0, 0] {
            return Ok(layer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    fn read(data: &[u8]) -> (Next, Vec<u8>) {
        let next = layer(layer_of(data)).unwrap();
        (next.next, next.data.to_vec())
    }

    #[test]
    fn passes_over_every_optional_field() {
        let ip = (Next::Ether(0x0800), b"ip".to_vec());
        assert_eq!(read(b"\0\0\x08\0ip"), ip);
        assert_eq!(read(b"\x80\0\x08\0....ip"), ip);
        assert_eq!(read(b"\x20\0\x08\0....ip"), ip);
        assert_eq!(read(b"\xb0\0\x08\0............ip"), ip);
        assert_eq!(read(b"\x40\0\x08\0....\x08\0\0\x02..\0\0\0\0ip"), ip);
    }

    #[test]
    fn reads_what_pptp_sends() {
        let next = read(b"\x30\x81\x88\x0b............\xff\x03\0\x21ip");
        assert_eq!(next, (Next::Ppp, b"\0\x21ip".to_vec()));
    }

    #[test]
    fn tells_the_kinds_of_mirrors_apart() {
        let ethernet = layer_of(b"").ethernet().next;
        assert_eq!(read(b"\0\0\x88\xbeframe"), (ethernet, b"frame".to_vec()));
        let second = read(b"\x10\0\x88\xbe....\x10\0\0\0\0\0\0\0frame");
        assert_eq!(second, (ethernet, b"frame".to_vec()));
    }

    #[test]
    fn passes_over_the_redirect_header_where_there_is_one() {
        assert_eq!(read(b"\0\0\x88\x3e\x45ip"), (Next::Ip, b"\x45ip".to_vec()));
        assert_eq!(read(b"\0\0\x88\x3e\0\0\0\0\x45ip"), (Next::Ip, b"\x45ip".to_vec()));
    }

    #[test]
    fn refuses_another_version_and_says_what_is_cut() {
        let skip = |data| layer(layer_of(data)).unwrap_err();
        assert_eq!(skip(b"\0\x02\x08\0"), Skip::Malformed { layer: "GRE" });
        assert_eq!(skip(b"\x80\0\x08\0.."), Skip::Truncated { layer: "GRE" });
    }
}
