//! Tags of network switches, as Linux sees them on the port to the processor ("distributed switch
//! architecture").

use super::{Layer, Skip, ethernet};

/// Both addresses of Ethernet.
const ADDRESSES: usize = 12;

/// Broadcom: four bytes behind the addresses.
pub(super) fn broadcom(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, ADDRESSES + 4)
}

/// Broadcom: four bytes in front.
pub(super) fn broadcom_in_front(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(4, "DSA")?.ethernet())
}

/// Marvell: four bytes behind the addresses, in place of a VLAN tag.
pub(super) fn marvell(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, ADDRESSES + 4)
}

/// Marvell: the same behind an EtherType and two bytes of nothing.
pub(super) fn marvell_with_ethertype(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, ADDRESSES + 8)
}

fn behind(layer: Layer<'_>, len: usize) -> Result<Layer<'_>, Skip> {
    let (&[high, low], layer) = layer.pass(len, "DSA")?.take("DSA")?;
    Ok(layer.is(ethernet::next(u16::from_be_bytes([high, low]))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;
    use crate::decode::{Next, Parse};

    #[test]
    fn reads_the_ethertype_behind_each_tag() {
        let tags: [(Parse, usize); 3] = [(broadcom, 4), (marvell, 4), (marvell_with_ethertype, 8)];
        for (read, tag) in tags {
            let frame = [&vec![0; 12 + tag][..], b"\x08\x00ip"].concat();
            let next = read(layer_of(&frame)).unwrap();
            assert_eq!((next.next, next.data), (Next::Ether(0x0800), &b"ip"[..]));
        }
        assert_eq!(broadcom_in_front(layer_of(b"....frame")).unwrap().data, b"frame");
    }
}
