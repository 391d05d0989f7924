use super::super::testfile::{Order, PcapFile, facts, packets};
use super::*;
use crate::capture::{FileFacts, Format};

#[test]
fn reads_a_little_endian_microsecond_file() {
    let file = PcapFile::new().record(5, 7, b"frame").bytes();
    let found = packets(file);
    assert_eq!(found, [(Timestamp(5_000_007_000), LinkType::EN10MB, 5, b"frame".to_vec())]);
}

#[test]
fn reads_a_big_endian_nanosecond_file() {
    let file = PcapFile { magic: 0xa1b2_3c4d, order: Order::Big, ..PcapFile::new() };
    let found = packets(file.record(5, 7, b"frame").bytes());
    assert_eq!(found, [(Timestamp(5_000_000_007), LinkType::EN10MB, 5, b"frame".to_vec())]);
}

#[test]
fn reads_the_modified_format_of_kuznetzov_in_both_byte_orders() {
    for order in [Order::Little, Order::Big] {
        let file = PcapFile { magic: 0xa1b2_cd34, order, padding: 8, ..PcapFile::new() };
        let found = packets(file.record(1, 0, b"one").record(2, 0, b"two").bytes());
        assert_eq!(found.iter().map(|p| p.3.as_slice()).collect::<Vec<_>>(), [b"one", b"two"]);
    }
}

#[test]
fn cuts_off_the_frame_check_sequence_that_the_file_header_tells_of() {
    let file = PcapFile { network: 0x2400_0001, ..PcapFile::new() };
    let file = file.record(1, 0, b"frame.FCS").header(2, 0, 7, 9).raw(b"frame.F");
    let found = packets(file.header(3, 0, 3, 9).raw(b"fra").bytes());
    assert_eq!(found[0], (Timestamp(1_000_000_000), LinkType::EN10MB, 5, b"frame".to_vec()));
    assert_eq!((found[1].2, found[1].3.as_slice()), (5, &b"frame"[..]));
    assert_eq!((found[2].2, found[2].3.as_slice()), (5, &b"fra"[..]));
}

#[test]
fn delivers_what_comes_before_a_cut() {
    let mut file = PcapFile::new().record(1, 0, b"whole").record(2, 0, b"cut").bytes();
    file.pop();
    let facts = facts(file);
    assert_eq!((facts.packets, facts.complete, facts.bytes), (1, false, 24 + 21));
    let damage = facts.damage.unwrap();
    assert_eq!(damage.offset, 24 + 21);
    assert_eq!(damage.kind, DamageKind::Truncated { present: 18, needed: 19 });
}

#[test]
fn calls_a_file_cut_within_its_header_truncated() {
    let mut file = PcapFile::new().bytes();
    file.truncate(20);
    let kind = facts(file).damage.unwrap().kind;
    assert_eq!(kind, DamageKind::Truncated { present: 20, needed: 24 });
}

#[test]
fn refuses_a_frame_larger_than_any_snap_length() {
    let file = PcapFile::new().record(1, 0, b"good").header(2, 0, 0x7fff_ffff, 60).bytes();
    let facts = facts(file);
    assert_eq!(facts.packets, 1);
    assert!(matches!(facts.damage.unwrap().kind, DamageKind::Corrupt(_)));
}

#[test]
fn counts_the_frames_that_the_snap_length_cut() {
    let file = PcapFile::new().header(1, 0, 2, 90).raw(b"ab").record(3, 0, b"whole").bytes();
    let FileFacts { format, snaplen_truncated, packets, complete, .. } = facts(file);
    assert_eq!((format, snaplen_truncated, packets, complete), (Some(Format::Pcap), 1, 2, true));
}

/// Packets of ten seconds, and where the record of each begins.
fn ten() -> (Vec<u8>, Vec<usize>) {
    let mut file = PcapFile::new();
    let mut starts = Vec::new();
    for second in 0..10 {
        starts.push(24 + file.records.len());
        file = file.record(1000 + second, 0, &[second as u8; 50]);
    }
    (file.bytes(), starts)
}

fn seconds(file: Vec<u8>) -> Vec<i64> {
    packets(file).iter().map(|found| found.0.0 / 1_000_000_000 - 1000).collect()
}

#[test]
fn goes_on_behind_a_damaged_record_header() {
    let (whole, starts) = ten();
    for damage in [0xff, 0x00, 0x55] {
        let mut file = whole.clone();
        file[starts[4]..starts[4] + 16].fill(damage);
        assert_eq!(seconds(file.clone()), [0, 1, 2, 3, 5, 6, 7, 8, 9], "{damage}");
        let facts = facts(file);
        assert_eq!((facts.complete, facts.damages, facts.skipped_bytes), (false, 1, 66));
        let damage = facts.damage.unwrap();
        assert_eq!((damage.offset, damage.resumed), (starts[4] as u64, Some(starts[5] as u64)));
    }
}

#[test]
fn goes_on_behind_a_gap_in_the_file() {
    let (mut file, starts) = ten();
    file.drain(starts[3] + 5..starts[6] + 20);
    let found = seconds(file);
    assert_eq!((&found[..3], &found[found.len() - 3..]), (&[0, 1, 2][..], &[7, 8, 9][..]));
}

#[test]
fn goes_on_behind_a_length_that_reaches_beyond_the_end() {
    let (mut file, starts) = ten();
    file[starts[4] + 9] = 0x70;
    file[starts[4] + 13] = 0x70;
    assert_eq!(seconds(file.clone()), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
    assert!(matches!(facts(file).damage.unwrap().kind, DamageKind::Corrupt(_)));
}

#[test]
fn reads_careless_fractions_where_records_follow_each_other() {
    let file = PcapFile::new().record(1, 1_500_000, b"one").record(2, 0, b"two").bytes();
    assert_eq!(packets(file.clone()).len(), 2);
    assert_eq!(facts(file).damage, None);
}

#[test]
fn takes_the_lengths_of_old_versions_in_either_order() {
    let mut file = PcapFile::new().header(1, 0, 60, 3).raw(b"old").record(2, 0, b"new").bytes();
    file[6] = 2;
    let found = packets(file);
    assert_eq!((found[0].2, found[0].3.as_slice()), (60, &b"old"[..]));
    assert_eq!(found[1].3, b"new");
}

#[test]
fn reads_the_files_of_ixia() {
    let mut file = PcapFile { magic: 0x1c00_01ac, ..PcapFile::new() }.record(1, 7, b"one").bytes();
    file.splice(24..24, [0; 4]);
    assert_eq!(packets(file)[0].0, Timestamp(1_000_000_007));
}

#[test]
fn reads_frames_beyond_the_snap_length_that_the_header_promises() {
    let mut file = PcapFile::new().record(1, 0, &[7; 5000]).record(2, 0, b"two").bytes();
    file[16..20].fill(0);
    assert_eq!(packets(file.clone()).len(), 2);
    file[16] = 96;
    assert_eq!(packets(file).len(), 2);
}
