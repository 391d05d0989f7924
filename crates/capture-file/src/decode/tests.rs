use proptest::prelude::*;

use super::testframe::{Ip, Tcp};
use super::*;
use crate::capture::LinkType;
use crate::moment::Timestamp;

/// A link type that nobody here reads.
const UNKNOWN: LinkType = LinkType(147);

fn packet(link: LinkType, data: &[u8]) -> Packet<'_> {
    let wire_len = data.len() as u32;
    Packet { frame: 3, ts: Timestamp(5), link, interface: 0, wire_len, data }
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

fn with_prefix(prefix: &[u8], data: &[u8]) -> Vec<u8> {
    [prefix, data].concat()
}

/// A data frame of 802.11 as an access point sends it.
fn radio(ip: &[u8]) -> Vec<u8> {
    [&[0x08, 0x02][..], &[0; 22], b"\xaa\xaa\x03\0\0\0\x08\0", ip].concat()
}

/// The same datagram behind the header of every link type.
fn behind_every_link() -> Vec<(LinkType, Vec<u8>)> {
    let ip = smtp();
    let snap = with_prefix(b"\xaa\xaa\x03\0\0\0\x08\0", &ip);
    let frame = ethernet(0x0800, &ip);
    let (addresses, ether) = frame.split_at(12);
    let attribute = [(4 + ip.len() as u16).to_le_bytes(), [9, 0]].concat();
    let behind = |link, prefix: &[u8], data: &[u8]| (link, with_prefix(prefix, data));
    let mut frames = vec![
        behind(LinkType::EN10MB, b"", &frame),
        behind(LinkType::NULL, &[2, 0, 0, 0], &ip),
        behind(LinkType::NULL, &[0, 0, 0, 2], &ip),
        behind(LinkType::LOOP, &[0, 0, 0, 2], &ip),
        behind(LinkType::LOOP, &[2, 0, 0, 0], &ip),
        behind(LinkType::RAW, b"", &ip),
        behind(LinkType::RAW_BSD, b"", &ip),
        behind(LinkType::RAW_OPENBSD, b"", &ip),
        behind(LinkType::IPV4, b"", &ip),
        behind(LinkType::LINUX_SLL, &[&[0; 14][..], &[8, 0]].concat(), &ip),
        behind(LinkType::LINUX_SLL, &[&[0, 0, 0x03, 0x0a][..], &[0; 12]].concat(), &ip),
        behind(LinkType::LINUX_SLL2, &[&[8, 0][..], &[0; 18]].concat(), &ip),
        behind(LinkType::PPP, b"\xff\x03\x00\x21", &ip),
        behind(LinkType::PPP, b"\x21", &ip),
        behind(LinkType::PPP_SERIAL, b"\x0f\x00\x08\x00", &ip),
        behind(LinkType::PPP_WITH_DIR, b"\x01\xff\x03\x00\x21", &ip),
        behind(LinkType::PPP_PPPD, b"\x00\x00\x21", &ip),
        behind(LinkType::PPP_ETHER, &pppoe(&ip), &ip),
        behind(LinkType::C_HDLC, b"\x0f\x00\x08\x00", &ip),
        behind(LinkType::C_HDLC_WITH_DIR, b"\x00\x0f\x00\x08\x00", &ip),
        behind(LinkType::FRELAY, b"\x18\x41\x03\xcc", &ip),
        behind(LinkType::FRELAY, b"\x18\x41\x03\x00\x80\0\0\0\x08\0", &ip),
        behind(LinkType::FRELAY_WITH_DIR, b"\0\x18\x41\x08\0", &ip),
        behind(LinkType::MFR, b"\xc0\x01\x18\x41\x03\xcc", &ip),
        behind(LinkType::IEEE802, &[0; 14], &snap),
        behind(LinkType::FDDI, &[&[0x50][..], &[0; 12]].concat(), &snap),
        behind(LinkType::ATM_RFC1483, b"", &snap),
        behind(LinkType::ATM_CLIP, b"", &snap),
        behind(LinkType::SUNATM, &[2, 0, 0, 0], &snap),
        behind(LinkType::IP_OVER_FC, &[0; 16], &snap),
        behind(LinkType::IEEE802_11, b"", &radio(&ip)),
        behind(LinkType::IEEE802_11_RADIO, b"\0\0\x08\0\0\0\0\0", &radio(&ip)),
        behind(LinkType::PRISM_HEADER, &[0; 144], &radio(&ip)),
        behind(LinkType::IEEE802_11_RADIO_AVS, b"\x80\x21\x10\x01\0\0\0\x08", &radio(&ip)),
        behind(LinkType::PPI, b"\0\0\x08\0\x69\0\0\0", &radio(&ip)),
        behind(LinkType::NFLOG, &[b"\x02\0\0\0", &attribute[..]].concat(), &ip),
        behind(LinkType::ENC, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &ip),
        behind(LinkType::PFLOG, &[&[61, 2][..], &[0; 62]].concat(), &ip),
        behind(LinkType::IPNET, &[0; 24], &ip),
        behind(LinkType::ERF, &[&[0; 8][..], &[2], &[0; 9]].concat(), &frame),
        behind(LinkType::NETANALYZER, &[0; 4], &frame),
        behind(LinkType::ETHERNET_MPACKET, b"\x55\x55\x55\x55\x55\x55\x55\xd5", &frame),
        behind(LinkType::DSA_TAG_BRCM, &[addresses, &[0; 4]].concat(), ether),
        behind(LinkType::DSA_TAG_BRCM_PREPEND, &[0; 4], &frame),
        behind(LinkType::DSA_TAG_DSA, &[addresses, &[0; 4]].concat(), ether),
        behind(LinkType::DSA_TAG_EDSA, &[addresses, &[0; 8]].concat(), ether),
        behind(LinkType::JUNIPER_ETHER, b"MGC\x01", &frame),
        behind(LinkType::JUNIPER_PPP, b"MGC\x01\x00\x21", &ip),
        behind(LinkType::JUNIPER_FRELAY, b"MGC\x01\x18\x41\x03\xcc", &ip),
        behind(LinkType::JUNIPER_CHDLC, b"MGC\x01\x0f\x00\x08\x00", &ip),
        behind(LinkType::JUNIPER_MONITOR, b"MGC\x01........", &ip),
        behind(LinkType::JUNIPER_ES, b"MGC\x01......", &ip),
    ];
    for link in [LinkType::PKTAP, LinkType::USER2] {
        let mut header = vec![0; 108];
        (header[0], header[4], header[8]) = (108, 1, 1);
        frames.push(behind(link, &header, &frame));
    }
    frames
}

fn pppoe(ip: &[u8]) -> Vec<u8> {
    [b"\x11\0\0\x07", &(ip.len() as u16 + 2).to_be_bytes()[..], b"\0\x21"].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u16 + 8;
    let header = [50_000, port, len, 0].map(u16::to_be_bytes).concat();
    Ip::v4(17).around(&with_prefix(&header, payload))
}

/// The same datagram in every tunnel, as an Ethernet frame.
fn in_every_tunnel() -> Vec<(&'static str, Vec<u8>)> {
    let (v4, v6) = (smtp(), Ip::v6(6).around(&Tcp::new().around(b"EHLO x\r\n")));
    let frame = ethernet(0x0800, &v4);
    let gre = |header: &[u8], data: &[u8]| Ip::v4(47).around(&with_prefix(header, data));
    let over_ip = [
        ("4in4", Ip::v4(4).around(&v4)),
        ("6in4", Ip::v4(41).around(&v6)),
        ("EtherIP", Ip::v4(97).around(&with_prefix(b"\x30\0", &frame))),
        ("MPLS in IP", Ip::v4(137).around(&with_prefix(b"\0\x01\x01\x40", &v4))),
        ("GRE", gre(b"\0\0\x08\0", &v4)),
        ("GRE with all fields", gre(b"\xb0\0\x08\0............", &v4)),
        ("GRE, bridged", gre(b"\x20\0\x65\x58....", &frame)),
        ("GRE, PPTP", gre(b"\x30\x01\x88\x0b........\0\x21", &v4)),
        ("ERSPAN I", gre(b"\0\0\x88\xbe", &frame)),
        ("ERSPAN II", gre(b"\x10\0\x88\xbe....\x10\0\0\0\0\0\0\0", &frame)),
        ("ERSPAN III", gre(b"\x10\0\x22\xeb....\x20\0\0\0\0\0\0\0\0\0\0\0", &frame)),
        ("VXLAN", udp(4789, &with_prefix(b"\x08\0\0\0\0\0\x2a\0", &frame))),
        ("VXLAN, Linux", udp(8472, &with_prefix(b"\x08\0\0\0\0\0\x2a\0", &frame))),
        ("VXLAN-GPE", udp(4790, &with_prefix(b"\x0c\0\0\x01\0\0\x2a\0", &v4))),
        ("Geneve", udp(6081, &with_prefix(b"\x01\0\x65\x58\0\0\x2a\0....", &frame))),
        ("GTP-U", udp(2152, &with_prefix(b"\x34\xff\0\0....\0\0\0\x85\x01\x10\x09\0", &v4))),
        ("Teredo", udp(3544, &with_prefix(b"\0\x01\0\0.........\0\0......", &v6))),
        ("GRE in UDP", udp(4754, &with_prefix(b"\x20\0\x08\0....", &v4))),
        ("MPLS in UDP", udp(6635, &with_prefix(b"\0\x01\x01\x40", &v4))),
        ("L2TP", udp(1701, &with_prefix(b"\x00\x02....\xff\x03\0\x21", &v4))),
        ("TZSP", udp(37008, &with_prefix(b"\x01\0\0\x01\x01", &frame))),
        ("AYIYA", udp(5072, &with_prefix(b"\x41\x52\x11\x29....", &[&[0; 36][..], &v6].concat()))),
        ("LISP", udp(4341, &with_prefix(b"\x80.......", &v4))),
    ];
    let by_ethertype = [
        ("4in6", 0x86dd, Ip::v6(4).around(&v4)),
        ("6in6", 0x86dd, Ip::v6(41).around(&v6)),
        ("PPPoE", 0x8864, with_prefix(&pppoe(&v4), &v4)),
        ("MPLS", 0x8847, with_prefix(b"\0\x01\0\x40\0\x02\x01\x40", &v6)),
        ("EoMPLS", 0x8847, with_prefix(b"\0\x02\x01\x40\0\0\0\0", &frame)),
        ("QinQ", 0x88a8, with_prefix(b"\0\x01\x81\0\0\x02\x08\0", &v4)),
        ("MAC in MAC", 0x88e7, with_prefix(b"....", &frame)),
        ("VN-Tag", 0x8926, with_prefix(b"....\x08\0", &v4)),
        ("NSH", 0x894f, with_prefix(b"\0\x02\x02\x03....", &frame)),
        ("TRILL", 0x22f3, with_prefix(b"\0\0....", &frame)),
        ("FabricPath", 0x8903, with_prefix(b"..", &frame)),
        ("HSR", 0x892f, with_prefix(b"\x10\x32\0\x01\x08\0", &v4)),
        ("Arista, 64 bits", 0xd28b, with_prefix(b"\0\x01\0\x10........\x08\0", &v4)),
        ("Arista, 48 bits", 0xd28b, with_prefix(b"\0\x01\x01\x20......\x08\0", &v4)),
        ("batman-adv", 0x4305, with_prefix(b"\x40\x0f\x32\x01......", &frame)),
        (
            "batman-adv, with the sender",
            0x4305,
            with_prefix(b"\x42\x0f\x32\x01..............", &frame),
        ),
        ("SNAP", 0x8870, with_prefix(b"\xaa\xaa\x03\0\0\0\x08\0", &v4)),
    ];
    let over_ip = over_ip.map(|(name, ip)| (name, ethernet(0x0800, &ip)));
    let rest = by_ethertype.map(|(name, ethertype, data)| (name, ethernet(ethertype, &data)));
    over_ip.into_iter().chain(rest).collect()
}

fn links() -> Vec<LinkType> {
    (0..300).map(LinkType).collect()
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
fn finds_the_same_segment_in_every_tunnel() {
    for (name, frame) in in_every_tunnel() {
        let mut decoder = Decoder::new();
        let segment = decoder.decode(&packet(LinkType::EN10MB, &frame));
        let segment = segment.unwrap_or_else(|skip| panic!("{name}: {skip}"));
        assert_eq!((segment.payload, segment.cut), (&b"EHLO x\r\n"[..], 0), "{name}");
        assert_eq!(segment.destination.port(), 25, "{name}");
    }
}

#[test]
fn finds_a_segment_in_tunnels_within_tunnels() {
    let mut frame = ethernet(0x0800, &smtp());
    for _ in 0..4 {
        let vxlan = with_prefix(b"\x08\0\0\0\0\0\x2a\0", &frame);
        frame = ethernet(0x0800, &udp(4789, &vxlan));
    }
    let mut decoder = Decoder::new();
    let segment = decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap();
    assert_eq!(segment.payload, b"EHLO x\r\n");
}

#[test]
fn takes_no_other_use_of_a_tunnels_port_for_a_tunnel() {
    for port in [4789, 8472, 4790, 6081, 2152, 3544, 4754, 6635, 1701, 37008, 5072, 4341] {
        for payload in [&b""[..], b"\x17", b"\x17other"] {
            let frame = ethernet(0x0800, &udp(port, payload));
            let skip = skip(LinkType::EN10MB, &frame);
            assert!(!matches!(skip, Skip::TooDeep | Skip::UnsupportedLink(_)), "{port}: {skip}");
        }
    }
    let dns = ethernet(0x0800, &udp(53, b"\x08\0\0\0\0\0\x2a\0"));
    assert_eq!(skip(LinkType::EN10MB, &dns), Skip::NotTcp { protocol: 17 });
}

#[test]
fn counts_what_a_mirror_cut_though_the_frame_is_whole() {
    let inner = ethernet(0x0800, &smtp());
    let vxlan = with_prefix(b"\x08\0\0\0\0\0\x2a\0", &inner[..inner.len() - 3]);
    let frame = ethernet(0x0800, &udp(4789, &vxlan));
    let mut decoder = Decoder::new();
    let segment = decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap();
    assert_eq!((segment.payload, segment.cut), (&b"EHLO "[..], 3));
    assert_eq!(segment.cut_by, CutBy::Tunnel);
    let cut = Packet {
        wire_len: frame.len() as u32,
        ..packet(LinkType::EN10MB, &frame[..frame.len() - 2])
    };
    let segment = decoder.decode(&cut).unwrap();
    assert_eq!((segment.cut, segment.cut_by), (5, CutBy::Tunnel));
}

#[test]
fn what_the_snap_length_cut_in_a_tunnel_is_not_the_tunnels_doing() {
    let vxlan = with_prefix(b"\x08\0\0\0\0\0\x2a\0", &ethernet(0x0800, &smtp()));
    let frame = ethernet(0x0800, &udp(4789, &vxlan));
    let cut = Packet {
        wire_len: frame.len() as u32,
        ..packet(LinkType::EN10MB, &frame[..frame.len() - 2])
    };
    let mut decoder = Decoder::new();
    let segment = decoder.decode(&cut).unwrap();
    assert_eq!((segment.cut, segment.cut_by), (2, CutBy::SnapLength));
}

#[test]
fn takes_frames_of_wifi_for_what_they_are_where_the_capture_calls_them_ethernet() {
    let mut quality_of_service = radio(&smtp());
    quality_of_service[0] = 0x88;
    quality_of_service.splice(24..24, [0, 0]);
    // The card has decrypted it and left the flag.
    let mut protected = radio(&smtp());
    protected[1] |= 0x40;
    let mut decoder = Decoder::new();
    for frame in [radio(&smtp()), quality_of_service, protected] {
        let segment = decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap();
        assert_eq!(segment.payload, b"EHLO x\r\n");
    }
}

#[test]
fn an_ethernet_address_may_begin_as_a_frame_of_wifi_does() {
    let mut frame = ethernet(0x0800, &smtp());
    frame[..2].copy_from_slice(&[0x08, 0x02]);
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap().payload, b"EHLO x\r\n");
    let mut encrypted = radio(&smtp());
    encrypted[1] |= 0x40;
    encrypted[24..32].fill(7);
    assert_eq!(skip(LinkType::IEEE802_11, &encrypted), Skip::Encrypted { layer: "802.11" });
}

#[test]
fn finds_a_segment_that_a_switch_of_hp_mirrors_to_any_port() {
    let mut inner = ethernet(0x0800, &smtp());
    let sum: u32 =
        inner[14..34].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    inner[24..26].copy_from_slice(&sum.to_be_bytes());
    let frame = ethernet(0x0800, &udp(7932, &with_prefix(&[0; 12], &inner)));
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&packet(LinkType::EN10MB, &frame)).unwrap().payload, b"EHLO x\r\n");
    inner[24] ^= 1;
    let frame = ethernet(0x0800, &udp(7932, &with_prefix(&[0; 12], &inner)));
    assert_eq!(skip(LinkType::EN10MB, &frame), Skip::NotTcp { protocol: 17 });
}

/// The parts of an IPv4 datagram, the payload cut every `size` bytes.
fn parts(ip: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = ip.split_at(20);
    let last = payload.len().div_ceil(size) - 1;
    let part = |(index, bytes): (usize, &[u8])| {
        let mut part = with_prefix(header, bytes);
        part[2..4].copy_from_slice(&(20 + bytes.len() as u16).to_be_bytes());
        let more = if index < last { 0x2000 } else { 0 };
        let field = (index * size / 8) as u16 | more;
        part[6..8].copy_from_slice(&field.to_be_bytes());
        part
    };
    payload.chunks(size).enumerate().map(part).collect()
}

/// Every segment in some frames.
fn segments(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut decoder = Decoder::new();
    let decode = |frame: &Vec<u8>| {
        let segment = decoder.decode(&packet(LinkType::EN10MB, frame)).ok()?;
        Some(segment.payload.to_vec())
    };
    frames.iter().filter_map(decode).collect()
}

#[test]
fn puts_datagrams_together_inside_and_outside_of_tunnels() {
    let whole = vec![b"EHLO x\r\n".to_vec()];
    let inner: Vec<_> = parts(&smtp(), 16).iter().map(|ip| ethernet(0x0800, ip)).collect();
    assert_eq!(segments(&inner), whole);
    let outer = |inner: &[u8]| udp(4789, &with_prefix(b"\x08\0\0\0\0\0\x2a\0", inner));
    let tunnelled: Vec<_> = inner.iter().map(|frame| ethernet(0x0800, &outer(frame))).collect();
    assert_eq!(segments(&tunnelled), whole);
    let both: Vec<_> = (0_u8..)
        .zip(&inner)
        .flat_map(|(id, frame)| {
            let mut datagram = outer(frame);
            datagram[5] = id;
            parts(&datagram, 24)
        })
        .map(|ip| ethernet(0x0800, &ip))
        .collect();
    assert_eq!(segments(&both), whole);
}

#[test]
fn a_datagram_in_parts_has_the_moment_of_its_last_part() {
    let mut decoder = Decoder::new();
    let frames: Vec<_> = parts(&smtp(), 16).iter().rev().map(|ip| ethernet(0x0800, ip)).collect();
    for (frame, data) in (1..).zip(&frames) {
        let packet = Packet { frame, ts: Timestamp(7), ..packet(LinkType::EN10MB, data) };
        let at = decoder.decode(&packet).map(|segment| segment.at);
        if frame == frames.len() as u64 {
            assert_eq!(at.unwrap(), Moment { ts: Timestamp(7), frame });
        } else {
            assert_eq!(at.unwrap_err(), Skip::Fragment);
        }
    }
}

#[test]
fn tells_the_headers_of_a_frame_one_after_the_other() {
    let inner = ethernet(0x0800, &smtp());
    let vxlan = udp(4789, &with_prefix(b"\x08\0\0\0\0\0\x2a\0", &inner));
    let frame = ethernet(0x8100, &with_prefix(b"\0\x2a\x08\0", &vxlan));
    let mut headers = Headers::default();
    let mut decoder = Decoder::new();
    decoder.decode_noting(&packet(LinkType::EN10MB, &frame), &mut headers).unwrap();
    let kinds: Vec<_> = headers.all().iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        kinds,
        [
            Header::Link(LinkType::EN10MB),
            Header::Ether(0x8100),
            Header::Ether(0x0800),
            Header::Link(LinkType::EN10MB),
            Header::Ether(0x0800),
        ]
    );
    let lens: Vec<_> = headers.all().iter().map(|(_, data)| data.len()).collect();
    assert_eq!((lens[0], lens[3]), (frame.len(), inner.len()));
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
    assert_eq!(skip(UNKNOWN, b""), Skip::UnsupportedLink(UNKNOWN));
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
        link in prop::sample::select(links()),
        wire_len in any::<u32>(),
        data in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let packet = Packet { wire_len, ..packet(link, &data) };
        for frame in frames(&packet) {
            let _ = Decoder::new().decode_noting(&frame, &mut Headers::default());
        }
    }

    #[test]
    fn survives_frames_with_changed_bytes_and_cuts(
        frame in prop::sample::select(behind_every_link()),
        tunnel in prop::sample::select(in_every_tunnel()),
        in_tunnel in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let (link, mut data) = if in_tunnel { (LinkType::EN10MB, tunnel.1) } else { frame };
        for (at, value) in changes {
            *at.get_mut(&mut data) = value;
        }
        let cut = &data[..end.index(data.len() + 1)];
        let packet = Packet { data: cut, ..packet(link, &data) };
        for frame in frames(&packet) {
            if let Ok(segment) = Decoder::new().decode(&frame) {
                prop_assert!(segment.payload.len() <= cut.len());
            }
        }
    }

    #[test]
    fn accounts_for_every_byte_of_payload_wherever_it_is_cut(
        frame in prop::sample::select(behind_every_link()),
        tunnel in prop::sample::select(in_every_tunnel()),
        in_tunnel in any::<bool>(),
        end in any::<prop::sample::Index>(),
    ) {
        let (link, data) = if in_tunnel { (LinkType::EN10MB, tunnel.1) } else { frame };
        let cut = &data[..end.index(data.len() + 1)];
        if let Ok(segment) = Decoder::new().decode(&Packet { data: cut, ..packet(link, &data) }) {
            prop_assert_eq!(segment.payload.len() + segment.cut as usize, 8);
        }
    }

    #[test]
    fn survives_arbitrary_parts(
        datagrams in prop::collection::vec(
            (any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 0..64)), 1..40),
    ) {
        let mut decoder = Decoder::new();
        for (field, payload) in datagrams {
            let mut ip = Ip::v4(6).around(&payload);
            ip[5] = field[0] & 3;
            ip[6..8].copy_from_slice(&[field[1] & 0x20, field[2] & 0x0f]);
            let _ = decoder.decode(&packet(LinkType::RAW, &ip));
        }
    }
}
