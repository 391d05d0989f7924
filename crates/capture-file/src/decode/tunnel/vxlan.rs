//! VXLAN (RFC 7348 §5), also as AWS mirrors traffic, and its extension (draft-ietf-nvo3-vxlan-gpe).

use super::{Layer, Next, Skip};

/// The network identifier is valid: set in every packet. Senders use reserved bits, so no more is
/// asked of a header.
const VALID: u8 = 0x08;

/// There is a protocol number (extension).
const PROTOCOL: u8 = 0x04;

/// Bytes of a header, and of the shortest frame that it can be around.
const SHORTEST: usize = 8 + 14;

pub(super) fn begins(data: &[u8]) -> bool {
    data.len() >= SHORTEST && data[0] & VALID != 0
}

pub(super) fn extension_begins(data: &[u8]) -> bool {
    data.len() >= SHORTEST && data[0] & (VALID | PROTOCOL) == VALID | PROTOCOL
}

/// Flags, network identifier. Mirrors cut what is too long.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(8, "VXLAN")?.mirrored().ethernet())
}

/// Flags, next protocol, network identifier.
pub(super) fn with_protocol(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<8>("VXLAN")?;
    match header[3] {
        1 | 2 => Ok(layer.is(Next::Ip)),
        3 => Ok(layer.ethernet()),
        4 => super::nsh::layer(layer),
        other => Err(Skip::NotIp { ethertype: other.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_header() {
        let packet = b"\x08\0\0\0\0\0\x2a\0..............";
        assert!(begins(packet) && !extension_begins(packet));
        assert_eq!(layer(layer_of(packet)).unwrap().data.len(), 14);
    }

    #[test]
    fn reads_the_protocol_of_the_extension() {
        assert!(extension_begins(&[&[0x0c][..], &[0; 30]].concat()));
        assert_eq!(with_protocol(layer_of(b"\x0c\0\0\x01....ip")).unwrap().next, Next::Ip);
        assert!(with_protocol(layer_of(b"\x0c\0\0\x05....ip")).is_err());
    }

    #[test]
    fn takes_nothing_else_for_vxlan() {
        assert!(!begins(&[0; 40]) && !begins(b"\x08\0\0\0\0\0\x2a\0short"));
    }
}
