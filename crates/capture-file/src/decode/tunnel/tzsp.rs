//! TZSP, with which routers (MikroTik) mirror what they see.

use super::{Layer, Next, Skip};
use crate::capture::LinkType;

const VERSION: u8 = 1;

/// Received or to be sent.
const KINDS: [u8; 2] = [0, 1];

/// Tags: two without a value; all others have a length.
const PADDING: u8 = 0;
const END: u8 = 1;

pub(super) fn begins(data: &[u8]) -> bool {
    matches!(data, [VERSION, kind, 0, _, _, ..] if KINDS.contains(kind))
}

/// Version, kind, protocol, tags.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[_, _, high, low], mut layer) = layer.take("TZSP")?;
    loop {
        let (&[tag], rest) = layer.take("TZSP")?;
        layer = match tag {
            PADDING => rest,
            END => break layer = rest,
            _ => {
                let (&[len], value) = rest.take("TZSP")?;
                value.pass(len.into(), "TZSP")?
            }
        };
    }
    match u16::from_be_bytes([high, low]) {
        1 => Ok(layer.mirrored().ethernet()),
        18 => Ok(layer.mirrored().is(Next::Link(LinkType::IEEE802_11))),
        other => Err(Skip::NotIp { ethertype: other }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_tags() {
        let packet = b"\x01\0\0\x01\0\x0a\x02ab\x01frame";
        assert!(begins(packet));
        assert_eq!(layer(layer_of(packet)).unwrap().data, b"frame");
        assert!(layer(layer_of(b"\x01\0\0\x01\0\x0a\x09ab")).is_err());
        assert!(!begins(b"\x01\x02\0\x01\x01"));
    }
}
