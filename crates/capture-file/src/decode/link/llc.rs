//! IEEE 802.2 logical link control, of which SNAP carries IP (RFC 1042), and rarely IP's own SAP.

use super::{Layer, Skip, ethernet, ipv4};

/// SAPs and control of SNAP, and those of IP itself (RFC 1042: "not used", but seen).
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
const IP: [u8; 3] = [0x06, 0x06, 0x03];

/// Organization codes in front of an EtherType: RFC 1042's, and that of bridges (IEEE 802.1H).
const ETHERTYPE: [[u8; 3]; 2] = [[0, 0, 0], [0, 0, 0xf8]];

/// Bridged frames: with and without frame check sequence (RFC 2427 §4.2, RFC 2684 §5.2).
const BRIDGED: [u8; 3] = [0x00, 0x80, 0xc2];
const BRIDGED_ETHERNET: [u16; 2] = [0x0001, 0x0007];

pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    if layer.data.starts_with(&IP) {
        return Ok(layer.pass(3, "LLC")?.ether(ipv4::ETHERTYPE));
    }
    if !layer.data.starts_with(&SNAP) {
        return Err(other(layer.data));
    }
    organization(layer.pass(3, "LLC")?)
}

/// Organization code and type (IEEE 802, SNAP).
pub(super) fn organization(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[a, b, c, high, low], layer) = layer.take("SNAP")?;
    let kind = u16::from_be_bytes([high, low]);
    if ETHERTYPE.contains(&[a, b, c]) {
        return Ok(layer.is(ethernet::next(kind)));
    }
    if [a, b, c] == BRIDGED && BRIDGED_ETHERNET.contains(&kind) {
        // Two bytes of padding, so that the frame's own header ends on a border of 4.
        return Ok(layer.pass(2, "SNAP")?.ethernet());
    }
    Err(Skip::NotIp { ethertype: kind })
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
    use super::*;
    use crate::decode::Next;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_ethertype_behind_snap() {
        for organization in ETHERTYPE {
            let frame = [&SNAP[..], &organization, &[0x86, 0xdd], b"ip"].concat();
            let next = layer(layer_of(&frame)).unwrap();
            assert_eq!((next.next, next.data), (Next::Ether(0x86dd), &b"ip"[..]));
        }
    }

    #[test]
    fn reads_bridged_frames_and_bare_ip() {
        let bridged = [&SNAP[..], &BRIDGED, &[0, 7, 0, 0], b"frame"].concat();
        assert_eq!(layer(layer_of(&bridged)).unwrap().data, b"frame");
        assert_eq!(layer(layer_of(b"\x06\x06\x03ip")).unwrap().next, Next::Ether(0x0800));
    }

    #[test]
    fn skips_spanning_tree_and_discovery() {
        let skip = |data| layer(layer_of(data)).unwrap_err();
        assert_eq!(skip(&[0x42, 0x42, 0x03, 0, 0, 0]), Skip::NotIp { ethertype: 0x4242 });
        let cdp = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00";
        assert_eq!(skip(cdp), Skip::NotIp { ethertype: 0x2000 });
        assert_eq!(skip(b"\xaa\xaa\x03\x00"), Skip::Truncated { layer: "SNAP" });
    }
}
