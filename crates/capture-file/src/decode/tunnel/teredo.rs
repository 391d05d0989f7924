//! Teredo: IPv6 over UDP over IPv4 (RFC 4380 §5.1.1).

use super::{Layer, Skip, ipv6};

/// What may stand in front of IPv6.
const ORIGIN: [u8; 2] = [0, 0];
const AUTHENTICATION: [u8; 2] = [0, 1];

pub(super) fn begins(data: &[u8]) -> bool {
    data.starts_with(&ORIGIN)
        || data.starts_with(&AUTHENTICATION)
        || data.first().is_some_and(|first| first >> 4 == 6)
}

/// Authentication (with the lengths of identifier and value), then origin, then IPv6.
pub(super) fn layer(mut layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    if layer.data.starts_with(&AUTHENTICATION) {
        let (&[_, _, identifier, value], rest) = layer.take("Teredo")?;
        layer = rest.pass(usize::from(identifier) + usize::from(value) + 9, "Teredo")?;
    }
    if layer.data.starts_with(&ORIGIN) {
        layer = layer.pass(8, "Teredo")?;
    }
    Ok(layer.ether(ipv6::ETHERTYPE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_authentication_and_origin() {
        for packet in [
            &b"\x60ip"[..],
            b"\0\0......\x60ip",
            b"\0\x01\0\0.........\x60ip",
            b"\0\x01\x01\x02............\0\0......\x60ip",
        ] {
            assert!(begins(packet));
            assert_eq!(layer(layer_of(packet)).unwrap().data, b"\x60ip");
        }
        assert!(!begins(b"\x45") && !begins(b""));
    }
}
