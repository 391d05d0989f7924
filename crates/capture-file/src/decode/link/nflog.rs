//! Packets that Linux' packet filter logged: LINKTYPE_NFLOG, attributes of netlink.

use super::{Layer, Next, Skip};

/// The attribute that holds the packet (`NFULA_PAYLOAD`).
const PAYLOAD: u16 = 9;

/// Family, version, resource; then attributes of length, type and value, in the byte order of the
/// machine that captured, each padded to 4 bytes.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let mut layer = layer.pass(4, "NFLOG")?;
    let order = byte_order(layer.data);
    loop {
        let (&[l1, l2, t1, t2], value) = layer.take("NFLOG")?;
        let len = usize::from(order([l1, l2]));
        if order([t1, t2]) == PAYLOAD {
            return Ok(value.bounded(len.saturating_sub(4)).is(Next::Ip));
        }
        layer = layer.pass(len.max(4).next_multiple_of(4), "NFLOG")?;
    }
}

/// Lengths and types are small: the first attribute tells.
fn byte_order(attributes: &[u8]) -> fn([u8; 2]) -> u16 {
    match *attributes {
        [0, 4..=255, ..] => u16::from_be_bytes,
        _ => u16::from_le_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn finds_the_payload_among_the_attributes() {
        let little = b"\x02\0\0\0\x08\0\x01\0\x08\0\0\0\x05\0\x0a\0\0\0\0\0\x06\0\x09\0ip..";
        let big = b"\x02\0\0\0\0\x08\0\x01\x08\0\0\0\0\x05\0\x0a\0\0\0\0\0\x06\0\x09ip..";
        for frame in [little, big] {
            let next = layer(layer_of(frame)).unwrap();
            assert_eq!((next.next, next.data), (Next::Ip, &b"ip"[..]));
        }
    }

    #[test]
    fn ends_where_the_attributes_do() {
        let skip = |data| layer(layer_of(data)).unwrap_err();
        let cut = Skip::Truncated { layer: "NFLOG" };
        assert_eq!(skip(b"\x02\0\0\0\x08\0\x01\0\x08\0\0\0"), cut);
        assert_eq!(skip(b"\x02\0\0\0\0\0\0\0"), cut);
    }
}
