//! IEEE 802.2 logical link control, of which only SNAP carries IP (RFC 1042).

use super::{Layer, Next, Skip};

/// SAPs, control and organization code that say "an EtherType follows".
const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00];

pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let Some(rest) = layer.data.strip_prefix(&SNAP) else {
        return Err(other(layer.data));
    };
    let Some((&ethertype, rest)) = rest.split_first_chunk() else {
        return Err(Skip::Truncated { layer: "SNAP" });
    };
    Ok(layer.then(Next::Ether(u16::from_be_bytes(ethertype)), rest))
}

/// Spanning tree, IPX and the like, told by their SAPs.
fn other(data: &[u8]) -> Skip {
    match data.first_chunk() {
        Some(&saps) => Skip::NotIp { ethertype: u16::from_be_bytes(saps) },
        None => Skip::Truncated { layer: "LLC" },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::layer_of;
    use super::*;

    #[test]
    fn reads_the_ethertype_behind_snap() {
        let frame = [&SNAP[..], &[0x86, 0xdd], b"ip"].concat();
        let next = layer(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x86dd), &b"ip"[..]));
    }

    #[test]
    fn skips_spanning_tree() {
        let skip = layer(layer_of(&[0x42, 0x42, 0x03, 0, 0, 0])).unwrap_err();
        assert_eq!(skip, Skip::NotIp { ethertype: 0x4242 });
    }
}
