//! What is called decrypted was verified from its first protected record to its close, and a secret
//! that is not the session's changes nothing of what is said about its ends.

use std::io::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestError, TestRunner};
use serde_json::Value;

use crate::lab::{self, Lab, items, text};
use crate::run::{Runner, Streams};
use crate::wire::{self, Frame};

/// Each version and each kind of record protection.
const WHOLE: &[&str] = &[
    "client_certificate_ssl30",
    "tls10_aes128_sha",
    "tls11_aes128_sha",
    "ext_tls12_ems1_etm1",
    "tls12_aes128_sha256",
    "tls12_aes128_gcm_sha256",
    "compression_tls12",
    "ecdhe_tls12",
    "port465_s_client",
    "tls13",
    "tls13_key_update",
];

fn runner(lab: &Lab) -> Runner {
    Runner::with_keys_and_log_of(lab)
}

/// The packets of a capture, and those of them that carry TLS.
fn packets(lab: &Lab) -> (Vec<Frame>, Vec<usize>) {
    let frames = wire::frames_of(&lab.files);
    let is_hello = |frame: &Frame| frame.payload.starts_with(&[0x16, 3]);
    let first = frames.iter().position(is_hello).expect("a ClientHello");
    let carriers = (first..frames.len()).filter(|&at| frames[at].has_data()).collect();
    (frames, carriers)
}

fn status(report: &Value) -> &str {
    text(&report["sessions"][0]["tls"]["decryption"]["status"])
}

/// Either the text is what was said, or the session says that it is not whole, with a finding.
fn holds(
    lab: &Lab,
    frames: &[Frame],
    (packet, byte, bit): (usize, usize, u8),
    original: &Streams,
) -> Result<(), String> {
    let mut altered = frames.to_vec();
    altered[packet].payload[byte] ^= 1 << bit;
    let (report, streams) = runner(lab).report_and_streams_of(wire::pcap(&altered));
    let place = format!("{}: packet {}, byte {byte}, bit {bit}", lab.name, packet + 1);
    let says_whole = items(&report["sessions"]).iter().all(|session| {
        session["tls"].is_null() || session["tls"]["decryption"]["status"] == "decrypted"
    });
    if says_whole
        && !report["sessions"].as_array().is_none_or(Vec::is_empty)
        && streams != *original
    {
        return Err(format!("{place}: decrypted, and the text is another"));
    }
    let decryption = &report["sessions"][0]["tls"]["decryption"];
    if decryption["status"] == "partial" && decryption["reason"].is_null() {
        return Err(format!("{place}: partial, and no word why"));
    }
    Ok(())
}

#[test]
fn a_bit_of_a_whole_session_is_altered_and_the_text_is_the_same_or_said_to_be_incomplete() {
    for name in WHOLE {
        let lab = Lab::load(name);
        let (frames, carriers) = packets(&lab);
        let (report, original) = runner(&lab).report_and_streams_of(wire::pcap(&frames));
        assert_eq!(status(&report), "decrypted", "{name}");
        let flip = (0..carriers.len(), any::<prop::sample::Index>(), 0..8_u8);
        let config =
            Config { cases: lab::cases(24), failure_persistence: None, ..Config::default() };
        let check = |(carrier, byte, bit): (usize, prop::sample::Index, u8)| -> TestCaseResult {
            let packet = carriers[carrier];
            let byte = byte.index(frames[packet].payload.len());
            holds(&lab, &frames, (packet, byte, bit), &original).map_err(TestCaseError::fail)
        };
        if let Err(TestError::Fail(reason, _)) = TestRunner::new(config).run(&flip, check) {
            panic!("{reason}");
        }
    }
}

/// The headers of records are few, and each bit of them matters.
#[test]
fn no_bit_of_a_record_header_makes_a_part_of_a_session_vanish_in_silence() {
    for name in ["tls12_aes128_gcm_sha256", "tls10_aes128_sha", "tls13"] {
        let lab = Lab::load(name);
        let (frames, carriers) = packets(&lab);
        let original = runner(&lab).report_and_streams_of(wire::pcap(&frames)).1;
        let mut wrong = Vec::new();
        for &packet in carriers.iter().skip(2) {
            for (byte, bit) in (0..5).flat_map(|byte| [(byte, 0), (byte, 3), (byte, 6)]) {
                wrong.extend(holds(&lab, &frames, (packet, byte, bit), &original).err());
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// A report without what tells of the keys themselves.
fn without_keys(mut report: Value) -> Value {
    report["keys"].take();
    for session in report["sessions"].as_array_mut().expect("sessions") {
        let words = ["evidence", "hint", "reason", "secret", "key", "records_failed"];
        if let Some(decryption) = session["tls"]["decryption"].as_object_mut() {
            words.iter().for_each(|word| drop(decryption.remove(*word)));
        }
        let findings = session["findings"].as_array_mut().expect("findings");
        findings.retain(|finding| !text(&finding["code"]).starts_with("tls.verdict"));
        for finding in findings {
            let fields = finding.as_object_mut().expect("an object");
            ["message", "hint"].iter().for_each(|word| drop(fields.remove(*word)));
        }
    }
    report
}

/// The first place at which two documents differ.
fn difference(one: &Value, other: &Value, place: String) -> Option<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => a
            .iter()
            .find_map(|(name, value)| difference(value, &b[name], format!("{place}.{name}"))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| difference(a, b, format!("{place}[{at}]")))
        }
        _ if one == other => None,
        _ => {
            let shown = |value: &Value| value.to_string().chars().take(300).collect::<String>();
            Some(format!("{place}: {} and {}", shown(one), shown(other)))
        }
    }
}

/// A key log with a false secret for each random and label of another.
fn falsified(log: &str) -> String {
    let line = |line: &str| {
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        if let [_, _, secret] = words.as_mut_slice() {
            *secret = "5a".repeat(secret.len() / 2);
        }
        words.join(" ") + "\n"
    };
    log.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

#[test]
fn a_false_secret_changes_nothing_of_what_is_said_about_the_ends() {
    let mut compared = 0;
    for lab in Lab::all() {
        let Some(log) = &lab.keylog else { continue };
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(falsified(&lab::read_text(log)).as_bytes()).expect("written");
        let capture = wire::pcap(&wire::frames_of(&lab.files));
        let closed = Runner::keyless().report(capture.clone());
        let lied = Runner::with_log(Some(file.path().to_owned())).report(capture);
        for session in items(&lied["sessions"]) {
            let decryption = &session["tls"]["decryption"];
            let is_closed = decryption.is_null() || decryption["status"] != "decrypted";
            assert!(is_closed && decryption["status"] != "partial", "{}: {decryption}", lab.name);
            assert!(!session.to_string().contains("altered"), "{}: {session}", lab.name);
            compared += 1;
        }
        let place = difference(&without_keys(lied), &without_keys(closed), String::new());
        assert_eq!(place, None, "{}", lab.name);
    }
    assert!(compared > 10, "only {compared}");
}

#[test]
fn a_finished_message_is_verified_if_it_was_seen() {
    // The server's ChangeCipherSpec became another record: nothing of the server is open.
    let lab = Lab::load("tls12_aes128_gcm_sha256");
    let (mut frames, _) = packets(&lab);
    let change = [0x14, 3, 3, 0, 1, 1];
    let place = frames.iter().enumerate().rev().find_map(|(at, frame)| {
        let byte = frame.payload.windows(change.len()).position(|bytes| bytes == change)?;
        (frame.source.port() == 587 || frame.source.port() == 25).then_some((at, byte))
    });
    let (packet, byte) = place.expect("the server's ChangeCipherSpec");
    frames[packet].payload[byte] ^= 2;
    let report = runner(&lab).report(wire::pcap(&frames));
    let decryption = &report["sessions"][0]["tls"]["decryption"];
    assert_eq!(decryption["status"], "partial", "{decryption}");
    assert_ne!(decryption["finished_verified"], true);
    assert!(!text(&decryption["evidence"]).contains("both Finished"), "{decryption}");
    let finding = items(&report["sessions"][0]["findings"])
        .iter()
        .find(|finding| finding["message"] == decryption["evidence"])
        .expect("a finding");
    assert_eq!(finding["frame"], packet as u64 + 1, "{finding}");
}
