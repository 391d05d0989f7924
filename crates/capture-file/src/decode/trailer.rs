//! What stands behind the IP packet of an Ethernet frame: the trailer of an F5 BIG-IP, which with
//! `tcpdump --f5 ssl` has the secrets of the session. They are carried on as they were written: only
//! `keys` knows what is in them.

use crate::capture::{LinkType, Packet};

/// What a trailer of F5's (version 1) begins with; its length and version follow.
const MAGIC: [u8; 4] = [0xf5, 0xde, 0xb0, 0xf5];
const HEADER: usize = 8;

/// The provider of elements with secrets, as the first two bytes of an element have it.
const TLS: [u8; 2] = [0, 4];

/// Bytes of Ethernet addresses, and of a VLAN tag.
const ADDRESSES: usize = 12;
const TAG: usize = 4;

/// The elements of the frame's trailer, if there are secrets among them.
#[must_use]
pub fn secrets<'b>(packet: &Packet<'b>) -> Option<&'b [u8]> {
    if packet.link != LinkType::EN10MB {
        return None;
    }
    let behind = behind_ip(packet.data)?;
    let at = behind.windows(MAGIC.len()).position(|window| window == MAGIC)?;
    let trailer = behind.get(at..)?;
    let len = usize::from(u16::from_be_bytes([*trailer.get(4)?, *trailer.get(5)?]));
    let elements = trailer.get(HEADER..len.min(trailer.len()))?;
    has_secrets(elements).then_some(elements)
}

fn has_secrets(mut elements: &[u8]) -> bool {
    while let Some(&[a, b, _, _, high, low, ..]) = elements.first_chunk::<8>() {
        if [a, b] == TLS {
            return true;
        }
        let len = usize::from(u16::from_be_bytes([high, low])).max(8);
        elements = elements.get(len..).unwrap_or_default();
    }
    false
}

/// What is behind the length that IP names; padding of short frames too.
fn behind_ip(frame: &[u8]) -> Option<&[u8]> {
    let mut at = ADDRESSES;
    while let Some([0x81, 0x00] | [0x88, 0xa8]) = frame.get(at..at + 2) {
        at += TAG;
    }
    let field =
        |at: usize| Some(usize::from(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?])));
    let ip = at + 2;
    let end = match field(at)? {
        0x0800 => ip + field(ip + 2)?,
        0x86dd => ip + 40 + field(ip + 4)?,
        _ => return None,
    };
    frame.get(end..).filter(|behind| behind.len() > HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::{Ip, Tcp};
    use crate::moment::Timestamp;

    fn found(frame: &[u8]) -> Option<Vec<u8>> {
        let (wire_len, ts) = (frame.len() as u32, Timestamp(0));
        let packet =
            Packet { frame: 1, ts, link: LinkType::EN10MB, interface: 0, wire_len, data: frame };
        secrets(&packet).map(<[u8]>::to_vec)
    }

    fn frame(ethertype: &[u8], ip: &[u8], trailer: &[u8]) -> Vec<u8> {
        [&[2; 12][..], ethertype, ip, trailer].concat()
    }

    fn trailer(elements: &[u8]) -> Vec<u8> {
        let len = (HEADER + elements.len()) as u16;
        [&MAGIC[..], &len.to_be_bytes(), &[0, 1], elements].concat()
    }

    const NOISE: &[u8] = &[0, 1, 0, 1, 0, 10, 0, 3, 7, 7];
    const SECRET: &[u8] = &[0, 4, 0, 0, 0, 9, 0, 0, 5];

    #[test]
    fn finds_the_elements_behind_ip_of_either_version_and_a_tag() {
        let elements = [NOISE, SECRET].concat();
        let segment = Tcp::new().around(b"data");
        let (v4, v6) = (Ip::v4(6).around(&segment), Ip::v6(6).around(&segment));
        let trailer = trailer(&elements);
        for (ethertype, ip) in
            [(&[8, 0][..], &v4), (&[0x86, 0xdd], &v6), (&[0x81, 0, 0, 5, 8, 0], &v4)]
        {
            assert_eq!(found(&frame(ethertype, ip, &trailer)), Some(elements.clone()));
            assert_eq!(
                found(&frame(ethertype, ip, &[&[0; 4][..], &trailer].concat())),
                Some(elements.clone())
            );
        }
    }

    #[test]
    fn finds_none_where_there_is_none() {
        let ip = Ip::v4(6).around(&Tcp::new().around(&trailer(SECRET)));
        assert_eq!(found(&frame(&[8, 0], &ip, &[])), None);
        assert_eq!(found(&frame(&[8, 0], &ip, &[0; 12])), None);
        assert_eq!(found(&frame(&[8, 0], &ip, &trailer(NOISE))), None);
        let whole = frame(&[8, 0], &ip, &trailer(SECRET));
        for len in 0..whole.len() {
            let _ = found(&whole[..len]);
        }
    }
}
