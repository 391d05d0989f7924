//! L2TP, version 2, over UDP (RFC 2661 §3.1): PPP inside.

use super::{Layer, Skip, link};

/// Control messages carry no packet; fields that may be there; the version.
const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
const VERSION: u16 = 0x000f;

fn flags(data: &[u8]) -> Option<u16> {
    data.first_chunk().map(|&bytes| u16::from_be_bytes(bytes))
}

pub(super) fn begins(data: &[u8]) -> bool {
    flags(data).is_some_and(|flags| flags & (CONTROL | VERSION) == 2)
}

/// Flags, length, tunnel, session, sequence numbers, offset.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let flags = flags(layer.data).unwrap_or_default();
    let has = |field: u16, len: usize| if flags & field != 0 { len } else { 0 };
    let mut layer = layer.pass(2 + has(LENGTH, 2) + 4 + has(SEQUENCE, 4), "L2TP")?;
    if flags & OFFSET != 0 {
        let (padding, rest) = layer.take("L2TP")?;
        layer = rest.pass(u16::from_be_bytes(*padding).into(), "L2TP")?;
    }
    link::ppp_framed(layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_every_optional_field() {
        for packet in [&b"\0\x02....\0\x21ip"[..], b"\x4a\x02..........\0\x03...\xff\x03\0\x21ip"] {
            assert!(begins(packet));
            assert_eq!(layer(layer_of(packet)).unwrap().data, b"\0\x21ip");
        }
        assert!(!begins(b"\xc8\x02") && !begins(b"\0\x03"));
    }
}
