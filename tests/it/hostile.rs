//! Captures made to exceed each cap: the session that did it loses something, which is told, and the
//! one beside it is whole.

use std::io::Write as _;

use serde_json::Value;
use smtp_decrypt::role::Role;

use crate::cli::{code, file, path, stderr, stdout};
use crate::lab::items;
use crate::run::Runner;
use crate::wire::{ACK, Frame, PSH, SYN, Talk, ethernet, pcap_header, record};

const BODY: &str = "Subject: beside\r\n\r\nnothing happened to this one\r\n";

/// The talk that nothing may happen to.
fn beside() -> Talk {
    Talk::between("198.51.100.7:50007", "198.51.100.25:25").mail(BODY).close()
}

fn is_beside(session: &Value) -> bool {
    session["client"]["ip"] == "198.51.100.7"
}

/// A capture file with these packets, then the talk beside them.
fn with_beside(frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let beside = beside().frames();
    let mut capture = pcap_header(1);
    for bytes in frames {
        record(&mut capture, beside[0].ts, &bytes, bytes.len());
    }
    for frame in &beside {
        let bytes = frame.bytes();
        record(&mut capture, frame.ts, &bytes, bytes.len());
    }
    capture
}

/// The report of hostile packets, after the talk beside them was found whole.
fn report(frames: impl IntoIterator<Item = Vec<u8>>) -> Value {
    let report = Runner::keyless().report(with_beside(frames));
    let alone = Runner::keyless().report(beside().pcap());
    let found = items(&report["sessions"]).iter().find(|session| is_beside(session)).cloned();
    let found = found.expect("the session beside");
    let alone = &alone["sessions"][0];
    assert_eq!(found["outcome"], "delivered");
    for part in ["duration_ns", "timing"] {
        assert_eq!(found[part], alone[part], "{part} is another");
    }
    assert_eq!(mails(&found), mails(alone));
    assert_eq!(items(&found["smtp"]["exchanges"]).len(), items(&alone["smtp"]["exchanges"]).len());
    report
}

/// The mails of a session; their frames count the packets beside too.
fn mails(session: &Value) -> Vec<Value> {
    let mut mails = items(&session["smtp"]["mails"]).to_vec();
    for mail in mails.iter_mut().filter_map(Value::as_object_mut) {
        ["frame", "end_frame"].iter().for_each(|name| drop(mail.remove(*name)));
    }
    mails
}

fn report_of(talk: Talk) -> Value {
    report(talk.frames().iter().map(Frame::bytes))
}

/// The codes of all findings of the sessions that were hostile.
fn codes(report: &Value) -> Vec<String> {
    let hostile = items(&report["sessions"]).iter().filter(|session| !is_beside(session));
    let findings = hostile.flat_map(|session| items(&session["findings"]));
    findings.map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect()
}

fn has(report: &Value, code: &str) {
    let codes = codes(report);
    assert!(codes.iter().any(|found| found == code), "no {code} in {codes:?}");
}

#[test]
fn twenty_thousand_half_open_connections() {
    let syn = |n: u32| {
        let [_, a, b, c] = n.to_be_bytes();
        let client = format!("10.{a}.{b}.{c}:1025");
        Talk::between(&client, "198.51.100.25:25").frames()[0].bytes()
    };
    let report = report((0..20_000).map(syn));
    assert_eq!(report["summary"]["sessions"], 20_001);
}

#[test]
fn ten_thousand_segments_behind_a_gap() {
    let mut talk = Talk::open().server("220 mx.example.com ESMTP\r\n").client("EHLO x\r\n");
    let before = talk.clone().frames().len();
    // The reply to EHLO is lost, and ten thousand lines follow it.
    for n in 0..10_000 {
        talk = talk.with(Role::Server, PSH | ACK, format!("250-LINE{n}\r\n").as_bytes());
    }
    let mut frames = talk.frames();
    frames.remove(before);
    let report = report(frames.iter().map(Frame::bytes));
    has(&report, "tcp.lost_segment");
}

#[test]
fn five_thousand_datagrams_that_are_never_whole() {
    let first_part = |n: u16| {
        let [high, low] = n.to_be_bytes();
        // More fragments follow; 24 bytes of TCP from port 25, and never the rest.
        let mut ip = vec![0x45, 0, 0, 44, high, low, 0x20, 0, 64, 6, 0, 0];
        ip.extend([192, 0, 2, 9, 192, 0, 2, 10, 0, 25, 0, 26]);
        ip.extend([0; 20]);
        [&ethernet(0x0800)[..], &ip].concat()
    };
    let report = report((0..5_000).map(first_part));
    let skipped = items(&report["summary"]["skipped_frames"]);
    let frames: u64 = skipped.iter().filter_map(|skipped| skipped["frames"].as_u64()).sum();
    assert_eq!(frames, 5_000, "{skipped:?}");
}

fn starttls() -> Talk {
    Talk::open()
        .server("220 mx.example.com ESMTP\r\n")
        .client("EHLO x\r\n")
        .server("250-mx.example.com\r\n250 STARTTLS\r\n")
        .client("STARTTLS\r\n")
        .server("220 2.0.0 Ready to start TLS\r\n")
}

/// Handshake bytes in records of TLS 1.2.
fn records(handshake: &[u8]) -> Vec<u8> {
    let record = |piece: &[u8]| {
        let len = u16::try_from(piece.len()).expect("short").to_be_bytes();
        [&[22, 3, 3, len[0], len[1]][..], piece].concat()
    };
    handshake.chunks(1 << 14).flat_map(record).collect()
}

/// A handshake message of this kind.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("24 bits").to_be_bytes();
    [&[kind, len[1], len[2], len[3]][..], body].concat()
}

#[test]
fn a_handshake_message_of_sixteen_megabytes() {
    // What is announced is one byte less than 2^24; what follows is as much as one buffer would take.
    let announced = [&[1, 0xff, 0xff, 0xff][..], &[0; 2 << 20]].concat();
    let report = report_of(starttls().client(records(&announced)));
    assert_eq!(report["summary"]["sessions"], 2);
    let hostile = items(&report["sessions"]).iter().find(|s| !is_beside(s)).expect("it");
    assert_ne!(hostile["tls"]["decryption"]["status"], "decrypted");
    assert!(!codes(&report).is_empty());
}

#[test]
fn a_chain_of_ten_thousand_certificates() {
    // Of one byte each: as many as fit are looked at, and none is one.
    let certificates: Vec<u8> = (0..10_000).flat_map(|_| [0, 0, 1, 0x30]).collect();
    let len = u32::try_from(certificates.len()).expect("24 bits").to_be_bytes();
    let list = [&len[1..], &certificates].concat();
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let flight = [message(2, &hello), message(11, &list), message(14, &[])].concat();
    let report = report_of(starttls().server(records(&flight)));
    let hostile = items(&report["sessions"]).iter().find(|s| !is_beside(s)).expect("it");
    assert!(items(&hostile["tls"]["certificates"]).len() <= 10_000);
    assert!(report.to_string().len() < 16 << 20, "the report is as long as the attack");
}

#[test]
fn a_line_without_an_end() {
    let talk = Talk::open().server("220 mx.example.com ESMTP\r\n");
    let report = report_of(talk.client(vec![b'A'; 3 << 20]).client("\r\nQUIT\r\n"));
    let hostile = items(&report["sessions"]).iter().find(|s| !is_beside(s)).expect("it");
    let longest = items(&hostile["smtp"]["exchanges"])
        .iter()
        .filter_map(|exchange| exchange["command"].as_str().map(str::len))
        .max();
    assert!(longest.is_some_and(|len| len <= 12_288), "{longest:?}");
    assert!(!codes(&report).is_empty());
}

#[test]
fn a_reply_without_an_end() {
    let mut talk = Talk::open();
    for n in 0..20_000 {
        talk = talk.with(Role::Server, PSH | ACK, format!("220-line {n}\r\n").as_bytes());
    }
    let report = report_of(talk);
    assert!(report.to_string().len() < 1 << 20, "the report has the reply");
}

/// Gzip makes some hundred bytes of a thousand empty packets: 2^32 of them would fit on any disk. They
/// are counted in 64 bits, and nothing is kept of them.
#[test]
fn a_bomb_of_empty_packets_takes_no_memory() {
    const PACKETS: usize = 1 << 17;
    let mut empty = Vec::new();
    record(&mut empty, 1_795_219_200_000_000_000, &[0; 14], 14);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&pcap_header(1)).expect("packed");
    packer.write_all(&empty.repeat(PACKETS)).expect("packed");
    let packed = packer.finish().expect("packed");
    assert!(packed.len() < 64 << 10, "{}", packed.len());
    let (_folder, capture) = file("bomb.pcap.gz", packed);
    // 256 MiB of addresses: the program, its libraries and its threads, and the window of the file.
    let binary = assert_cmd::cargo::cargo_bin("smtp-decrypt");
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 262144; exec \"$0\" \"$@\"", path(&binary)])
        .args(["--format", "json", "--threads", "1", path(&capture)])
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert_eq!(report["captures"][0]["packets"], PACKETS);
}

#[test]
fn syns_with_every_flag_and_no_more() {
    let all = (0..=255_u8).map(|flags| Talk::midway().with(Role::Client, flags | SYN, b"x"));
    let frames: Vec<_> = all.flat_map(Talk::frames).collect();
    report(frames.iter().map(Frame::bytes));
}
