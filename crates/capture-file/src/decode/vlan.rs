//! Tags between the addresses of an Ethernet frame and its EtherType, one within the other as
//! providers stack them (802.1ad, "QinQ").

use super::{Layer, Skip, link};

/// IEEE 802.1Q: tag control information, then again an EtherType or a length.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind::<4>(layer, "VLAN")
}

/// Cisco's VN-Tag.
pub(super) fn vn_tag(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind::<6>(layer, "VN-Tag")
}

/// IEEE 802.1BR, E-TAG.
pub(super) fn bridge_port_extension(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind::<8>(layer, "E-TAG")
}

/// Cisco metadata: version, length, option, group tag.
pub(super) fn cisco_metadata(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind::<8>(layer, "Cisco metadata")
}

/// HSR (IEC 62439-3): path and size, sequence number. Both copies of a frame are read once.
pub(super) fn redundancy(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind::<6>(layer, "HSR")
}

/// The time that an Arista switch puts into frames: subtype, version, time of 64 or 48 bits.
pub(super) fn arista_timestamp(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[subtype_high, subtype_low, _, version], layer) = layer.take("Arista timestamp")?;
    match ([subtype_high, subtype_low], version >> 4) {
        ([0, 1], 1) => behind::<10>(layer, "Arista timestamp"),
        ([0, 1], 2) => behind::<8>(layer, "Arista timestamp"),
        _ => Err(Skip::Malformed { layer: "Arista timestamp" }),
    }
}

/// IEEE 802.1ah, "MAC in MAC": a service tag, then the customer's frame.
pub(super) fn provider_backbone(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(4, "I-TAG")?.ethernet())
}

/// Cisco FabricPath: a tag, then a whole frame.
pub(super) fn fabric_path(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(2, "FabricPath")?.ethernet())
}

/// `N` bytes; the last two are an EtherType or a length.
fn behind<'b, const N: usize>(layer: Layer<'b>, name: &'static str) -> Result<Layer<'b>, Skip> {
    let (tag, layer) = layer.take::<N>(name)?;
    let type_or_length = tag.last_chunk().copied().unwrap_or_default();
    Ok(layer.is(link::ethernet_next(u16::from_be_bytes(type_or_length))))
}

#[cfg(test)]
mod tests {
    use super::super::Next;
    use super::super::testframe::layer_of;
    use super::*;

    #[test]
    fn reads_the_ethertype_behind_each_tag() {
        let next = layer(layer_of(b"\x20\x64\x08\x00ip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
        let next = vn_tag(layer_of(b"....\x08\x00ip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
        let next = bridge_port_extension(layer_of(b"......\x00\x10ip")).unwrap();
        assert_eq!((next.next, next.data), (Next::Llc, &b"ip"[..]));
    }

    #[test]
    fn says_that_the_tag_is_cut() {
        assert_eq!(layer(layer_of(b"\x20")).unwrap_err(), Skip::Truncated { layer: "VLAN" });
    }
}
