//! Headers that systems and capture cards put in front of packets.

use super::{Layer, Next, Skip, null};
use crate::capture::LinkType;

/// The shortest header of PKTAP, and a longest that is plausible; it may grow.
const PKTAP_LENGTHS: std::ops::RangeInclusive<u32> = 40..=512;

/// What an extensible record format holds (Endace's ERF): Ethernet and IP; the rest of its types is
/// not TCP's. The high bit says that more headers follow.
const ERF_ETHERNET: [u8; 5] = [2, 11, 16, 20, 27];
const ERF_IP: [u8; 2] = [22, 23];
const ERF_MORE: u8 = 0x80;

/// macOS: length, kind, link type and much about the process, little-endian. USER2 was its number
/// before it had one of its own.
pub(super) fn pktap(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, _) = layer.take::<12>("PKTAP")?;
    let number = |at: usize| {
        let bytes = header.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |&bytes| u32::from_le_bytes(bytes))
    };
    let (len, link) = (number(0), u16::try_from(number(8)));
    let Some((len, link)) = PKTAP_LENGTHS.contains(&len).then_some(len).zip(link.ok()) else {
        return Err(Skip::Malformed { layer: "PKTAP" });
    };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    Ok(layer.pass(len, "PKTAP")?.is(Next::Link(LinkType(link))))
}

/// OpenBSD's IPsec interface: family, SPI, flags.
pub(super) fn enc(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    null::layer(layer)?.pass(8, "ENC").map(|layer| layer.is(Next::Ip))
}

/// OpenBSD's packet filter: its length first, padded to 4 bytes.
pub(super) fn pflog(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let len = layer.data.first().copied().ok_or(Skip::Truncated { layer: "PFLOG" })?;
    let len = usize::from(len).next_multiple_of(4);
    Ok(layer.pass(len, "PFLOG")?.is(Next::Ip))
}

/// Solaris: version, family, hooks, zones, 24 bytes.
pub(super) fn ipnet(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(24, "IPNET")?.is(Next::Ip))
}

/// Time, type, flags, lengths; then extensions of 8 bytes, of which each says whether one follows.
pub(super) fn erf(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, mut layer) = layer.take::<16>("ERF")?;
    let mut more = header[8];
    while more & ERF_MORE != 0 {
        let (extension, rest) = layer.take::<8>("ERF")?;
        (more, layer) = (extension[0], rest);
    }
    match header[8] & !ERF_MORE {
        kind if ERF_ETHERNET.contains(&kind) => Ok(layer.pass(2, "ERF")?.ethernet()),
        kind if ERF_IP.contains(&kind) => Ok(layer.is(Next::Ip)),
        kind => Err(Skip::NotIp { ethertype: kind.into() }),
    }
}

/// Hilscher's netANALYZER: four bytes, then Ethernet.
pub(super) fn netanalyzer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(4, "netANALYZER")?.ethernet())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_link_type_behind_pktap() {
        let mut frame = vec![0; 108];
        frame[0] = 108;
        frame[4] = 1;
        frame[8] = 12;
        frame.extend(b"ip");
        let next = pktap(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Link(LinkType(12)), &b"ip"[..]));
        assert!(pktap(layer_of(b"another use of USER2")).is_err());
    }

    #[test]
    fn passes_over_headers_of_known_length() {
        assert_eq!(enc(layer_of(b"\x02\0\0\0........ip")).unwrap().data, b"ip");
        assert_eq!(pflog(layer_of(&[&[61][..], &[0; 63], b"ip"].concat())).unwrap().data, b"ip");
        assert_eq!(ipnet(layer_of(&[&[0; 24][..], b"ip"].concat())).unwrap().data, b"ip");
        assert_eq!(netanalyzer(layer_of(b"....frame")).unwrap().data, b"frame");
    }

    #[test]
    fn follows_the_extensions_of_erf() {
        let frame = |kind: u8, rest: &[u8]| [&[0; 8][..], &[kind], &[0; 7], rest].concat();
        assert_eq!(erf(layer_of(&frame(2, b"..frame"))).unwrap().data, b"frame");
        let extended = frame(0x82, b"\x80.......\x00.........frame");
        assert_eq!(erf(layer_of(&extended)).unwrap().data, b"frame");
        assert!(erf(layer_of(&frame(48, b""))).is_err());
    }
}
