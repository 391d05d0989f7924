//! Linux "cooked" capture, version 2: LINKTYPE_LINUX_SLL2.

use super::{Layer, Skip, sll};

/// Protocol, reserved, interface index, ARPHRD type, packet type, address length, address (8).
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<20>("SLL2")?;
    let [high, low, _, _, i1, i2, i3, i4, d1, d2, ..] = *header;
    let [device, protocol] = [[d1, d2], [high, low]].map(u16::from_be_bytes);
    let interface = u32::from_be_bytes([i1, i2, i3, i4]);
    Ok(Layer { interface, ..layer.is(sll::next(device, protocol)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Next;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_protocol_at_the_start_of_the_header() {
        let frame = [&[0x08, 0x00][..], &[0; 18], b"ip"].concat();
        let next = layer(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
    }

    #[test]
    fn tells_the_interface() {
        let frame = [&[0x08, 0x00, 0, 0, 0, 0, 0, 3][..], &[0; 12]].concat();
        assert_eq!(layer(layer_of(&frame)).unwrap().interface, 3);
    }

    #[test]
    fn says_that_the_header_is_cut() {
        assert_eq!(layer(layer_of(&[0; 19])).unwrap_err(), Skip::Truncated { layer: "SLL2" });
    }
}
