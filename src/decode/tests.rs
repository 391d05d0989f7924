use proptest::prelude::*;

use super::testframe::{Ip, Tcp};
use super::*;
use crate::moment::Timestamp;

const LINKS: [LinkType; 9] = [
    LinkType::EN10MB,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::RAW,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType(105),
];

fn packet(link: LinkType, data: &[u8]) -> Packet<'_> {
    Packet { frame: 3, ts: Timestamp(5), link, wire_len: data.len() as u32, data }
}

fn skip(link: LinkType, data: &[u8]) -> Skip {
    Decoder::new().decode(&packet(link, data)).unwrap_err()
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[0; 12][..], &ethertype.to_be_bytes(), payload].concat()
}

fn smtp() -> Vec<u8> {
    Ip::v4(6).around(&Tcp::new().around(b"EHLO x\r\n"))
}

/// The same datagram behind the header of every link type.
fn behind_every_link() -> Vec<(LinkType, Vec<u8>)> {
    let ip = smtp();
    vec![
        (LinkType::EN10MB, ethernet(0x0800, &ip)),
        (LinkType::NULL, [&[2, 0, 0, 0], &ip[..]].concat()),
        (LinkType::LOOP, [&[0, 0, 0, 2], &ip[..]].concat()),
        (LinkType::RAW, ip.clone()),
        (LinkType::RAW_BSD, ip.clone()),
        (LinkType::IPV4, ip.clone()),
        (LinkType::LINUX_SLL, [&[0; 14][..], &[8, 0], &ip].concat()),
        (LinkType::LINUX_SLL2, [&[8, 0][..], &[0; 18], &ip].concat()),
    ]
}

#[test]
fn finds_the_same_segment_behind_every_link_type() {
    for (link, frame) in behind_every_link() {
        let mut decoder = Decoder::new();
        let segment = decoder.decode(&packet(link, &frame)).unwrap();
        assert_eq!(segment.payload, b"EHLO x\r\n", "{link}");
        assert_eq!(segment.at, Moment { ts: Timestamp(5), frame: 3 });
    }
}

#[test]
fn finds_a_segment_behind_two_tags_ipv6_and_its_extensions() {
    let tcp = Tcp::new().around(b"QUIT\r\n");
    let extended = [&[60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0], &tcp[..]].concat();
    let ip = Ip::v6(0).around(&extended);
    let tagged = [&[0, 1, 0x81, 0x00, 0, 2, 0x86, 0xdd], &ip[..]].concat();
    let frame = ethernet(0x88a8, &tagged);
    let mut decoder = Decoder::new();
    let segment = decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap();
    assert_eq!(segment.payload, b"QUIT\r\n");
    assert_eq!(segment.source, "[2001:db8::1]:40000".parse().unwrap());
}

#[test]
fn does_not_take_ethernet_padding_for_payload() {
    let ip = Ip::v4(6).around(&Tcp::new().around(b""));
    let frame = [ethernet(0x0800, &ip), vec![0; 6]].concat();
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap().payload, b"");
}

#[test]
fn counts_the_payload_that_the_snap_length_cut() {
    let frame = ethernet(0x0800, &smtp());
    let cut = Packet { data: &frame[..58], ..packet(LinkType::EN10MB, &frame) };
    let mut decoder = Decoder::new();
    let segment = decoder.decode(&cut).unwrap();
    assert_eq!((segment.payload, segment.cut), (&b"EHLO"[..], 4));
}

#[test]
fn says_why_there_is_no_segment() {
    let arp = ethernet(0x0806, &[0; 28]);
    assert_eq!(skip(LinkType::EN10MB, &arp), Skip::NotIp { ethertype: 0x0806 });
    let udp = ethernet(0x0800, &Ip::v4(17).around(b"dns"));
    assert_eq!(skip(LinkType::EN10MB, &udp), Skip::NotTcp { protocol: 17 });
    assert_eq!(skip(LinkType(105), b""), Skip::UnsupportedLink(LinkType(105)));
    assert_eq!(skip(LinkType::RAW, b""), Skip::Truncated { layer: "IP" });
}

#[test]
fn gives_up_on_a_tower_of_tags() {
    let tower = ethernet(0x8100, &[0, 0, 0x81, 0x00].repeat(40));
    assert_eq!(skip(LinkType::EN10MB, &tower), Skip::TooDeep);
}

proptest! {
    #[test]
    fn survives_arbitrary_frames_of_any_link_type(
        link in prop::sample::select(&LINKS[..]),
        wire_len in any::<u32>(),
        data in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let _ = Decoder::new().decode(&Packet { wire_len, ..packet(link, &data) });
    }

    #[test]
    fn survives_frames_with_changed_bytes_and_cuts(
        frame in prop::sample::select(behind_every_link()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let (link, mut data) = frame;
        for (at, value) in changes {
            *at.get_mut(&mut data) = value;
        }
        let cut = &data[..end.index(data.len() + 1)];
        if let Ok(segment) = Decoder::new().decode(&Packet { data: cut, ..packet(link, &data) }) {
            prop_assert!(segment.payload.len() <= cut.len());
        }
    }

    #[test]
    fn accounts_for_every_byte_of_payload_wherever_it_is_cut(
        frame in prop::sample::select(behind_every_link()), end in any::<prop::sample::Index>(),
    ) {
        let (link, data) = frame;
        let cut = &data[..end.index(data.len() + 1)];
        if let Ok(segment) = Decoder::new().decode(&Packet { data: cut, ..packet(link, &data) }) {
            prop_assert_eq!(segment.payload.len() + segment.cut as usize, 8);
        }
    }
}
