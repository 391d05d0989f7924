//! Geneve (RFC 8926 §3.4).

use super::{Layer, Skip};

/// Version 0, and the reserved bits behind the flags.
const VERSION: u8 = 0xc0;
const RESERVED: u8 = 0x3f;

/// Length of the options in units of 4 bytes.
const OPTIONS: u8 = 0x3f;

pub(super) fn begins(data: &[u8]) -> bool {
    matches!(data, [first, second, _, _, _, _, _, 0, ..] if first & VERSION == 0 && second & RESERVED == 0)
}

/// Options' length, flags, EtherType, network identifier, options. Mirrors (gateway load balancers)
/// use it too.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[first, _, high, low, ..], layer) = layer.take::<8>("Geneve")?;
    let options = usize::from(first & OPTIONS) * 4;
    Ok(layer.pass(options, "Geneve")?.mirrored().ether(u16::from_be_bytes([high, low])))
}

#[cfg(test)]
mod tests {
    use super::super::Next;
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_options() {
        let packet = b"\x01\0\x65\x58\0\0\x2a\0....frame";
        assert!(begins(packet));
        let next = layer(layer_of(packet)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x6558), &b"frame"[..]));
    }

    #[test]
    fn takes_nothing_else_for_geneve() {
        assert!(!begins(b"\x40\0\x65\x58\0\0\x2a\0") && !begins(b"\0\0\x65\x58\0\0\x2a\x01"));
        assert!(!begins(b"\0\0"));
    }
}
