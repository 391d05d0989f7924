//! What other sessions of a capture show of the same server: no session alone could tell.

use serde_json::Value;

use crate::lab::{Lab, items, text};
use crate::run::Runner;
use crate::wire::{self, Frame, Talk};

const CLIENT: &str = "192.0.2.1:40000";
const OTHER: &str = "192.0.2.2:40000";
const SERVER: &str = "192.0.2.25:25";

/// A session with one EHLO, whose answer has these lines.
fn ehlo(client: &str, server: &str, reply: &str) -> Vec<Frame> {
    Talk::between(client, server)
        .server("220 mx.example.com ESMTP\r\n")
        .client("EHLO client.example.org\r\n")
        .server(reply)
        .client("QUIT\r\n")
        .server("221 Bye\r\n")
        .close()
        .frames()
}

const WITH: &str = "250-mx.example.com\r\n250-STARTTLS\r\n250 8BITMIME\r\n";
const WITHOUT: &str = "250-mx.example.com\r\n250 8BITMIME\r\n";

/// Sessions one after the other.
fn report(sessions: &[Vec<Frame>]) -> Value {
    let mut frames = sessions.concat();
    wire::restamp(&mut frames);
    Runner::keyless().report(wire::pcap(&frames))
}

/// Codes that stand for an attack.
const ACCUSATIONS: [&str; 2] = ["smtp.starttls_stripped", "tls.downgrade"];

/// What is said of an attack, by code and message.
fn told(findings: &Value) -> Vec<(&str, &str)> {
    let told = items(findings).iter().map(|found| (text(&found["code"]), text(&found["message"])));
    told.filter(|(code, _)| ACCUSATIONS.contains(code)).collect()
}

#[test]
fn starttls_that_the_server_offered_before_was_taken_out() {
    let report = report(&[ehlo(CLIENT, SERVER, WITH), ehlo(OTHER, SERVER, WITHOUT)]);
    assert_eq!(told(&report["sessions"][0]["findings"]), []);
    let found = told(&report["sessions"][1]["findings"]);
    let message = "the server offers no STARTTLS here, and did offer it in session 1";
    assert_eq!(found, [("smtp.starttls_stripped", message)]);
    let frames = [ehlo(CLIENT, SERVER, WITH), ehlo(OTHER, SERVER, WITHOUT)].concat();
    let reply = frames.iter().position(|frame| frame.payload == WITHOUT.as_bytes());
    let shown = report["sessions"][1]["findings"][0]["frame"].as_u64();
    assert_eq!(shown, reply.map(|index| index as u64 + 1));
    assert_eq!(told(&report["findings"]), []);
}

#[test]
fn what_a_later_session_shows_of_earlier_ones_is_a_finding_of_the_capture() {
    let without = [CLIENT, OTHER].map(|client| ehlo(client, SERVER, WITHOUT));
    let [first, second] = without;
    let report = report(&[first, second, ehlo("192.0.2.3:40000", SERVER, WITH)]);
    for session in items(&report["sessions"]) {
        assert_eq!(told(&session["findings"]), []);
    }
    let message = "192.0.2.25:25 offers STARTTLS in session 3, and did not in 2 sessions from session 1 on before";
    assert_eq!(told(&report["findings"]), [("smtp.starttls_stripped", message)]);
}

#[test]
fn another_server_or_port_shows_nothing_of_this_one() {
    for server in ["192.0.2.26:25", "192.0.2.25:587"] {
        let report = report(&[ehlo(CLIENT, SERVER, WITH), ehlo(OTHER, server, WITHOUT)]);
        assert_eq!(told(&report["sessions"][1]["findings"]), [], "{server}");
        assert_eq!(told(&report["findings"]), [], "{server}");
    }
}

#[test]
fn a_gap_in_the_answer_to_ehlo_takes_nothing_out() {
    let mut second = ehlo(OTHER, SERVER, WITHOUT);
    let reply = second.iter().position(|frame| frame.payload.starts_with(b"250-")).expect("it");
    second.remove(reply);
    let report = report(&[ehlo(CLIENT, SERVER, WITH), second]);
    assert_eq!(told(&report["sessions"][1]["findings"]), []);
}

/// The frames of a capture of `testdata/`, with its server moved to a port, its client to an
/// address.
fn moved(name: &str, client: [u8; 4], port: u16) -> Vec<Frame> {
    let mut frames = wire::frames_of(&Lab::load(name).files);
    let server = frames.first().expect("a frame").destination;
    for frame in &mut frames {
        for end in [&mut frame.source, &mut frame.destination] {
            match *end == server {
                true => end.set_port(port),
                false => end.set_ip(client.into()),
            }
        }
    }
    frames
}

/// In `tls13` client and server agree on TLS 1.3; the client of `auth_login_ok` offers it too, and
/// gets TLS 1.2, as its truth says.
#[test]
fn a_version_that_both_sides_could_do_and_did_not_agree_on_is_a_downgrade() {
    let (new, old) =
        (moved("tls13", [192, 0, 2, 1], 587), moved("auth_login_ok", [192, 0, 2, 2], 587));
    let later = report(&[new.clone(), old.clone()]);
    let message = "the client offers TLSv1.3, to which the server agreed in session 1, and TLSv1.2 was agreed on";
    assert_eq!(told(&later["sessions"][1]["findings"]), [("tls.downgrade", message)]);
    let earlier = report(&[old, new]);
    assert_eq!(told(&earlier["sessions"][0]["findings"]), []);
    let message = "127.0.0.1:587 agreed to TLSv1.3 in session 2, and to less in session 1 before, whose client offered it";
    assert_eq!(told(&earlier["findings"]), [("tls.downgrade", message)]);
}

/// But where its truth says that this is what was done.
#[test]
fn the_testdata_accuses_nobody() {
    let is_innocent = |lab: &Lab| {
        lab.connections.iter().all(|truth| truth["expected_finding"] != "smtp.starttls_stripped")
    };
    for lab in Lab::all().into_iter().filter(is_innocent) {
        let (report, _) = Runner::with_keys_of(&lab).report_and_streams(&lab.files);
        let of_sessions = items(&report["sessions"]).iter().map(|session| &session["findings"]);
        for findings in of_sessions.chain([&report["findings"]]) {
            assert_eq!(told(findings), [], "{}", lab.name);
        }
    }
}

/// Without its key the first session is closed, and with it the second, which resumes it.
#[test]
fn a_session_that_cannot_be_resumed_names_the_one_that_would_have_to_be_opened() {
    for name in ["resume_ticket", "resume_session_id"] {
        let report = Runner::keyless().report_and_streams(&Lab::load(name).files).0;
        let decryption = &report["sessions"][1]["tls"]["decryption"];
        assert_eq!(decryption["reason"], "resumed_without_origin");
        let evidence = text(&decryption["evidence"]);
        assert!(evidence.contains("; it is session 1 of this capture"), "{evidence}");
        let findings = items(&report["sessions"][1]["findings"]);
        assert!(findings.iter().any(|finding| finding["message"] == evidence), "{findings:?}");
    }
}

/// Of two certificates of a server the key of one was given.
#[test]
fn a_certificate_without_key_is_told_beside_another_of_the_same_server() {
    let first = moved("tls12_aes128_sha", [192, 0, 2, 1], 587);
    let second = moved("key_rsa1024", [192, 0, 2, 2], 587);
    let report = report(&[first, second]);
    let evidence = text(&report["sessions"][1]["tls"]["decryption"]["evidence"]);
    let other =
        "; in session 1 the same server showed another certificate, \"CN=mail.example.com\"";
    assert!(evidence.contains(other), "{evidence}");
}
