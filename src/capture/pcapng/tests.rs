use super::super::testfile::{Order, PcapngFile, drain, facts, packets};
use super::*;
use crate::capture::Capture;

const ETHERNET: u16 = 1;

fn little() -> PcapngFile {
    PcapngFile::new(Order::Little).interface(ETHERNET, 0, &[])
}

fn frames(file: PcapngFile) -> Vec<Vec<u8>> {
    packets(file.bytes()).into_iter().map(|found| found.3).collect()
}

fn corrupt(file: PcapngFile) -> String {
    match facts(file.bytes()).damage.unwrap().kind {
        DamageKind::Corrupt(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reads_enhanced_packets_without_their_padding() {
    let found = packets(little().enhanced_packet(0, 5_000_007, b"frame").bytes());
    assert_eq!(found, [(Timestamp(5_000_007_000), LinkType::EN10MB, 5, b"frame".to_vec())]);
}

#[test]
fn reads_sections_of_either_byte_order_each_with_its_own_interfaces() {
    let file = little()
        .enhanced_packet(0, 1, b"first")
        .section(Order::Big)
        .interface(276, 0, &[])
        .enhanced_packet(0, 2, b"second");
    let found = packets(file.bytes());
    assert_eq!(found[0].1, LinkType::EN10MB);
    assert_eq!(found[1], (Timestamp(2_000), LinkType::LINUX_SLL2, 6, b"second".to_vec()));
}

#[test]
fn gives_each_interface_its_link_type_and_clock() {
    let base_2: &[u8] = &[0x80 | 1];
    let file = little()
        .interface(101, 0, &[(9, base_2), (14, &(-1_i64).to_le_bytes())])
        .enhanced_packet(1, 5, b"raw")
        .enhanced_packet(0, 5, b"ethernet");
    let found = packets(file.bytes());
    assert_eq!(found[0], (Timestamp(1_500_000_000), LinkType::RAW, 3, b"raw".to_vec()));
    assert_eq!(found[1].0, Timestamp(5_000));
}

#[test]
fn reads_the_clock_offset_in_the_byte_order_of_its_section() {
    let file = PcapngFile::new(Order::Big)
        .interface(ETHERNET, 0, &[(9, &[0]), (14, &7_i64.to_be_bytes())])
        .enhanced_packet(0, 1, b"x");
    assert_eq!(packets(file.bytes())[0].0, Timestamp(8_000_000_000));
}

#[test]
fn ignores_what_follows_the_end_of_the_options() {
    let file = little().interface(ETHERNET, 0, &[(0, b""), (9, &[0])]).enhanced_packet(1, 1, b"x");
    assert_eq!(packets(file.bytes())[0].0, Timestamp(1_000));
}

#[test]
fn cuts_simple_packets_at_the_snap_length() {
    let file = PcapngFile::new(Order::Little)
        .interface(ETHERNET, 3, &[])
        .enhanced_packet(0, 9, b"x")
        .block(3, &[&9_u32.to_le_bytes()[..], b"abc", b"\0"].concat());
    let simple = packets(file.bytes()).remove(1);
    assert_eq!(simple, (Timestamp(9_000), LinkType::EN10MB, 9, b"abc".to_vec()));
}

#[test]
fn reads_the_obsolete_packet_block() {
    let fields = [0_u32, 0, 4, 3, 60].map(u32::to_le_bytes).concat();
    let found = packets(little().block(2, &[&fields, &b"old\0"[..]].concat()).bytes());
    assert_eq!(found, [(Timestamp(4_000), LinkType::EN10MB, 60, b"old".to_vec())]);
}

#[test]
fn skips_blocks_it_does_not_know() {
    let file = little().block(0x0bad, b"private").block(0x7777, b"").enhanced_packet(0, 1, b"x");
    assert_eq!(frames(file), [b"x"]);
}

#[test]
fn collects_decryption_secrets_without_their_padding() {
    let content = [&Secrets::TLS_KEY_LOG.to_le_bytes()[..], &5_u32.to_le_bytes(), b"CLIEN"];
    let file = little().block(0x0a, &content.concat()).bytes();
    let mut capture = Capture::from_bytes("test", file);
    drain(&mut capture);
    let secrets = capture.take_secrets();
    assert_eq!(secrets.len(), 1);
    assert_eq!((secrets[0].kind, &secrets[0].data[..]), (Secrets::TLS_KEY_LOG, &b"CLIEN"[..]));
    assert!(capture.take_secrets().is_empty());
}

#[test]
fn stops_at_a_block_whose_two_lengths_differ() {
    let mut bytes = little().enhanced_packet(0, 1, b"good").enhanced_packet(0, 2, b"evil").bytes();
    let last = bytes.len() - 4;
    bytes[last] ^= 4;
    let facts = facts(bytes);
    assert_eq!((facts.packets, facts.complete), (1, false));
    assert!(facts.damage.unwrap().to_string().contains("by its end"));
}

#[test]
fn stops_at_a_packet_longer_than_its_block() {
    let fields = [0_u32, 0, 4, 3_000, 3_000].map(u32::to_le_bytes).concat();
    assert!(corrupt(little().block(6, &fields)).contains("enhanced packet"));
    assert!(corrupt(little().block(2, &fields)).contains("packet block"));
}

#[test]
fn stops_at_a_packet_of_an_interface_that_is_not_described() {
    assert!(corrupt(little().enhanced_packet(3, 0, b"x")).contains("interface 3"));
}

#[test]
fn refuses_a_version_it_does_not_know() {
    let mut bytes = little().bytes();
    bytes[12] = 2;
    assert!(facts(bytes).damage.unwrap().to_string().contains("version 2.0"));
}
