//! Half a key log, one direction, a log in an odd form: what can be opened is, what is missing is
//! named, and nobody is accused. What the whole log opens, and what the ends recorded, is the truth.

use serde_json::Value;

use crate::cli::{file, path, run, stdout};
use crate::lab::{Lab, items, read_text, text};
use crate::run::{Runner, Streams};
use crate::wire;

/// Sessions of TLS 1.3 with STARTTLS and without, with a client certificate, with new keys.
const TLS13: [&str; 4] =
    ["tls13", "tls13_client_certificate", "tls13_key_update", "tls13_record_size_limit"];

const CLIENT_DATA: &str = "CLIENT_TRAFFIC_SECRET_0";
const SERVER_DATA: &str = "SERVER_TRAFFIC_SECRET_0";
const CLIENT_HANDSHAKE: &str = "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
const SERVER_HANDSHAKE: &str = "SERVER_HANDSHAKE_TRAFFIC_SECRET";

/// The lines of a capture's key log.
fn lines_of(lab: &Lab) -> Vec<String> {
    let log = read_text(lab.keylog.as_deref().expect("a key log"));
    log.lines().map(str::to_owned).collect()
}

/// What these lines make of a capture.
fn with_lines(lab: &Lab, lines: &[String]) -> (Value, Streams) {
    let (_directory, log) = file("session.keylog", lines.join("\n") + "\n");
    Runner::with_log(Some(log)).report_and_streams(&lab.files)
}

fn with_labels(lab: &Lab, labels: &[&str]) -> (Value, Streams) {
    let is_kept = |line: &String| labels.contains(&line.split(' ').next().unwrap_or_default());
    with_lines(lab, &lines_of(lab).into_iter().filter(is_kept).collect::<Vec<_>>())
}

fn assert_accuses_nobody(session: &Value, about: &str) {
    assert!(session["diagnosis"].is_null(), "{about}: {}", session["diagnosis"]);
    let outcome = text(&session["outcome"]);
    assert!(["delivered", "unknown", "incomplete"].contains(&outcome), "{about}: {outcome}");
    let is_error = |finding: &&Value| finding["severity"] == "error";
    let errors: Vec<_> = items(&session["findings"]).iter().filter(is_error).collect();
    assert!(errors.is_empty(), "{about}: {errors:?}");
}

#[test]
fn the_secrets_of_application_data_alone_open_all_that_was_said() {
    for name in TLS13 {
        let lab = Lab::load(name);
        let (_, whole) = with_lines(&lab, &lines_of(&lab));
        let (report, streams) = with_labels(&lab, &[CLIENT_DATA, SERVER_DATA]);
        assert!(streams == whole, "{name}: other streams than with the whole log");
        for session in items(&report["sessions"]) {
            assert_eq!(session["outcome"], "delivered", "{name}");
            let decryption = &session["tls"]["decryption"];
            assert_eq!(decryption["reason"], "keylog_incomplete", "{name}");
            let evidence = text(&decryption["evidence"]);
            assert!(evidence.contains(CLIENT_HANDSHAKE), "{name}: {evidence}");
            assert_accuses_nobody(session, name);
        }
    }
}

#[test]
fn half_a_key_log_names_what_it_lacks_and_accuses_nobody() {
    let halves: [&[&str]; 6] = [
        &[CLIENT_HANDSHAKE, SERVER_HANDSHAKE],
        &[CLIENT_HANDSHAKE, CLIENT_DATA],
        &[SERVER_HANDSHAKE, SERVER_DATA],
        &[CLIENT_DATA],
        &[SERVER_DATA],
        &[CLIENT_HANDSHAKE, SERVER_HANDSHAKE, SERVER_DATA],
    ];
    for name in TLS13 {
        let lab = Lab::load(name);
        for half in halves {
            let (report, _) = with_labels(&lab, half);
            for session in items(&report["sessions"]) {
                assert_accuses_nobody(session, &format!("{name} with {half:?}"));
                assert_eq!(session["tls"]["decryption"]["reason"], "keylog_incomplete", "{name}");
            }
        }
    }
}

#[test]
fn the_whole_log_lacks_nothing() {
    for name in TLS13 {
        let lab = Lab::load(name);
        for session in items(&with_lines(&lab, &lines_of(&lab)).0["sessions"]) {
            assert!(session["tls"]["decryption"]["reason"].is_null(), "{name}");
        }
    }
}

#[test]
fn one_direction_is_no_failure_of_either_end() {
    for name in ["tls12_aes128_sha", "ecdhe_tls12", "tls13", "auth_login_ok", "tls10_aes256_sha"] {
        let lab = Lab::load(name);
        let client = text(&lab.connections[0]["client"]).to_owned();
        for from_client in [true, false] {
            let mut frames = wire::frames_of(&lab.files);
            frames.retain(|frame| (frame.source.to_string() == client) == from_client);
            let report = Runner::with_keys_and_log_of(&lab).report(wire::pcap(&frames));
            let about = format!("{name}, from the client: {from_client}");
            assert_accuses_nobody(&report["sessions"][0], &about);
        }
    }
}

/// A line whose secret is another.
fn wrong(line: &str) -> String {
    let (start, secret) = line.rsplit_once(' ').expect("three fields");
    let turned: String = secret.chars().map(|c| if c == '0' { 'f' } else { '0' }).rev().collect();
    format!("{start} {turned}")
}

#[test]
fn a_wrong_line_beside_the_right_one_does_no_harm_before_it_or_behind() {
    for name in TLS13 {
        let lab = Lab::load(name);
        let right = lines_of(&lab);
        let wrong: Vec<_> = right.iter().map(|line| wrong(line)).collect();
        let (_, whole) = with_lines(&lab, &right);
        for lines in [[right.clone(), wrong.clone()].concat(), [wrong, right].concat()] {
            let (report, streams) = with_lines(&lab, &lines);
            assert!(streams == whole, "{name}");
            assert_eq!(report["sessions"][0]["tls"]["decryption"]["status"], "decrypted", "{name}");
        }
    }
}

#[test]
fn zeros_behind_a_secret_are_no_part_of_it_and_zeros_alone_are_none() {
    let lab = Lab::load("tls13");
    let right = lines_of(&lab);
    let (_, whole) = with_lines(&lab, &right);
    let pad = |line: &String| {
        let (start, secret) = line.rsplit_once(' ').expect("three fields");
        format!("{start} {secret:0<128}")
    };
    let padded: Vec<_> = right.iter().map(pad).collect();
    let zero = |line: &String| format!("{} {:0<64}", line.rsplit_once(' ').expect("fields").0, "");
    let zeros: Vec<_> = right.iter().map(zero).collect();
    for lines in [padded.clone(), [right, zeros].concat()] {
        assert!(with_lines(&lab, &lines).1 == whole);
    }
    let (_directory, log) = file("padded.keylog", padded.join("\n"));
    let output = run(&["keys", "--keylog", path(&log)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("zeros fill the secret up"));
}

#[test]
fn a_line_of_another_version_is_named_as_one() {
    let lab = Lab::load("tls13");
    let first =
        lines_of(&lab).into_iter().find(|line| line.starts_with(CLIENT_DATA)).expect("a line");
    let random = first.split(' ').nth(1).expect("a random").to_owned();
    let line = format!("CLIENT_RANDOM {random} {}", "12".repeat(48));
    let (report, _) = with_lines(&lab, &[line]);
    let decryption = &report["sessions"][0]["tls"]["decryption"];
    assert_eq!(decryption["reason"], "keylog_incomplete");
    assert!(
        text(&decryption["evidence"]).starts_with("the key log has CLIENT_RANDOM for this session")
    );
    assert!(text(&decryption["hint"]).contains("does not know TLS 1.3"));
}

/// A block of pcapng (draft-ietf-opsawg-pcapng §3.1), in little-endian order.
fn block(kind: u32, content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len().next_multiple_of(4) - content.len()];
    let len = (12 + content.len() + padding.len()) as u32;
    let (kind, len) = (kind.to_le_bytes(), len.to_le_bytes());
    [&kind[..], &len, content, &padding, &len].concat()
}

/// A capture with its key log in a block behind all packets, as PCAPdroid and eCapture write it.
fn with_secrets_behind(lab: &Lab) -> Vec<u8> {
    let mut capture = block(
        0x0a0d_0d0a,
        &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat(),
    );
    // Times are in ns: if_tsresol is 9.
    capture.extend(block(1, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]));
    for frame in wire::frames_of(&lab.files) {
        let (ticks, bytes) = (frame.ts as u64, frame.bytes());
        let len = bytes.len() as u32;
        let fields = [0, (ticks >> 32) as u32, ticks as u32, len, len].map(u32::to_le_bytes);
        capture.extend(block(6, &[&fields.concat()[..], &bytes].concat()));
    }
    let log = lines_of(lab).join("\n") + "\n";
    let fields = [0x544c_534b, log.len() as u32].map(u32::to_le_bytes).concat();
    capture.extend(block(10, &[&fields[..], log.as_bytes()].concat()));
    capture
}

#[test]
fn secrets_behind_their_packets_open_a_file_which_can_be_read_twice() {
    for name in ["tls13", "ecdhe_tls12"] {
        let lab = Lab::load(name);
        let (_, whole) = with_lines(&lab, &lines_of(&lab));
        let (_directory, capture) = file("behind.pcapng", with_secrets_behind(&lab));
        let (report, streams) = Runner::keyless().report_and_streams(&[capture]);
        assert!(streams == whole, "{name}");
        assert_eq!(report["sessions"][0]["tls"]["decryption"]["secret"], "dsb", "{name}");
    }
}

#[test]
fn what_can_be_read_once_says_that_its_secrets_came_too_late() {
    let report = Runner::keyless().report(with_secrets_behind(&Lab::load("tls13")));
    assert_eq!(report["sessions"][0]["outcome"], "unknown");
    let is_told = |finding: &Value| finding["code"] == "keys.secrets_behind_packets";
    assert!(items(&report["findings"]).iter().any(is_told), "{}", report["findings"]);
}

/// The trailer of an F5 BIG-IP with the secrets of TLS 1.2 (Wireshark: `f5ethtrailer.tls`).
fn trailer(line: &str) -> Vec<u8> {
    let hex = |digits: &str| -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
        (0..digits.len()).step_by(2).map(byte).collect()
    };
    let words: Vec<_> = line.split(' ').collect();
    let body = [hex(words[2]), hex(words[1]), vec![0; 32]].concat();
    let element = [4, 0, 8 + body.len() as u16, 0].map(u16::to_be_bytes).concat();
    let len = (8 + element.len() + body.len()) as u16;
    [&0xf5de_b0f5_u32.to_be_bytes()[..], &len.to_be_bytes(), &[0, 1], &element, &body].concat()
}

#[test]
fn the_trailers_of_f5_open_their_sessions() {
    let lab = Lab::load("ecdhe_tls12");
    let line = lines_of(&lab).into_iter().find(|l| l.starts_with("CLIENT_RANDOM")).expect("a line");
    let frames = wire::frames_of(&lab.files);
    let mut capture = wire::pcap_header(1);
    for (nth, frame) in frames.iter().enumerate() {
        let mut bytes = frame.bytes();
        // The box knows the secret when the handshake is over.
        if nth * 2 > frames.len() {
            bytes.extend(trailer(&line));
        }
        let kept = bytes.len();
        wire::record(&mut capture, frame.ts, &bytes, kept);
    }
    let (_directory, capture) = file("f5.pcap", capture);
    let output = run(&["--format", "json", path(&capture)]);
    let report: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    let session = &report["sessions"][0];
    assert_eq!(session["tls"]["decryption"]["secret"], "trailer");
    assert_eq!(session["outcome"], "delivered");
}
