//! What passed beside a session, and the way of a mail. The captures of `testdata/stories` have the log
//! of the server that was there: what it says of its own waits is the truth
//! (`testdata/generate/stories.py`).

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::{code, path, run, stdout};
use crate::lab::{self, items, text};
use crate::run::Runner;

fn folder(name: &str) -> PathBuf {
    lab::root().join("testdata/stories").join(name)
}

fn capture(name: &str) -> PathBuf {
    folder(name).join(format!("{name}.pcap"))
}

fn report(name: &str) -> Value {
    Runner::keyless().report_and_streams(&[capture(name)]).0
}

/// `… after 2.028 s`: how long the server's own lookup took, in ns.
fn logged_wait(name: &str) -> f64 {
    let log = lab::read_text(&folder(name).join(format!("{name}.log")));
    let seconds = log.lines().find_map(|line| line.rsplit_once("after ")?.1.strip_suffix(" s"));
    seconds.and_then(|seconds| seconds.parse::<f64>().ok()).expect("a wait") * 1e9
}

fn is_near(ns: &Value, expected: f64) -> bool {
    ns.as_f64().is_some_and(|ns| (ns - expected).abs() < expected / 10.0)
}

fn kinds(delivery: &Value) -> Vec<&str> {
    items(&delivery["steps"]).iter().map(|step| text(&step["kind"])).collect()
}

#[test]
fn a_greeting_that_waits_for_the_clients_name_says_so() {
    for (name, answer) in
        [("reverse_late", "got client.story.test"), ("reverse_unanswered", "got no answer")]
    {
        let report = report(name);
        let session = &report["sessions"][0];
        let [related] = items(&session["related"]) else { panic!("{}", session["related"]) };
        assert_eq!((text(&related["kind"]), text(&related["explains"])), ("dns", "greeting_ns"));
        let summary = text(&related["summary"]);
        assert!(
            summary.contains("PTR 1.0.9.10.in-addr.arpa") && summary.contains(answer),
            "{summary}"
        );
        let truth = logged_wait(name);
        assert!(is_near(&related["duration_ns"], truth), "{related} beside {truth}");
        assert!(is_near(&session["timing"]["attribution"]["third_party_ns"], truth), "{session}");
        let findings = items(&session["findings"]).iter();
        let slow = findings.filter(|found| found["code"] == "smtp.slow_greeting");
        let messages: Vec<_> = slow.map(|found| text(&found["message"])).collect();
        assert!(matches!(messages[..], [one] if one.contains(summary)), "{messages:?}");
    }
}

#[test]
fn an_ident_that_was_refused_and_a_name_that_nobody_spoke_of_are_innocent() {
    let report = report("innocents");
    let session = &report["sessions"][0];
    assert!(items(&session["related"]).is_empty(), "{}", session["related"]);
    assert_eq!(session["timing"]["attribution"]["third_party_ns"], 0);
    let told = report["sessions"].to_string() + &report["deliveries"].to_string();
    assert!(!told.contains("noise") && !told.contains("ident"), "{told}");
    // The wait itself is told all the same.
    assert!(told.contains("smtp.slow_greeting"), "{told}");
}

#[test]
fn a_mail_that_was_put_off_comes_again() {
    let report = report("put_off");
    let [delivery] = items(&report["deliveries"]) else { panic!("{}", report["deliveries"]) };
    assert_eq!(kinds(delivery), ["session", "retry"]);
    assert_eq!(delivery["sessions"], serde_json::json!([1, 2]));
    assert_eq!((text(&delivery["outcome"]), &delivery["copies"]), ("delivered", &1.into()));
    assert!(text(&delivery["steps"][1]["summary"]).contains("451 4.7.1 Greylisted"));
}

#[test]
fn one_mail_to_two_recipients_is_no_duplicate() {
    let report = report("fan_out");
    let [delivery] = items(&report["deliveries"]) else { panic!("{}", report["deliveries"]) };
    assert_eq!(kinds(delivery), ["session", "session"]);
    assert_eq!(delivery["copies"], 1);
    assert_eq!(delivery["to"], serde_json::json!(["b@story.test", "c@story.test"]));
}

/// Python's smtplib gives each address 2 s.
#[test]
fn an_address_that_stays_silent_is_an_attempt_of_the_same_delivery() {
    let report = report("first_address_silent");
    let [delivery] = items(&report["deliveries"]) else { panic!("{}", report["deliveries"]) };
    assert_eq!(kinds(delivery), ["lookup", "lookup", "attempt", "session"]);
    let attempt = &delivery["steps"][2];
    assert_eq!(text(&attempt["host"]), "10.9.0.9");
    assert!(is_near(&attempt["duration_ns"], 2e9), "{attempt}");
    assert!(text(&attempt["summary"]).contains("mx.story.test (10.9.0.9:25)"), "{attempt}");
}

#[test]
fn any_number_of_workers_tells_the_same_stories() {
    for name in ["reverse_late", "first_address_silent", "put_off"] {
        let told = |threads: &str| {
            let output = run(&["--format", "json", "--threads", threads, path(&capture(name))]);
            assert_eq!(code(&output), 0);
            stdout(&output).to_owned()
        };
        assert_eq!(told("1"), told("7"), "{name}");
    }
}

#[test]
fn deliveries_stand_on_a_page_of_80_columns() {
    let output = run(&["--deliveries", path(&capture("first_address_silent"))]);
    let page = stdout(&output);
    assert!(page.contains("Delivery 1: delivered after"), "{page}");
    assert!(page.contains("attempt") && page.contains("<two@story.test>"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let lines = run(&["--deliveries", "--format", "ndjson", path(&capture("put_off"))]);
    let lines: Vec<Value> =
        stdout(&lines).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(kinds(&lines[0]), ["session", "retry"]);
    assert!(lines[1]["summary"].is_object());
}
