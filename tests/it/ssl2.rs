//! SSL 2.0 sessions that lack something, are altered, or come in pieces.

use serde_json::Value;

use crate::lab::{Lab, items, text};
use crate::run::Runner;
use crate::wire::{self, Frame};

/// The client's CLIENT-MASTER-KEY in the order of its data packets.
const MASTER_KEY: usize = 1;

/// The first packet of the mail, whose record goes on in the next, in the same order.
const BODY: usize = 7;

/// No record is longer.
const LONGEST: usize = 5_100;

/// A record of application data, the first RCPT or so, in the same order.
const LATER: usize = 5;

fn lab() -> Lab {
    Lab::load("ssl2")
}

fn client_port(frame: &Frame) -> u16 {
    frame.source.port().max(frame.destination.port())
}

/// The packets of one connection of the capture, by its place in the truth.
fn connection(number: u16) -> Vec<Frame> {
    let mut frames = wire::frames_of(&lab().files);
    frames.retain(|frame| client_port(frame) == 50_000 + number);
    frames
}

/// The client's data packet number `index`.
fn client_data(frames: &[Frame], index: usize) -> usize {
    let is_ours = |frame: &Frame| frame.has_data() && frame.source.port() >= 50_000;
    (0..frames.len()).filter(|&i| is_ours(&frames[i])).nth(index).expect("a data packet")
}

fn decryption(runner: &Runner, frames: &[Frame]) -> Value {
    let report = runner.report(wire::pcap(frames));
    assert_eq!(items(&report["sessions"]).len(), 1);
    assert_eq!(report["sessions"][0]["tls"]["version"], "SSLv2");
    report["sessions"][0]["tls"]["decryption"].clone()
}

fn verdict(runner: &Runner, frames: &[Frame]) -> (String, String) {
    let decryption = decryption(runner, frames);
    (text(&decryption["status"]).into(), text(&decryption["reason"]).into())
}

fn told(status: &str, reason: &str) -> (String, String) {
    (status.into(), reason.into())
}

#[test]
fn without_the_key_the_report_names_the_suite_and_says_that_the_key_is_missing() {
    let report = Runner::keyless().report(wire::pcap(&connection(6)));
    let tls = &report["sessions"][0]["tls"];
    assert_eq!(tls["cipher_suite"], "SSL_CK_DES_192_EDE3_CBC_WITH_MD5");
    assert_eq!(tls["cipher_suite_id"], "0x0700C0");
    assert_eq!(tls["key_exchange"], "RSA");
    assert_eq!(tls["handshake_complete"], true);
    assert_eq!(items(&tls["certificates"]).len(), 1);
    assert_eq!(tls["decryption"]["reason"], "no_key");
}

#[test]
fn the_key_of_another_server_opens_nothing() {
    let other = Runner::with_keys_of(&Lab::load("wrong_key"));
    assert_eq!(verdict(&other, &connection(0)), told("none", "no_key"));
}

#[test]
fn a_resumed_session_alone_lacks_its_origin() {
    let runner = Runner::with_keys_of(&lab());
    assert_eq!(verdict(&runner, &connection(9)), told("none", "resumed_without_origin"));
}

#[test]
fn a_lost_packet_is_a_gap_and_what_comes_behind_it_is_opened() {
    for number in 0..9 {
        let whole = connection(number);
        let truth = lab().stream(usize::from(number), "c2s");
        for lost in LATER..LATER + 2 {
            let mut frames = whole.clone();
            frames.remove(client_data(&whole, lost));
            let runner = Runner::with_keys_of(&lab());
            let (report, streams) = runner.report_and_streams_of(wire::pcap(&frames));
            let decryption = &report["sessions"][0]["tls"]["decryption"];
            assert_eq!(decryption["status"], "partial", "{number}");
            assert_eq!(decryption["reason"], "lost_packets", "{number}");
            let said = &streams[0][0];
            // A chained block costs the record behind it too, which may be the longest of the mail.
            let is_rc4 = text(&report["sessions"][0]["tls"]["cipher_suite"]).contains("RC4");
            let gone = whole[client_data(&whole, lost)].payload.len();
            let most = if is_rc4 { gone } else { gone + LONGEST };
            assert!(said.len() + most >= truth.len(), "{number} {lost}: {}", said.len());
            assert!(said.ends_with(b"QUIT\r\n"), "{number} {lost}");
            let common =
                said.iter().zip(&truth).take_while(|(ours, theirs)| ours == theirs).count();
            assert!(truth.ends_with(&said[common..]), "{number} {lost}");
        }
    }
}

/// Records carry no mark: one that goes on behind the gap hides where the next begins.
#[test]
fn a_gap_that_took_the_header_of_a_long_record_ends_the_direction() {
    let runner = Runner::with_keys_of(&lab());
    for number in 0..8 {
        let mut frames = connection(number);
        frames.remove(client_data(&frames, BODY));
        assert_eq!(verdict(&runner, &frames), told("partial", "lost_packets"), "{number}");
    }
}

#[test]
fn a_packet_that_was_cut_costs_its_record() {
    for number in 0..9 {
        let mut frames = connection(number);
        let index = client_data(&frames, LATER);
        frames[index].captured -= 9;
        let runner = Runner::with_keys_of(&lab());
        let (report, streams) = runner.report_and_streams_of(wire::pcap(&frames));
        assert_eq!(report["sessions"][0]["tls"]["decryption"]["reason"], "snaplen", "{number}");
        assert!(streams[0][0].ends_with(b"QUIT\r\n"), "{number}");
    }
}

#[test]
fn without_the_master_key_nothing_is_opened() {
    let runner = Runner::with_keys_of(&lab());
    for number in 0..9 {
        let mut frames = connection(number);
        frames.remove(client_data(&frames, if number == 8 { 3 } else { MASTER_KEY }));
        assert_eq!(verdict(&runner, &frames), told("none", "lost_packets"), "{number}");
    }
}

#[test]
fn without_the_client_hello_the_server_hello_tells_the_version() {
    let runner = Runner::with_keys_of(&lab());
    for number in 0..8 {
        let mut frames = connection(number);
        frames.remove(client_data(&frames, 0));
        assert_eq!(verdict(&runner, &frames), told("none", "lost_packets"), "{number}");
    }
}

#[test]
fn without_the_server_hello_nothing_is_taken_for_something_else() {
    let runner = Runner::with_keys_of(&lab());
    for number in 0..8 {
        let mut frames = connection(number);
        let is_hello = |frame: &Frame| frame.has_data() && frame.source.port() < 50_000;
        let hello = frames.iter().position(is_hello).expect("a SERVER-HELLO");
        frames.remove(hello);
        let report = runner.report(wire::pcap(&frames));
        let session = &report["sessions"][0];
        assert_eq!(session["tls"]["decryption"]["reason"], "lost_packets", "{number}");
        let codes: Vec<_> = items(&session["findings"]).iter().map(|f| text(&f["code"])).collect();
        assert!(!codes.contains(&"tls.not_tls"), "{number}: {codes:?}");
    }
}

#[test]
fn an_altered_record_fails_its_mac() {
    let runner = Runner::with_keys_of(&lab());
    for number in 0..8 {
        let mut frames = connection(number);
        let index = client_data(&frames, LATER);
        *frames[index].payload.last_mut().expect("data") ^= 1;
        assert_eq!(verdict(&runner, &frames), told("partial", "integrity_failed"), "{number}");
    }
}

#[test]
fn an_altered_master_key_has_no_padding() {
    let mut frames = connection(0);
    let index = client_data(&frames, MASTER_KEY);
    frames[index].payload[40] ^= 1;
    let runner = Runner::with_keys_of(&lab());
    assert_eq!(verdict(&runner, &frames), told("none", "bad_premaster"));
}

#[test]
fn a_kind_that_nobody_knows_is_told_by_its_number() {
    let mut frames = connection(0);
    let index = client_data(&frames, MASTER_KEY);
    // Header of two bytes, message type, then the kind.
    frames[index].payload[3] = 0x09;
    let runner = Runner::with_keys_of(&lab());
    let decryption = decryption(&runner, &frames);
    assert_eq!(decryption["reason"], "unsupported_cipher_suite");
    assert!(text(&decryption["evidence"]).contains("0x090080"), "{decryption}");
}

#[test]
fn segments_of_one_byte_change_nothing() {
    let runner = Runner::with_keys_of(&lab());
    for number in [1, 5, 8] {
        let whole = connection(number);
        let mut pieces = Vec::new();
        for frame in &whole {
            let mut rest = frame.clone();
            while rest.payload.len() > 1 {
                let [head, tail] = rest.split(1);
                pieces.push(head);
                rest = tail;
            }
            pieces.push(rest);
        }
        wire::restamp(&mut pieces);
        let [ours, theirs] = [&whole, &pieces].map(|frames| decryption(&runner, frames));
        assert_eq!(ours["status"], "decrypted");
        assert_eq!(ours["records"], theirs["records"]);
        assert_eq!(ours["bytes"], theirs["bytes"]);
    }
}

#[test]
fn a_server_that_has_no_cipher_says_so_in_an_error() {
    let client_hello = connection(0)[client_data(&connection(0), 0)].payload.clone();
    let talk = wire::Talk::between("192.0.2.1:40000", "192.0.2.25:465")
        .client(client_hello)
        .server([0x80, 3, 0, 0, 1])
        .close();
    let report = Runner::keyless().report(talk.pcap());
    let tls = &report["sessions"][0]["tls"];
    assert_eq!(tls["alerts"][0]["description"], "handshake_failure");
    assert_eq!(tls["decryption"]["reason"], "handshake_incomplete");
}
