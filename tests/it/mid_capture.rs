//! Captures that begin too late, or have a gap where TLS begins. What the ends recorded themselves
//! tells what may come out.

use serde_json::Value;

use crate::lab::{Lab, items, text};
use crate::run::{Runner, Streams};
use crate::wire::{self, Frame};

/// STARTTLS and TLS from the first byte; CBC with and without a chained block, AEAD, TLS 1.3.
const REAL: &[&str] = &[
    "tls10_aes128_sha",
    "tls12_aes128_sha",
    "tls12_aes256_gcm_sha384",
    "port465_wrapper",
    "several_mails",
    "ecdhe_tls12",
    "tls13",
    "ssl2",
];

/// Where in a record a capture may begin.
const OFFSETS: [usize; 3] = [1, 7, 40];

/// The frames of a capture's first connection, and the frame of each event of its whole report.
struct Whole {
    lab: Lab,
    frames: Vec<Frame>,
    timeline: Vec<(String, usize)>,
}

impl Whole {
    fn load(name: &str) -> Self {
        let lab = Lab::load(name);
        let mut frames = wire::frames_of(&lab.files);
        let client = text(&lab.connections[0]["client"]).to_string();
        frames.retain(|f| [f.source, f.destination].iter().any(|end| end.to_string() == client));
        let runner = Runner::with_keys_and_log_of(&lab);
        let report = runner.report(wire::pcap(&frames));
        let entries = items(&report["sessions"][0]["timeline"]).iter();
        let event = |entry: &Value| {
            let frame = usize::try_from(entry["frame"].as_u64().expect("a frame")).expect("small");
            (text(&entry["event"]).to_string(), frame - 1)
        };
        let timeline = entries.map(event).collect();
        Self { lab, frames, timeline }
    }

    fn frame_of(&self, event: &str) -> usize {
        let found = self.timeline.iter().find(|(name, _)| name == event);
        found.unwrap_or_else(|| panic!("{}: no {event}", self.lab.name)).1
    }

    /// The last frame of the handshake.
    fn handshake_end(&self) -> usize {
        let data = |(name, _): &&(String, usize)| name == "tls.first_application_data";
        self.timeline.iter().filter(data).map(|(_, frame)| *frame).min().expect("data") - 1
    }

    /// What a capture has that begins behind the handshake, `offset` bytes into a packet.
    fn late(&self, offset: usize) -> Vec<Frame> {
        let mut rest = self.frames[self.handshake_end() + 1..].to_vec();
        let first = rest.iter().position(Frame::has_data).expect("data");
        rest.drain(..first);
        let offset = offset.min(rest[0].payload.len() - 1);
        rest[0] = rest[0].split(offset)[1].clone();
        rest
    }

    /// The capture without the frames of these events.
    fn without(&self, events: &[&str]) -> Vec<Frame> {
        let lost: Vec<_> = events.iter().map(|event| self.frame_of(event)).collect();
        let kept = self.frames.iter().enumerate().filter(|(i, _)| !lost.contains(i));
        kept.map(|(_, frame)| frame.clone()).collect()
    }

    fn truth(&self) -> [Vec<u8>; 2] {
        ["c2s", "s2c"].map(|direction| self.lab.stream(0, direction))
    }
}

/// The one session of a capture, and what of its plaintext came out.
fn session(runner: &Runner, frames: &[Frame]) -> (Value, Streams) {
    let (report, streams) = runner.report_and_streams_of(wire::pcap(frames));
    assert_eq!(items(&report["sessions"]).len(), 1);
    (report["sessions"][0].clone(), streams)
}

fn reason(session: &Value) -> &str {
    text(&session["tls"]["decryption"]["reason"])
}

#[test]
fn a_capture_that_begins_in_the_middle_of_a_record_is_told_as_such() {
    for name in REAL {
        let whole = Whole::load(name);
        let runner = Runner::with_keys_of(&whole.lab);
        for offset in OFFSETS {
            let (session, streams) = session(&runner, &whole.late(offset));
            assert_eq!(reason(&session), "handshake_missing", "{name} {offset}");
            assert_eq!(session["outcome"], "incomplete", "{name} {offset}");
            assert_eq!(session["smtp"], Value::Null, "{name} {offset}");
            assert!(streams.concat().concat().is_empty(), "{name} {offset}");
            let mode = text(&whole.lab.connections[0]["tls"]["mode"]);
            let mode = if mode == "starttls" { mode } else { "implicit" };
            let is_known_port = text(&whole.lab.connections[0]["server"]).ends_with("587");
            assert!(!is_known_port || session["tls"]["mode"] == mode, "{name} {offset}");
        }
    }
}

#[test]
fn a_plain_session_that_was_captured_late_is_not_taken_for_tls() {
    let body = "Subject: =?ISO-2022-JP?B?x?=\r\n\r\n\x1b$B%F\x1b(B caf\u{e9}\r\n";
    let frames = wire::Talk::open().mail(body).close().frames();
    for first in 3..frames.len() {
        let report = Runner::keyless().report(wire::pcap(&frames[first..]));
        for session in items(&report["sessions"]) {
            assert_eq!(session["tls"], Value::Null, "from frame {first}");
        }
    }
}

#[test]
fn a_gap_behind_starttls_that_took_both_hellos_is_told_with_its_size() {
    for name in REAL {
        let whole = Whole::load(name);
        if whole.lab.connections[0]["tls"]["mode"] != "starttls" {
            continue;
        }
        let runner = Runner::with_keys_of(&whole.lab);
        let (begin, end) = (whole.frame_of("tls.client_hello"), whole.handshake_end());
        let frames = [&whole.frames[..begin], &whole.frames[end + 1..]].concat();
        let (session, streams) = session(&runner, &frames);
        assert_eq!(reason(&session), "lost_packets", "{name}");
        assert_eq!(session["outcome"], "incomplete", "{name}");
        assert_eq!(session["protocol"], "smtp+starttls", "{name}");
        let last = items(&session["smtp"]["exchanges"]).last().expect("an exchange");
        assert_eq!(last["verb"], "STARTTLS", "{name}");
        let plain = whole.lab.connections[0]["plain_bytes"].clone();
        assert_eq!(streams[0][0].len() as u64, plain["c2s"].as_u64().expect("bytes"), "{name}");
        assert_eq!(streams[0][1].len() as u64, plain["s2c"].as_u64().expect("bytes"), "{name}");
    }
}

#[test]
fn a_key_log_opens_tls_13_that_was_captured_late() {
    for name in ["tls13", "tls13_record_size_limit", "tls13_client_certificate"] {
        let whole = Whole::load(name);
        let runner = Runner::with_keys_and_log_of(&whole.lab);
        for offset in [0, 7] {
            let (session, streams) = session(&runner, &whole.late(offset));
            assert_eq!(session["tls"]["decryption"]["status"], "partial", "{name}");
            assert_eq!(reason(&session), "handshake_missing", "{name}");
            assert_eq!(session["outcome"], "delivered", "{name}");
            for (ours, truth) in streams[0].iter().zip(whole.truth()) {
                assert!(ours.len() > 100 && truth.ends_with(ours), "{name}: {}", ours.len());
            }
        }
        // The log of another session has nothing for it.
        let other = Runner::with_keys_and_log_of(&Lab::load("tls13_hello_retry"));
        let (session, streams) = session(&other, &whole.late(0));
        assert_eq!(session["tls"]["decryption"]["status"], "none", "{name}");
        assert!(streams.concat().concat().is_empty(), "{name}");
    }
}

#[test]
fn a_key_log_opens_tls_13_whose_hellos_were_lost() {
    let hellos: [&[&str]; 3] =
        [&["tls.client_hello"], &["tls.server_hello"], &["tls.client_hello", "tls.server_hello"]];
    for name in ["tls13", "tls13_record_size_limit", "tls13_client_certificate"] {
        let whole = Whole::load(name);
        let runner = || Runner::with_keys_and_log_of(&whole.lab);
        for lost in hellos {
            let (session, streams) = session(&runner(), &whole.without(lost));
            let told = &session["tls"]["decryption"];
            assert_eq!(told["status"], "partial", "{name} {lost:?} {told}");
            assert_eq!(reason(&session), "lost_packets", "{name} {lost:?}");
            assert_eq!(session["tls"]["version"], "TLSv1.3", "{name} {lost:?}");
            let suite = &whole.lab.connections[0]["tls"]["cipher_iana"];
            assert_eq!(&session["tls"]["cipher_suite"], suite, "{name} {lost:?}");
            assert_eq!(session["outcome"], "delivered", "{name} {lost:?}");
            assert_eq!(streams[0], whole.truth(), "{name} {lost:?}");
        }
    }
}

#[test]
fn a_key_log_opens_tls_12_whose_client_hello_was_lost() {
    for name in ["ecdhe_tls12", "dhe_tls12", "ecdsa_tls12"] {
        let whole = Whole::load(name);
        let frames = whole.without(&["tls.client_hello"]);
        let (session, streams) = session(&Runner::with_keys_and_log_of(&whole.lab), &frames);
        assert_eq!(session["tls"]["decryption"]["status"], "partial", "{name}");
        assert_eq!(session["tls"]["decryption"]["secret"], "keylog", "{name}");
        assert_eq!(session["outcome"], "delivered", "{name}");
        assert_eq!(streams[0], whole.truth(), "{name}");
        let without_log = Runner::with_keys_of(&whole.lab);
        let (session, _) = self::session(&without_log, &frames);
        assert_eq!(reason(&session), "lost_packets", "{name}");
    }
}

#[test]
fn one_side_alone_is_told_as_such() {
    for name in REAL {
        let whole = Whole::load(name);
        let runner = Runner::with_keys_of(&whole.lab);
        let client = whole.frames[0].source;
        for from_client in [true, false] {
            let is_kept = |frame: &&Frame| (frame.source == client) == from_client;
            let frames: Vec<_> = whole.frames.iter().filter(is_kept).cloned().collect();
            let (session, _) = session(&runner, &frames);
            assert_eq!(reason(&session), "one_sided", "{name} {from_client}");
        }
    }
}

#[test]
fn packets_that_were_cut_are_told_as_such() {
    for name in REAL {
        let whole = Whole::load(name);
        let runner = Runner::with_keys_of(&whole.lab);
        let cut = |frame: &Frame| Frame { captured: frame.captured.min(30), ..frame.clone() };
        let frames: Vec<_> = whole.frames.iter().map(cut).collect();
        let (session, _) = session(&runner, &frames);
        assert_eq!(reason(&session), "snaplen", "{name}");
    }
}

#[test]
fn a_resumed_session_names_the_one_that_is_missing_and_what_it_would_open() {
    for (name, by) in [("resume_ticket", "ticket"), ("resume_session_id", "session_id")] {
        let lab = Lab::load(name);
        let whole = Runner::with_keys_of(&lab).report_and_streams(&lab.files).0;
        let is_resumed = |session: &&Value| session["tls"]["resumed"] == by;
        let resumed: Vec<_> = items(&whole["sessions"]).iter().filter(is_resumed).collect();
        assert!(!resumed.is_empty(), "{name}");
        let origin = &resumed[0]["tls"]["resumption"]["origin"];
        let began = &whole["sessions"][0]["client"];
        assert_eq!(&origin["client"], began, "{name}");

        // Without the first connection.
        let mut frames = wire::frames_of(&lab.files);
        let first = text(&lab.connections[0]["client"]).to_string();
        frames.retain(|f| [f.source, f.destination].iter().all(|end| end.to_string() != first));
        let report = Runner::with_keys_of(&lab).report(wire::pcap(&frames));
        let missing = items(&report["summary"]["missing_origins"]);
        assert_eq!(missing.len(), 1, "{name}");
        assert_eq!(missing[0]["by"], by, "{name}");
        let orphans =
            items(&report["sessions"]).iter().filter(|s| reason(s) == "resumed_without_origin");
        let orphans: Vec<_> = orphans.collect();
        assert_eq!(missing[0]["sessions"], orphans.len(), "{name}");
        for orphan in orphans {
            let told = &orphan["tls"]["resumption"];
            assert_eq!(told["handle"], missing[0]["handle"], "{name}");
            assert_eq!(told["origin"], Value::Null, "{name}");
            let evidence = text(&orphan["tls"]["decryption"]["evidence"]);
            assert!(evidence.contains(text(&told["handle"])), "{name}: {evidence}");
        }
    }
}

#[test]
fn a_pre_shared_key_asks_for_a_key_log() {
    let lab = Lab::load("suites_tls12_psk");
    let report = Runner::with_keys_of(&lab).report_and_streams(&lab.files).0;
    let mut kinds = std::collections::BTreeSet::new();
    for session in items(&report["sessions"]) {
        let told = &session["tls"]["decryption"];
        assert!(text(&told["hint"]).contains("key log"), "{told}");
        kinds.insert(text(&session["tls"]["key_exchange"]).to_string());
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["DHE_PSK", "ECDHE_PSK", "PSK", "RSA_PSK"]);
}

/// Records of a bulk transfer, none of which verifies, behind a gap that may hide thousands.
#[test]
fn the_search_behind_a_gap_ends_where_it_costs_too_much() {
    let whole = Whole::load("several_mails");
    let bulk = whole.frames.iter().position(|frame| frame.payload.len() > 30_000).expect("a mail");
    let mut frames = whole.frames.clone();
    frames[bulk] = frames[bulk].split(25_000)[1].clone();
    for frame in frames[bulk..].iter_mut().filter(|frame| frame.payload.len() > 1_000) {
        *frame.payload.last_mut().expect("data") ^= 1;
    }
    let (session, _) = session(&Runner::with_keys_of(&whole.lab), &frames);
    assert_eq!(reason(&session), "lost_packets");
    let codes: Vec<_> = items(&session["findings"]).iter().map(|f| text(&f["code"])).collect();
    assert!(codes.contains(&"tls.search_given_up"), "{codes:?}");
}
