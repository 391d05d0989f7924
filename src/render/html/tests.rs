//! Parts of pages of real sessions.

use std::collections::BTreeSet;

use super::HtmlReport;
use super::ladder::Ladder;
use super::notable::{MOST_DETAILED, chosen};
use super::timeline::Timeline;
use super::waterfall::Waterfall;
use crate::record::Reveal;
use crate::render::text::tests::run;
use crate::render::text::{Style, Times};
use crate::render::{Conclusion, Renderer as _};
use crate::report::{Outcome, SessionReport};

fn session(name: &str) -> SessionReport {
    run(name, Reveal::default()).sessions.swap_remove(0)
}

/// So many sessions that went well, one after the other, a second apart.
fn copies(count: u64) -> Vec<SessionReport> {
    let session = session("tls12_aes128_sha");
    let copy = |id: u64| {
        let start = session.start.plus(id as i64 * 1_000_000_000);
        SessionReport { id, start, findings: Vec::new(), ..session.clone() }
    };
    (1..=count).map(copy).collect()
}

#[test]
fn the_ladder_has_every_handshake_message_at_its_frame() {
    let session = session("tls12_aes128_sha");
    let ladder = Ladder::new(&session, Times::Relative, false).to_string();
    for entry in &session.timeline {
        let Some(message) = entry.event.handshake_message() else { continue };
        let frame = format!("<td class=\"n\">{}</td>", entry.frame);
        let rung = ladder.split("<tr").find(|rung| rung.contains(&frame)).expect("a rung");
        assert!(rung.contains(message), "{message} in {rung}");
    }
    let (plain, sealed) = ladder.split_once("TLS from here").expect("a border");
    assert!(plain.contains("STARTTLS") && !plain.contains("ClientHello"));
    assert!(
        sealed.contains("ClientHello") && sealed.contains("MAIL FROM:&#60;sender@example.org&#62;")
    );
}

#[test]
fn the_waterfall_has_the_phases_of_the_dialogue_in_their_order() {
    // As testdata/suites/tls12_aes128_sha/tls12_aes128_sha.json has the dialogue.
    let names = [
        "TCP connect",
        "greeting",
        "EHLO",
        "STARTTLS",
        "TLS: server's flight",
        "TLS: client's flight",
        "TLS: server's Finished",
        "EHLO",
        "MAIL",
        "RCPT",
        "DATA",
        "message sent",
        "message accepted",
        "QUIT",
        "until the last packet",
    ];
    assert_eq!(Waterfall::new(&session("tls12_aes128_sha")).names(), names);
}

#[test]
fn what_was_not_opened_is_no_pause_of_the_client() {
    let names = Waterfall::new(&session("no_key"));
    assert_eq!(names.names().last(), Some(&"inside TLS, not read"));
}

#[test]
fn of_too_many_sessions_the_first_of_each_kind_of_failure_are_shown() {
    let mut sessions = copies(1_000);
    for session in &mut sessions[10..] {
        session.outcome = Outcome::TlsFailed;
    }
    sessions[999].outcome = Outcome::Rejected;
    let chosen = chosen(&sessions, &BTreeSet::from([5]));
    assert_eq!(chosen.len(), MOST_DETAILED);
    assert!(chosen.contains(&5), "an outlier");
    assert!(chosen.contains(&1_000), "the one that was rejected, behind all the others");
    assert!(chosen.contains(&11) && !chosen.contains(&999), "the first that failed, not the last");
    assert!(!chosen.contains(&1), "one that went well");
}

#[test]
fn few_sessions_are_all_shown() {
    assert_eq!(chosen(&copies(3), &BTreeSet::new()), BTreeSet::from([1, 2, 3]));
}

#[test]
fn the_timeline_has_a_bar_a_session_or_counts_them() {
    let few = Timeline::new(&copies(3)).expect("several sessions").to_string();
    assert_eq!(few.matches("<rect").count(), 3);
    assert!(few.contains("href=\"#s3\""));
    let many = Timeline::new(&copies(1_000)).expect("several sessions").to_string();
    let counted = many.match_indices("<title>").map(|(at, found)| {
        let words = &many[at + found.len()..];
        words[..words.find(' ').expect("a space")].parse::<u64>().expect("a count")
    });
    assert_eq!(counted.sum::<u64>(), 1_000);
    assert!(Timeline::new(&copies(1)).is_none());
}

#[test]
fn a_session_whose_transcript_finds_no_room_is_shown_without() {
    let mut report = HtmlReport::new(&Style::default());
    report.session(session("tls12_aes128_sha"), &mut Vec::new()).expect("kept");
    let mut page = Vec::new();
    report.finish(Conclusion::default(), &mut page).expect("a page");
    let page = String::from_utf8(page).expect("UTF-8");
    assert!(page.contains("id=\"s1\"") && !page.contains("class=\"packets\""));
}
