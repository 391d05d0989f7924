//! VLAN tags (IEEE 802.1Q), one within the other as providers stack them (802.1ad, "QinQ").

use super::{Layer, Skip, ethernet};

/// Customer tag, service tag, and the two that came before the standard.
pub(super) const ETHERTYPES: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];

/// Tag control information, then again an EtherType or a length.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let Some((&[_, _, high, low], rest)) = layer.data.split_first_chunk() else {
        return Err(Skip::Truncated { layer: "VLAN" });
    };
    Ok(layer.then(ethernet::next(u16::from_be_bytes([high, low])), rest))
}

#[cfg(test)]
mod tests {
    use super::super::Next;
    use super::super::testframe::layer_of;
    use super::*;

    #[test]
    fn reads_the_ethertype_behind_the_tag() {
        let next = layer(layer_of(b"\x20\x64\x08\x00ip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
    }

    #[test]
    fn says_that_the_tag_is_cut() {
        assert_eq!(layer(layer_of(b"\x20")).unwrap_err(), Skip::Truncated { layer: "VLAN" });
    }
}
