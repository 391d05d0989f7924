//! Linux "cooked" capture, LINKTYPE_LINUX_SLL: what `tcpdump -i any` wrote until 2020.

use super::{Layer, Next, Skip};

/// IEEE 802.2 in place of an EtherType (`ETH_P_802_2`).
const ETH_P_802_2: u16 = 0x0004;

/// Packet type, ARPHRD type, address length, address (8), protocol.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let Some((header, rest)) = layer.data.split_first_chunk::<16>() else {
        return Err(Skip::Truncated { layer: "SLL" });
    };
    let [.., high, low] = *header;
    Ok(layer.then(next(u16::from_be_bytes([high, low])), rest))
}

/// What follows a protocol field of Linux.
pub(super) fn next(protocol: u16) -> Next {
    match protocol {
        ETH_P_802_2 => Next::Llc,
        _ => Next::Ether(protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::layer_of;
    use super::*;

    #[test]
    fn reads_the_protocol_at_the_end_of_the_header() {
        let frame = [&[0; 14][..], &[0x86, 0xdd], b"ip"].concat();
        let next = layer(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x86dd), &b"ip"[..]));
    }

    #[test]
    fn says_that_the_header_is_cut() {
        assert_eq!(layer(layer_of(&[0; 15])).unwrap_err(), Skip::Truncated { layer: "SLL" });
    }
}
