//! Ethernet II and IEEE 802.3.

use super::{Layer, Next, Skip, wlan};
use crate::capture::LinkType;

/// Below this, the field is the length of an IEEE 802.3 frame and not an EtherType (IEEE 802.3 §3.2.6).
const FIRST_ETHERTYPE: u16 = 0x0600;

/// Cisco ISL: the destination that says that a whole frame is inside (26 bytes further on).
const ISL: [u8; 4] = [0x01, 0x00, 0x0c, 0x00];
const ISL_HEADER: usize = 26;

/// Destination, source, EtherType or length. A frame check sequence, if captured, and padding are
/// cut off by the length in the IP header.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    if layer.data.starts_with(&ISL) && layer.data.get(4) == Some(&0) {
        return Ok(layer.pass(ISL_HEADER, "ISL")?.ethernet());
    }
    // Windows' pktmon writes the frames of a Wi-Fi card as they are, and calls them Ethernet.
    if wlan::carries_ip(layer.data) {
        return Ok(layer.is(Next::Link(LinkType::IEEE802_11)));
    }
    let (header, layer) = layer.take::<14>("Ethernet")?;
    let [.., high, low] = *header;
    Ok(layer.is(next(u16::from_be_bytes([high, low]))))
}

/// Preamble and start delimiter are there too (LINKTYPE_ETHERNET_MPACKET, IEEE 802.3br). A frame
/// that was pre-empted goes on in another packet, and is left alone.
pub(super) fn behind_preamble(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (preamble, layer) = layer.take::<8>("preamble")?;
    match preamble[7] {
        0xd5 => Ok(layer.ethernet()),
        _ => Err(Skip::Fragment),
    }
}

/// What follows a field that is an EtherType or a length.
pub(in crate::decode) fn next(type_or_length: u16) -> Next {
    match type_or_length {
        FIRST_ETHERTYPE.. => Next::Ether(type_or_length),
        _ => Next::Llc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_ethertype() {
        let frame = [&[0; 12][..], &[0x08, 0x00], b"ip"].concat();
        let next = layer(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
    }

    #[test]
    fn takes_a_length_for_the_start_of_logical_link_control() {
        let frame = [&[0; 12][..], &[0x00, 0x26], b"llc"].concat();
        assert_eq!(layer(layer_of(&frame)).unwrap().next, Next::Llc);
    }

    #[test]
    fn says_that_the_header_is_cut() {
        let skip = layer(Layer { cut: 50, ..layer_of(&[0; 13]) }).unwrap_err();
        assert_eq!(skip, Skip::Truncated { layer: "Ethernet" });
    }
}
