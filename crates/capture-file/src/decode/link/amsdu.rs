//! Several packets in one 802.11 frame (A-MSDU, IEEE 802.11-2020 §9.3.2.2.2): each behind a header
//! like that of IEEE 802.3, so that each is an Ethernet frame to whoever reads on.

use super::wlan::{self, Body};
use super::{Next, header};
use crate::capture::{LinkType, Packet};
use crate::decode::outermost;

/// Destination, source, length.
const HEADER: usize = 14;

/// Headers in front of an 802.11 frame: PPI and radiotap at most.
const MOST_IN_FRONT: usize = 2;
const IN_FRONT: [LinkType; 4] = [
    LinkType::IEEE802_11_RADIO,
    LinkType::PRISM_HEADER,
    LinkType::IEEE802_11_RADIO_AVS,
    LinkType::PPI,
];

/// The frames of a packet: one, the packet itself, but where a radio frame holds several.
#[must_use]
pub fn frames<'b>(packet: &Packet<'b>) -> Frames<'b> {
    match aggregate(packet) {
        Some(rest) => Frames { packet: *packet, alone: false, rest },
        None => Frames { packet: *packet, alone: true, rest: &[] },
    }
}

/// An iterator over the frames of one packet.
#[derive(Debug)]
pub struct Frames<'b> {
    packet: Packet<'b>,
    /// The packet is its only frame, and was not given yet.
    alone: bool,
    rest: &'b [u8],
}

impl<'b> Iterator for Frames<'b> {
    type Item = Packet<'b>;

    fn next(&mut self) -> Option<Packet<'b>> {
        if std::mem::take(&mut self.alone) {
            return Some(self.packet);
        }
        let data = self.rest;
        let &[l1, l2] = data.get(HEADER - 2..)?.first_chunk()?;
        let len = HEADER + usize::from(u16::from_be_bytes([l1, l2]));
        self.rest = data.get(len.next_multiple_of(4)..).unwrap_or_default();
        let data = data.get(..len).unwrap_or(data);
        let wire_len = u32::try_from(len).unwrap_or(u32::MAX);
        Some(Packet { link: LinkType::EN10MB, wire_len, data, ..self.packet })
    }
}

/// The packets within a radio frame, if it holds several.
fn aggregate<'b>(packet: &Packet<'b>) -> Option<&'b [u8]> {
    if packet.link != LinkType::IEEE802_11 && !IN_FRONT.contains(&packet.link) {
        return None;
    }
    let mut layer = outermost(packet);
    for _ in 0..=MOST_IN_FRONT {
        let Next::Link(link) = layer.next else { return None };
        if link == LinkType::IEEE802_11 {
            let Body { layer, aggregated } = wlan::body(layer).ok()?;
            return aggregated.then_some(layer.data);
        }
        if !IN_FRONT.contains(&link) {
            return None;
        }
        layer = header(link).ok()?(layer).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn packet(link: LinkType, data: &[u8]) -> Packet<'_> {
        let wire_len = data.len() as u32;
        Packet { frame: 3, ts: Timestamp(5), link, interface: 0, wire_len, data }
    }

    fn given<'b>(packet: &Packet<'b>) -> Vec<(LinkType, &'b [u8])> {
        frames(packet).map(|frame| (frame.link, frame.data)).collect()
    }

    #[test]
    fn an_ordinary_packet_is_its_only_frame() {
        for link in [LinkType::EN10MB, LinkType::IEEE802_11, LinkType(4711)] {
            let packet = packet(link, b"\x88\x01....");
            assert_eq!(given(&packet), [(link, packet.data)]);
        }
    }

    #[test]
    fn a_radio_frame_may_hold_several_padded_to_4_bytes() {
        let mut data = [b"\0\0\x08\0....\x88\x01", &[0; 22][..], b"\x80\0"].concat();
        data.extend(b"............\0\x05first");
        data.extend([0]);
        data.extend(b"............\0\x06second");
        let packet = packet(LinkType::IEEE802_11_RADIO, &data);
        let expected = [&b"............\0\x05first"[..], b"............\0\x06second"];
        assert_eq!(given(&packet), expected.map(|data| (LinkType::EN10MB, data)));
    }
}
