//! What cards tell of how they received an 802.11 frame.

use super::{Layer, Next, Skip};
use crate::capture::LinkType;

/// The length of Prism's header is fixed; the newer AVS header has a magic number instead.
const PRISM_LENGTH: usize = 144;
const AVS_MAGIC: [u8; 3] = [0x80, 0x21, 0x10];

/// Version, padding, length (little-endian), then a map of fields.
pub(super) fn radiotap(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[_, _, l1, l2], _) = layer.take("radiotap")?;
    let len = usize::from(u16::from_le_bytes([l1, l2])).max(4);
    behind(layer.pass(len, "radiotap"))
}

/// Either of two kinds has this link type.
pub(super) fn prism(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    if layer.data.starts_with(&AVS_MAGIC) {
        return avs(layer);
    }
    behind(layer.pass(PRISM_LENGTH, "Prism"))
}

/// Version and length in network byte order.
pub(super) fn avs(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[_, _, _, _, len @ ..], _) = layer.take::<8>("AVS")?;
    let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX).max(8);
    behind(layer.pass(len, "AVS"))
}

/// Per-packet information: version, flags, length, link type, all little-endian.
pub(super) fn ppi(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[_, _, l1, l2, link @ ..], _) = layer.take::<8>("PPI")?;
    let len = usize::from(u16::from_le_bytes([l1, l2])).max(8);
    let link = LinkType(u16::try_from(u32::from_le_bytes(link)).unwrap_or(u16::MAX));
    Ok(layer.pass(len, "PPI")?.is(Next::Link(link)))
}

fn behind(layer: Result<Layer<'_>, Skip>) -> Result<Layer<'_>, Skip> {
    layer.map(|layer| layer.is(Next::Link(LinkType::IEEE802_11)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    fn found(layer: Result<Layer<'_>, Skip>) -> &[u8] {
        let layer = layer.unwrap();
        assert_eq!(layer.next, Next::Link(LinkType::IEEE802_11));
        layer.data
    }

    #[test]
    fn passes_over_every_kind_of_header() {
        let behind = |header: &[u8]| [header, b"frame"].concat();
        assert_eq!(found(radiotap(layer_of(&behind(b"\0\0\x0a\0......")))), b"frame");
        assert_eq!(found(prism(layer_of(&behind(&[0; 144])))), b"frame");
        let old = behind(b"\x80\x21\x10\x01\0\0\0\x0c....");
        assert_eq!(found(prism(layer_of(&old))), b"frame");
        assert_eq!(found(avs(layer_of(&old))), b"frame");
        let ppi_header = behind(b"\0\0\x0a\0\x69\0\0\0..");
        assert_eq!(found(ppi(layer_of(&ppi_header))), b"frame");
    }

    #[test]
    fn says_that_a_header_is_cut() {
        let skip = radiotap(layer_of(b"\0\0\xff\0")).unwrap_err();
        assert_eq!(skip, Skip::Truncated { layer: "radiotap" });
    }
}
