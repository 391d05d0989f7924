//! Ethernet II and IEEE 802.3.

use super::{Layer, Next, Skip};

/// Below this, the field is the length of an IEEE 802.3 frame and not an EtherType (IEEE 802.3 §3.2.6).
const FIRST_ETHERTYPE: u16 = 0x0600;

/// Destination, source, EtherType or length. A frame check sequence, if captured, and padding are
/// cut off by the length in the IP header.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let Some((header, rest)) = layer.data.split_first_chunk::<14>() else {
        return Err(Skip::Truncated { layer: "Ethernet" });
    };
    let [.., high, low] = *header;
    Ok(layer.then(next(u16::from_be_bytes([high, low])), rest))
}

/// What follows a field that is an EtherType or a length.
pub(super) fn next(type_or_length: u16) -> Next {
    match type_or_length {
        FIRST_ETHERTYPE.. => Next::Ether(type_or_length),
        _ => Next::Llc,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{LINK, layer_of};
    use super::*;

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
        let skip = layer(Layer { next: LINK, data: &[0; 13], cut: 50, ip_id: None }).unwrap_err();
        assert_eq!(skip, Skip::Truncated { layer: "Ethernet" });
    }
}
