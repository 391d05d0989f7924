//! IP without a link layer.

use super::{Layer, Skip, ipv4, ipv6};

/// The version is the first nibble in both (RFC 791 §3.1, RFC 8200 §3).
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    match layer.data.first().map(|first| first >> 4) {
        Some(4) => ipv4::layer(layer),
        Some(6) => ipv6::layer(layer),
        Some(_) => Err(Skip::Malformed { layer: "IP" }),
        None => Err(Skip::Truncated { layer: "IP" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Next;
    use crate::decode::testframe::{Ip, layer_of};

    #[test]
    fn tells_the_version_by_the_first_nibble() {
        for ip in [Ip::v4(6), Ip::v6(6)] {
            let next = layer(layer_of(&ip.around(b""))).unwrap().next;
            assert!(matches!(next, Next::Transport { protocol: 6, .. }));
        }
    }

    #[test]
    fn refuses_other_versions() {
        assert_eq!(layer(layer_of(&[0x50; 40])).unwrap_err(), Skip::Malformed { layer: "IP" });
    }
}
