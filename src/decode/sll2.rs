//! Linux "cooked" capture, version 2: LINKTYPE_LINUX_SLL2.

use super::{Layer, Skip, sll};

/// Protocol, reserved, interface index, ARPHRD type, packet type, address length, address (8).
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let Some((header, rest)) = layer.data.split_first_chunk::<20>() else {
        return Err(Skip::Truncated { layer: "SLL2" });
    };
    let [high, low, ..] = *header;
    Ok(layer.then(sll::next(u16::from_be_bytes([high, low])), rest))
}

#[cfg(test)]
mod tests {
    use super::super::Next;
    use super::super::testframe::layer_of;
    use super::*;

    #[test]
    fn reads_the_protocol_at_the_start_of_the_header() {
        let frame = [&[0x08, 0x00][..], &[0; 18], b"ip"].concat();
        let next = layer(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
    }

    #[test]
    fn says_that_the_header_is_cut() {
        assert_eq!(layer(layer_of(&[0; 19])).unwrap_err(), Skip::Truncated { layer: "SLL2" });
    }
}
