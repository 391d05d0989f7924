//! A resumed session is opened whenever the session that it resumes is, whatever was lost there and in
//! whatever order the file has the packets.

use serde_json::{Value, json};

use crate::lab::{Lab, items};
use crate::run::Runner;
use crate::wire::{self, Frame};

const CAPTURES: [&str; 4] =
    ["resume_ticket", "resume_session_id", "ticket_renewal", "resume_ssl30_session_id"];

/// What both sides said, session by session of their clients' ports, and what opened it.
fn said(report: &Value) -> Vec<Value> {
    let mut sessions: Vec<_> = items(&report["sessions"])
        .iter()
        .map(|session| {
            let exchanges = items(&session["smtp"]["exchanges"]).iter();
            let said: Vec<_> =
                exchanges.map(|e| json!([e["command"], e["reply"]["lines"]])).collect();
            json!([session["client"]["port"], said, session["tls"]["decryption"]["status"]])
        })
        .collect();
    sessions.sort_by_key(|session| session[0].as_u64());
    sessions
}

/// Whether the packet has a part of the first flights, which nothing can replace: TLS handshake records.
fn is_of_handshake(frame: &Frame) -> bool {
    let [kind, 3, ..] = frame.payload[..] else { return false };
    kind == 22 || kind == 20
}

#[test]
fn what_is_lost_in_the_origin_closes_no_session_that_resumes_it() {
    for name in CAPTURES {
        let lab = Lab::load(name);
        let (runner, frames) = (Runner::with_keys_of(&lab), wire::frames_of(&lab.files));
        let whole = said(&runner.report(wire::pcap(&frames)));
        let first_client = frames[0].source;
        let ends = |frame: &Frame| [frame.source, frame.destination];
        let mut tried = 0;
        for lost in 0..frames.len() {
            if !ends(&frames[lost]).contains(&first_client) || is_of_handshake(&frames[lost]) {
                continue;
            }
            let mut rest = frames.clone();
            rest.remove(lost);
            let report = said(&runner.report(wire::pcap(&rest)));
            assert_eq!(report[1..], whole[1..], "{name} without frame {}", lost + 1);
            tried += 1;
        }
        assert!(tried > 10, "{name}: {tried}");
    }
}

#[test]
fn all_of_one_direction_and_then_all_of_the_other_say_the_same() {
    for name in CAPTURES.into_iter().chain(["tls13_resumption", "several_mails", "plain"]) {
        let lab = Lab::load(name);
        let frames = wire::frames_of(&lab.files);
        let runner = || Runner::with_keys_and_log_of(&lab);
        let whole = said(&runner().report(wire::pcap(&frames)));
        let server = frames[0].destination;
        let (client, server): (Vec<_>, Vec<_>) =
            frames.into_iter().partition(|frame| frame.destination.port() == server.port());
        for order in [[&client[..], &server[..]], [&server[..], &client[..]]] {
            let capture = wire::pcap(&order.concat());
            for threads in [1, 4] {
                assert_eq!(said(&runner().on(threads).report(capture.clone())), whole, "{name}");
            }
        }
    }
}

/// The ticket's session is not there: the rest is as it was, however long it was waited for.
#[test]
fn an_origin_that_never_comes_is_told_as_missing() {
    let lab = Lab::load("resume_ticket");
    let frames = wire::frames_of(&lab.files);
    let first = frames[0].source;
    let rest: Vec<_> = frames
        .into_iter()
        .filter(|frame| ![frame.source, frame.destination].contains(&first))
        .collect();
    let report = Runner::with_keys_of(&lab).report(wire::pcap(&rest));
    let session = &report["sessions"][0];
    assert_eq!(session["tls"]["resumed"], "ticket");
    assert_eq!(session["tls"]["decryption"]["reason"], "resumed_without_origin");
    assert!(!items(&session["smtp"]["exchanges"]).is_empty(), "what came ahead of TLS");
}
