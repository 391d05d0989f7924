//! Cisco's HDLC: address, control, EtherType.

use super::{Layer, Skip};

pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[_, _, high, low], layer) = layer.take("HDLC")?;
    Ok(layer.ether(u16::from_be_bytes([high, low])))
}

/// A byte in front says which way the packet went.
pub(super) fn with_direction(below: Layer<'_>) -> Result<Layer<'_>, Skip> {
    layer(below.pass(1, "HDLC")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Next;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_ethertype() {
        let next = layer(layer_of(b"\x0f\x00\x08\x00ip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
        assert_eq!(with_direction(layer_of(b"\x01\x0f\x00\x08\x00ip")).unwrap().data, b"ip");
        assert_eq!(layer(layer_of(b"\x0f")).unwrap_err(), Skip::Truncated { layer: "HDLC" });
    }
}
