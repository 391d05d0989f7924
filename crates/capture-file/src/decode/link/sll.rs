//! Linux "cooked" capture, LINKTYPE_LINUX_SLL: what `tcpdump -i any` wrote until 2020.

use super::{Layer, Next, Skip};
use crate::capture::LinkType;

/// What Linux writes in place of an EtherType (`ETH_P_*`): IEEE 802.2, of two kinds; PPP's protocols.
const ETH_P_802_3: u16 = 0x0001;
const ETH_P_802_2: u16 = 0x0004;
const ETH_P_PPP_MP: u16 = 0x0008;

/// Kinds of device (`ARPHRD_*`) whose packets are not what the protocol field says: Frame Relay's
/// have their own header, those of radio cards have one in front; IP tunnels may leave it empty.
const ARPHRD_FRAD: u16 = 770;
const ARPHRD_IEEE80211: u16 = 801;
const ARPHRD_IEEE80211_PRISM: u16 = 802;
const ARPHRD_IEEE80211_RADIOTAP: u16 = 803;

/// Packet type, ARPHRD type, address length, address (8), protocol.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<16>("SLL")?;
    let [_, _, d1, d2, .., high, low] = *header;
    let [device, protocol] = [[d1, d2], [high, low]].map(u16::from_be_bytes);
    Ok(layer.is(next(device, protocol)))
}

/// What follows a protocol field of Linux.
pub(super) fn next(device: u16, protocol: u16) -> Next {
    match (device, protocol) {
        (ARPHRD_FRAD, _) => Next::Link(LinkType::FRELAY),
        (ARPHRD_IEEE80211, _) => Next::Link(LinkType::IEEE802_11),
        (ARPHRD_IEEE80211_PRISM, _) => Next::Link(LinkType::PRISM_HEADER),
        (ARPHRD_IEEE80211_RADIOTAP, _) => Next::Link(LinkType::IEEE802_11_RADIO),
        (_, 0) => Next::Ip,
        (_, ETH_P_802_3 | ETH_P_802_2) => Next::Llc,
        (_, ETH_P_PPP_MP) => Next::Ppp,
        _ => Next::Ether(protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_protocol_at_the_end_of_the_header() {
        let frame = [&[0; 14][..], &[0x86, 0xdd], b"ip"].concat();
        let next = layer(layer_of(&frame)).unwrap();
        assert_eq!((next.next, next.data), (Next::Ether(0x86dd), &b"ip"[..]));
    }

    #[test]
    fn asks_the_kind_of_device_where_the_protocol_does_not_tell() {
        assert_eq!(next(1, 4), Next::Llc);
        assert_eq!(next(768, 0), Next::Ip);
        assert_eq!(next(803, 3), Next::Link(LinkType::IEEE802_11_RADIO));
        assert_eq!(next(778, 0x0800), Next::Ether(0x0800));
    }

    #[test]
    fn says_that_the_header_is_cut() {
        assert_eq!(layer(layer_of(&[0; 15])).unwrap_err(), Skip::Truncated { layer: "SLL" });
    }
}
