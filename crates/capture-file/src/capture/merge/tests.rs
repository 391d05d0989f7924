use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::super::testfile::{Order, PcapFile, PcapngFile, drain, facts, packets};
use super::*;
use crate::capture::Compression;

/// Gives one byte at a time, as the slowest pipe would.
struct Trickle(Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

fn pcap() -> Vec<u8> {
    PcapFile::new().record(1, 0, b"one").record(2, 5, b"two").record(3, 0, b"three").bytes()
}

fn pcapng() -> Vec<u8> {
    let file = PcapngFile::new(Order::Big).interface(1, 0, &[(9, &[9])]);
    let file = file.enhanced_packet(0, 1, b"one").block(0x0a, b"TLSK\0\0\0\x04abcd");
    file.section(Order::Little).interface(276, 0, &[]).enhanced_packet(0, 2, b"two").bytes()
}

fn write(directory: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn merges_rotated_files_by_time_however_they_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let late = PcapFile::new().record(5, 0, b"5").record(7, 0, b"7").bytes();
    let early = PcapFile::new().record(4, 0, b"4").record(6, 0, b"6").bytes();
    let paths = [write(&directory, "a", &late), write(&directory, "b", &early)];
    let mut capture = Capture::open(paths.map(Input::File).to_vec());
    let found: Vec<_> = drain(&mut capture).into_iter().map(|found| found.3).collect();
    assert_eq!(found, [b"4", b"5", b"6", b"7"]);
    let counted: Vec<_> = capture.files().map(|facts| (facts.packets, facts.complete)).collect();
    assert_eq!(counted, [(2, true), (2, true)]);
}

#[test]
fn takes_files_that_begin_at_one_instant_in_the_order_of_their_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["x.pcap10", "x.pcap", "x.pcap2", "x.pcap1"];
    let inputs = names.map(|name| {
        let file = PcapFile::new().record(1, 0, name.as_bytes()).bytes();
        Input::File(write(&directory, name, &file))
    });
    let found = drain(&mut Capture::open(inputs.to_vec()));
    let found: Vec<_> = found.iter().map(|found| str::from_utf8(&found.3).unwrap()).collect();
    assert_eq!(found, ["x.pcap", "x.pcap1", "x.pcap2", "x.pcap10"]);
}

#[test]
fn keeps_the_order_within_a_file_whose_clock_goes_back() {
    let file = PcapFile::new().record(9, 0, b"a").record(1, 0, b"b").bytes();
    let found: Vec<_> = packets(file.clone()).into_iter().map(|found| found.3).collect();
    assert_eq!(found, [b"a", b"b"]);
    let facts = facts(file);
    assert_eq!(facts.first, Some(Timestamp(1_000_000_000)));
    assert_eq!(facts.last, Some(Timestamp(9_000_000_000)));
}

#[test]
fn opens_a_file_only_when_the_merge_reaches_it() {
    let directory = tempfile::tempdir().unwrap();
    let paths = [9, 1, 5].map(|second| {
        let file = PcapFile::new().record(second, 0, b"x").record(second, 1, b"y").bytes();
        Input::File(write(&directory, &second.to_string(), &file))
    });
    let mut capture = Capture::open(paths.to_vec());
    let mut most = 0;
    while capture.next_packet().is_some() {
        most = most.max(capture.files.iter().filter(|file| file.open.is_some()).count());
    }
    assert_eq!((capture.frames, most), (6, 1));
}

#[test]
fn reads_a_directory_and_notes_what_is_no_capture() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory, "a.pcap", &pcap());
    write(&directory, "b.json", b"{}");
    write(&directory, "c.pcap", b"");
    let mut capture = Capture::open(vec![Input::File(directory.path().to_owned())]);
    assert_eq!(drain(&mut capture).len(), 3);
    assert!(capture.files().all(|facts| facts.complete));
    assert_eq!(capture.files().count(), 1);
    let passed_over =
        capture.passed_over().iter().map(|facts| &facts.damage.as_ref().unwrap().kind);
    let passed_over: Vec<_> = passed_over.collect();
    assert!(matches!(passed_over[..], [DamageKind::NotACapture(_), DamageKind::Empty]));
}

#[test]
fn says_that_a_directory_has_no_capture_in_it() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory, "b.json", b"{}");
    let capture = Capture::open(vec![Input::File(directory.path().to_owned())]);
    let facts = capture.files().next().unwrap();
    assert_eq!(facts.damage.as_ref().unwrap().kind, DamageKind::NoCaptureInside);
}

#[test]
fn notes_damage_once_though_the_file_is_opened_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = pcap();
    file.splice(24..24, [0xff; 30]);
    let path = write(&directory, "a.pcap", &file);
    let mut capture = Capture::open(vec![Input::File(path)]);
    assert_eq!(drain(&mut capture).len(), 3);
    let facts = capture.files().next().unwrap();
    assert_eq!((facts.damages, facts.skipped_bytes), (1, 30));
}

#[test]
fn notes_a_file_that_is_not_there() {
    let mut capture = Capture::open(vec![Input::File("/no/such/file".into())]);
    assert!(capture.next_packet().is_none());
    let facts = capture.files().next().unwrap();
    assert!(facts.damage.as_ref().unwrap().to_string().starts_with("cannot be read: No such"));
}

#[test]
fn reads_a_gzip_file_and_says_when_it_is_cut() {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&pcap()).unwrap();
    let mut gzip = encoder.finish().unwrap();
    let whole = facts(gzip.clone());
    assert_eq!((whole.compression, whole.complete), (Some(Compression::Gzip), true));
    assert_eq!((whole.packets, whole.bytes), (3, pcap().len() as u64));
    gzip.truncate(gzip.len() - 9);
    let cut = facts(gzip);
    assert!(!cut.complete);
    assert!(matches!(cut.damage.unwrap().kind, DamageKind::Truncated { .. }));
}

#[test]
fn finds_a_capture_without_packets_complete() {
    let facts = facts(PcapFile::new().bytes());
    assert_eq!((facts.packets, facts.complete, facts.damage), (0, true, None));
}

#[test]
fn reads_the_same_from_a_pipe_that_gives_one_byte_at_a_time() {
    for file in [pcap(), pcapng()] {
        let mut capture = Capture::from_reader("test", Trickle(Cursor::new(file.clone())));
        assert_eq!(drain(&mut capture), packets(file.clone()));
        assert_eq!(capture.files().next(), Some(&facts(file)));
    }
}

#[test]
fn gives_the_secrets_of_a_file_that_was_probed_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(&directory, "a.pcapng", &pcapng());
    let mut capture = Capture::open(vec![Input::File(path)]);
    drain(&mut capture);
    assert_eq!(capture.take_secrets().len(), 1);
}

proptest! {
    #[test]
    fn survives_arbitrary_bytes_behind_any_magic(
        magic in prop::sample::select(vec![&b"\xd4\xc3\xb2\xa1"[..], b"\xa1\xb2\x3c\x4d",
            b"\x34\xcd\xb2\xa1", b"\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1a", b"\x1f\x8b\x08", b""]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        packets([magic, &rest].concat());
    }

    #[test]
    fn survives_and_explains_a_changed_byte(
        ng in any::<bool>(), at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        let mut file = if ng { pcapng() } else { pcap() };
        *at.get_mut(&mut file) = value;
        let facts = facts(file);
        prop_assert_eq!(facts.complete, facts.damage.is_none());
    }

    #[test]
    fn loses_no_packet_before_a_damaged_byte(
        ng in any::<bool>(), at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        let whole = if ng { pcapng() } else { pcap() };
        let mut damaged = whole.clone();
        let at = at.index(damaged.len());
        damaged[at] = value;
        let before = packets(whole[..at].to_vec());
        // A header decides how all packets behind it are read, and none before it.
        let found = packets(damaged);
        prop_assert!(found.starts_with(&before), "{found:?}");
    }

    #[test]
    fn delivers_whole_packets_only_wherever_the_file_is_cut(
        ng in any::<bool>(), at in any::<prop::sample::Index>(),
    ) {
        let file = if ng { pcapng() } else { pcap() };
        let cut = file[..at.index(file.len())].to_vec();
        prop_assert!(packets(file).starts_with(&packets(cut)));
    }
}
