//! Encapsulated remote mirroring of HP ProCurve and Aruba switches: twelve bytes with the VLAN, then
//! the frame. The port is the user's choice, so the frame inside must speak for itself.

use super::{Layer, Skip, ipv4};

const HEADER: usize = 12;

/// Bytes of an Ethernet header, with and without a VLAN tag, and of an IPv4 header without options.
const ETHERNET: usize = 14;
const TAGGED: usize = 18;
const IPV4: usize = 20;

/// Whether IPv4 with a correct checksum is inside (RFC 1071 §1).
pub(super) fn begins(data: &[u8]) -> bool {
    let at = match data.get(HEADER + 12..HEADER + ETHERNET) {
        Some([0x81, 0x00]) => HEADER + TAGGED,
        _ => HEADER + ETHERNET,
    };
    data.get(at - 2..at) == Some(&ipv4::ETHERTYPE.to_be_bytes()[..])
        && data.get(at) == Some(&0x45)
        && data.get(at..at + IPV4).is_some_and(has_right_sum)
}

pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(HEADER, "HP ERM")?.mirrored().ethernet())
}

fn has_right_sum(header: &[u8]) -> bool {
    let words = header.chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    (sum & 0xffff) + (sum >> 16) == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 header of RFC 1071's kind, with its checksum worked out by hand.
    const HEADER_WITH_SUM: [u8; 20] = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00,
        0x01, 0xc0, 0xa8, 0x00, 0xc7,
    ];

    #[test]
    fn asks_for_an_ip_header_with_a_correct_checksum() {
        let frame = |ethertype: [u8; 2], header: [u8; 20]| {
            [&[0; HEADER + 12][..], &ethertype, &header].concat()
        };
        assert!(begins(&frame([8, 0], HEADER_WITH_SUM)));
        assert!(!begins(&frame([8, 6], HEADER_WITH_SUM)));
        let mut wrong = HEADER_WITH_SUM;
        wrong[10] ^= 1;
        assert!(!begins(&frame([8, 0], wrong)));
        assert!(!begins(&[0; 12]));
    }
}
