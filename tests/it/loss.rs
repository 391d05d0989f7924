//! Law 6: whatever is lost, cut or mixed up, what is reported was said, and the rest is called lost.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestError, TestRunner};
use serde_json::Value;

use crate::lab::{self, Lab, items, text};
use crate::run::Runner;
use crate::wire::{self, Frame, Talk};

/// Captures whose packets are lost: TLS in each kind of record protection.
const REAL: &[&str] = &[
    "tls10_aes128_sha",
    "tls12_aes128_sha",
    "ext_tls12_ems0_etm1",
    "tls12_aes256_gcm_sha384",
    "port465_wrapper",
    "several_mails",
    "pipelining",
    "bdat",
    "plain",
];

/// What becomes of a packet.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Kept,
    Lost,
    /// Only so many bytes of payload are captured.
    Cut(usize),
    /// So many packets overtake it.
    Late(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        16 => Just(Fate::Kept),
        2 => Just(Fate::Lost),
        1 => (0..64_usize).prop_map(Fate::Cut),
        1 => (1..9_usize).prop_map(Fate::Late),
    ]
}

fn survivors(frames: &[Frame], fates: &[Fate]) -> Vec<Frame> {
    let mut placed = Vec::new();
    for (index, (frame, fate)) in frames.iter().zip(fates).enumerate() {
        let mut frame = frame.clone();
        let late = match *fate {
            Fate::Lost => continue,
            Fate::Kept => 0,
            Fate::Cut(len) => {
                frame.captured = frame.captured.min(len);
                0
            }
            Fate::Late(late) => late,
        };
        placed.push((index + late, frame));
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, frame)| frame).collect()
}

/// Everything that was said, as the report of the whole capture has it.
struct Said {
    commands: BTreeSet<String>,
    lines: BTreeSet<String>,
    hashes: BTreeSet<String>,
    bytes: [u64; 2],
}

impl Said {
    fn of(report: &Value) -> Self {
        let mut said = Self {
            commands: BTreeSet::new(),
            lines: BTreeSet::new(),
            hashes: BTreeSet::new(),
            bytes: [0; 2],
        };
        for session in items(&report["sessions"]) {
            for exchange in items(&session["smtp"]["exchanges"]) {
                said.commands.extend(exchange["command"].as_str().map(String::from));
                let lines = items(&exchange["reply"]["lines"]).iter();
                said.lines.extend(lines.map(|line| text(line).to_string()));
            }
            let mails = items(&session["smtp"]["mails"]).iter();
            said.hashes.extend(mails.filter_map(|mail| mail["sha256"].as_str().map(String::from)));
            for (sum, role) in said.bytes.iter_mut().zip(["client", "server"]) {
                *sum += session["tcp"]["bytes"][role].as_u64().unwrap_or_default();
            }
        }
        said
    }

    /// What a report says that was never said whole.
    fn invented(&self, report: &Value) -> Vec<String> {
        let other = Self::of(report);
        let is_new = |known: &BTreeSet<String>, word: &String| {
            // A line whose beginning or end was lost is told as far as it is there.
            !known.iter().any(|line| line.starts_with(word) || line.ends_with(word))
        };
        let commands = other.commands.iter().filter(|word| is_new(&self.commands, word));
        let lines = other.lines.iter().filter(|word| is_new(&self.lines, word));
        let hashes = other.hashes.difference(&self.hashes);
        commands.chain(lines).chain(hashes).cloned().collect()
    }
}

/// Each case has a runner of its own: what one run has learnt of a session must not open it in the
/// next.
fn assert_nothing_is_invented(runner: impl Fn() -> Runner, frames: &[Frame], cases: u32) {
    let said = Said::of(&runner().report(wire::pcap(frames)));
    assert!(said.commands.len() > 3);
    let config = Config {
        cases: lab::cases(cases),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let fates = prop::collection::vec(fate(), frames.len());
    let check = |fates: Vec<Fate>| -> TestCaseResult {
        let report = runner().report(wire::pcap(&survivors(frames, &fates)));
        let invented = said.invented(&report);
        prop_assert!(invented.is_empty(), "{invented:#?}\n{}", listing(&fates));
        for (index, role) in ["client", "server"].into_iter().enumerate() {
            let tcp = items(&report["sessions"]).iter().map(|session| &session["tcp"]);
            let read: u64 = tcp.filter_map(|tcp| tcp["bytes"][role].as_u64()).sum();
            prop_assert!(read <= said.bytes[index], "{role}: {read} of {:?}", said.bytes);
        }
        Ok(())
    };
    if let Err(TestError::Fail(reason, _)) = TestRunner::new(config).run(&fates, check) {
        panic!("{reason}");
    }
}

fn listing(fates: &[Fate]) -> String {
    let odd = fates.iter().enumerate().filter(|(_, fate)| !matches!(fate, Fate::Kept));
    odd.map(|(index, fate)| format!("packet {index}: {fate:?}\n")).collect()
}

#[test]
fn nothing_is_invented_where_packets_of_plain_sessions_are_lost() {
    let body = "Subject: x\r\n\r\nQUIT\r\n250 ok\r\nbody\r\n";
    for mss in [1_460, 20] {
        let frames = Talk::open().segments_of(mss).mail(body).close().frames();
        assert_nothing_is_invented(Runner::keyless, &frames, 300);
    }
}

#[test]
fn nothing_is_invented_where_packets_of_real_captures_are_lost() {
    for name in REAL {
        println!("{name}");
        let lab = Lab::load(name);
        let frames = wire::frames_of(&lab.files);
        assert_nothing_is_invented(|| Runner::with_keys_of(&lab), &frames, 25);
    }
}
