//! The same sessions for any number of workers and any batches.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;

use super::batch::Limits;
use super::setup::Setup;
use super::{Totals, run_in_batches};
use crate::capture::{Capture, Input};
use crate::keys::{KeyRing, KeySource};
use crate::report::SessionReport;
use crate::testdata::find;
use crate::tls::Keys;

/// Captures of TLS with RSA, with sessions resumed by ID and by ticket, with loss, and in plain.
const CAPTURES: [&str; 6] = [
    "tls12_aes128_sha",
    "resume_session_id",
    "resume_ticket",
    "loss_in_mail",
    "several_mails",
    "mixed",
];

/// A frame and when it was captured, in ns.
#[derive(Clone)]
struct Frame(i64, Vec<u8>);

fn frames(name: &str) -> Vec<Frame> {
    let mut capture = Capture::open(vec![Input::File(find(&format!("{name}.pcap")))]);
    let mut frames = Vec::new();
    while let Some(packet) = capture.next_packet() {
        assert_eq!(packet.link.0, 1, "{name}: Ethernet");
        frames.push(Frame(packet.ts.0, packet.data.to_vec()));
    }
    assert!(!frames.is_empty(), "{name}");
    frames
}

/// A pcap file with times in ns.
fn pcap(frames: &[Frame]) -> Vec<u8> {
    let words = |words: &[i64]| -> Vec<u8> {
        words.iter().flat_map(|&word| u32::try_from(word).unwrap().to_le_bytes()).collect()
    };
    let mut file = words(&[0xa1b2_3c4d, 0x0004_0002, 0, 0, 0x0004_0000, 1]);
    for Frame(ts, bytes) in frames {
        let len = bytes.len() as i64;
        file.extend(words(&[ts / 1_000_000_000, ts % 1_000_000_000, len, len]));
        file.extend(bytes);
    }
    file
}

/// Several captures on one wire: each begins a while after the first, in ms.
fn together(captures: &[(&str, u32)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (copy, &(name, ms)) in (1..).zip(captures) {
        let frames = frames(name);
        let begin = frames[0].0;
        all.extend(frames.into_iter().map(|Frame(ts, bytes)| {
            Frame(
                1_795_000_000_000_000_000 + ts - begin + i64::from(ms) * 1_000_000,
                elsewhere(bytes, copy),
            )
        }));
    }
    all.sort_by_key(|frame| frame.0);
    pcap(&all)
}

/// The frame between other addresses, so that the same capture can be there twice.
fn elsewhere(mut frame: Vec<u8>, copy: u8) -> Vec<u8> {
    let ipv4 = frame[12..14] == [8, 0];
    for place in if ipv4 { [27, 31] } else { [23, 39] } {
        frame[place] ^= copy;
    }
    frame
}

fn setup(threads: usize) -> Setup {
    let (ring, errors) = KeyRing::load(&[KeySource::KeyFile(find("pki/server.key"))]);
    assert!(errors.is_empty(), "{errors:?}");
    let keys = Keys { ring: Arc::new(ring), ..Keys::default() };
    Setup { keys, all_tls: true, threads: NonZeroUsize::new(threads), ..Setup::default() }
}

fn read(capture: &[u8], threads: usize, segments: usize) -> (Vec<SessionReport>, Totals) {
    let mut capture = Capture::from_bytes("memory", capture.to_vec());
    let limits = Limits { segments, ..Limits::DEFAULT };
    let mut sessions = Vec::new();
    let totals = run_in_batches(&mut capture, &setup(threads), limits, &|_| None, |session| {
        sessions.push(session);
        ControlFlow::Continue(())
    });
    (sessions, totals)
}

/// Everything that is told, in order.
fn told(capture: &[u8], threads: usize, segments: usize) -> String {
    let (sessions, totals) = read(capture, threads, segments);
    serde_json::to_string(&(sessions, totals.summary, totals.quality, totals.findings)).unwrap()
}

fn resumed(sessions: &[SessionReport]) -> usize {
    let tls = sessions.iter().filter_map(|session| session.tls.as_ref());
    tls.filter(|tls| tls.resumed.is_some() && tls.decryption.key.is_some()).count()
}

#[test]
fn any_workers_and_any_batches_tell_the_same() {
    let capture = together(&CAPTURES.map(|name| (name, 0)));
    let (sessions, _) = read(&capture, 1, usize::MAX);
    assert!(resumed(&sessions) >= 2, "the captures have sessions that others resume");
    let expected = told(&capture, 1, usize::MAX);
    for threads in [1, 2, 3, 8, 64] {
        for segments in [1, 7, 4096] {
            assert!(told(&capture, threads, segments) == expected, "{threads} {segments}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_interleaving_is_told_alike_by_any_workers(
        captures in prop::collection::vec((prop::sample::select(&CAPTURES[..]), 0..3000_u32), 1..8),
        threads in 2..9_usize,
        segments in 1..200_usize,
    ) {
        let capture = together(&captures);
        prop_assert_eq!(told(&capture, threads, segments), told(&capture, 1, usize::MAX));
    }
}

#[test]
fn who_has_had_enough_is_not_read_on_for() {
    let capture = together(&[("several_mails", 0), ("several_mails", 400_000)]);
    for threads in [1, 2] {
        let mut capture = Capture::from_bytes("memory", capture.clone());
        let limits = Limits { segments: 1, ..Limits::DEFAULT };
        let mut sessions = 0;
        let totals = run_in_batches(&mut capture, &setup(threads), limits, &|_| None, |_| {
            sessions += 1;
            ControlFlow::Break(())
        });
        assert_eq!(sessions, 1);
        assert!(capture.next_packet().is_some(), "{} packets were read", totals.summary.packets);
    }
}

/// The SYNs of so many clients, a microsecond apart.
fn syns(clients: u32) -> Vec<Frame> {
    let frame = |client: u32| {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
        frame.extend([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend((0x0a00_0000 + client / 60_000).to_be_bytes());
        frame.extend([192, 0, 2, 1]);
        frame.extend((1024 + (client % 60_000) as u16).to_be_bytes());
        frame.extend([0, 25, 0, 0, 0, 1, 0, 0, 0, 0, 5 << 4, 2, 255, 255, 0, 0, 0, 0]);
        Frame(1_795_000_000_000_000_000 + i64::from(client) * 1000, frame)
    };
    (0..clients).map(frame).collect()
}

#[test]
fn a_flood_of_half_open_connections_is_counted_and_not_kept() {
    let capture = pcap(&syns(200_000));
    let (sessions, totals) = read(&capture, 2, 4096);
    // Each is a session, since its port is one of mail.
    assert_eq!((sessions.len(), totals.summary.connections), (200_000, 200_000));
    let mut ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=200_000).collect::<Vec<_>>());
}
