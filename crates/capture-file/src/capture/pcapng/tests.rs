use super::super::testfile::{Order, PcapngFile, drain, facts, packets};
use super::*;
use crate::capture::{Capture, LinkType};

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
fn sums_what_the_statistics_say_was_dropped() {
    let dropped = |interface: u32, drops: u64| {
        let option = |code: u16, value: u64| {
            [&code.to_le_bytes()[..], &8_u16.to_le_bytes(), &value.to_le_bytes()].concat()
        };
        [&interface.to_le_bytes()[..], &[0; 8], &option(5, drops), &option(7, 1)].concat()
    };
    let file = little().interface(ETHERNET, 0, &[]);
    let file = file.block(5, &dropped(0, 3)).block(5, &dropped(0, 5)).block(5, &dropped(1, 10));
    let statistics = facts(file.bytes()).statistics;
    assert_eq!(statistics.dropped_by_interface, Some(15));
    assert_eq!((statistics.dropped_by_system, statistics.received), (Some(2), None));
}

#[test]
fn counts_the_packets_lost_before_others() {
    let fields = [0_u32, 0, 4, 4, 4].map(u32::to_le_bytes).concat();
    let drops = [&[4, 0, 8, 0][..], &7_u64.to_le_bytes(), &[0; 4]].concat();
    let file = little().block(6, &[&fields[..], b"lost", &drops].concat());
    let obsolete = [0x0002_0000_u32, 0, 5, 4, 4].map(u32::to_le_bytes).concat();
    let file = file.block(2, &[&obsolete[..], b"more"].concat());
    let facts = facts(file.bytes());
    assert_eq!((facts.packets, facts.dropped_before_packets), (2, 9));
}

#[test]
fn cuts_off_the_frame_check_sequence_that_the_interface_tells_of() {
    for told in [4, 32] {
        let file = PcapngFile::new(Order::Little).interface(ETHERNET, 0, &[(13, &[told])]);
        assert_eq!(frames(file.enhanced_packet(0, 1, b"frame.FCS."[..9].into())), [b"frame"]);
    }
}

#[test]
fn goes_on_behind_bytes_that_are_no_block() {
    let whole = little().enhanced_packet(0, 1, b"good").enhanced_packet(0, 2, b"next");
    let mut bytes = whole.enhanced_packet(0, 3, b"last").bytes();
    bytes.splice(48..48, *b"seven..");
    let facts = facts(bytes.clone());
    assert_eq!(packets(bytes).len(), 3);
    assert_eq!((facts.damages, facts.skipped_bytes), (1, 7));
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
fn goes_on_behind_a_block_whose_two_lengths_differ() {
    let bytes = little().enhanced_packet(0, 1, b"good").enhanced_packet(0, 2, b"evil").bytes();
    let last = bytes.len() - 4;
    let rest = PcapngFile::new(Order::Little).enhanced_packet(0, 3, b"rest").bytes();
    let mut bytes = [&bytes[..], &rest[28..]].concat();
    bytes[last] ^= 4;
    let facts = facts(bytes);
    assert_eq!((facts.packets, facts.complete, facts.skipped_bytes), (2, false, 36));
    let told = facts.damage.unwrap().to_string();
    assert!(told.contains("by its end; reading went on at offset"), "{told}");
}

#[test]
fn tells_of_a_packet_longer_than_its_block() {
    let fields = [0_u32, 0, 4, 3_000, 3_000].map(u32::to_le_bytes).concat();
    assert!(corrupt(little().block(6, &fields)).contains("longer than its block"));
    assert!(corrupt(little().block(2, &fields)).contains("longer than its block"));
}

#[test]
fn tells_of_a_packet_of_an_interface_that_is_not_described() {
    assert!(corrupt(little().enhanced_packet(3, 0, b"x")).contains("interface 3"));
}

#[test]
fn tells_of_a_version_it_does_not_know() {
    let mut bytes = little().bytes();
    bytes[12] = 2;
    assert!(facts(bytes).damage.unwrap().to_string().contains("version 2.0"));
}
