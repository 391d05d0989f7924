//! Law 5: any order, duplication and segmentation of the same packets gives the same conversation.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseResult, TestError, TestRunner};
use serde_json::{Value, json};

use crate::lab::{self, Lab, items};
use crate::run::Runner;
use crate::wire::{self, ACK, FIN, Frame, PSH, SYN, Talk};

/// Captures of `testdata/` whose packets are mixed up: every way in which TLS begins, each kind of
/// record protection, and one whose records come in 7-byte pieces.
pub(crate) const REAL: &[&str] = &[
    "tls12_aes128_sha",
    "tls12_aes256_gcm_sha384",
    "ext_tls10_ems1_etm1",
    "port465_wrapper",
    "auth_login_ok",
    "pipelining",
    "rcpt_rejected",
    "starttls_refused",
    "tls_handshake_failed",
    "bad_starttls_injection",
    "bad_starttls_answer",
    "proxy_v2",
    "lmtp",
    "plain",
];

/// What happens to a packet on its way into the file.
#[derive(Clone, Debug)]
struct Fate {
    /// So many packets overtake it.
    late: usize,
    /// Further copies of it, and how late each is.
    copies: Vec<usize>,
    /// Where its payload is cut in two, and how late the second part is.
    cut: Option<(Index, usize)>,
}

fn fate() -> impl Strategy<Value = Fate> {
    let late = || prop_oneof![2 => Just(0), 2 => 0..6_usize, 1 => 0..200_usize];
    let copies = prop_oneof![4 => Just(vec![]), 1 => prop::collection::vec(late(), 1..3)];
    (late(), copies, prop::option::of((any::<Index>(), late())))
        .prop_map(|(late, copies, cut)| Fate { late, copies, cut })
}

/// The packets as their fates will have it: cut, doubled, and in another order.
fn mixed(frames: &[Frame], fates: &[Fate]) -> Vec<Frame> {
    let mut placed = Vec::new();
    for (index, (frame, fate)) in frames.iter().zip(fates).enumerate() {
        placed.extend(fate.copies.iter().map(|late| (index + late, frame.clone())));
        match fate.cut {
            Some((cut, later)) if frame.payload.len() > 1 => {
                let [first, second] = frame.split(1 + cut.index(frame.payload.len() - 1));
                placed.extend([(index + fate.late, first), (index + later, second)]);
            }
            _ => placed.push((index + fate.late, frame.clone())),
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, frame)| frame).collect()
}

/// What must not depend on order: everything but frame numbers, counters of TCP, sentences that
/// name frames, and the split of the time.
pub(crate) fn conversation(report: &Value) -> Value {
    let sessions: Vec<_> = items(&report["sessions"]).iter().map(session).collect();
    Value::from(sessions)
}

fn session(session: &Value) -> Value {
    let mut session = session.clone();
    let fields = session.as_object_mut().expect("a session");
    fields.remove("id");
    fields.remove("tcp");
    fields.remove("frames");
    fields["findings"] = codes(&fields["findings"]);
    let timeline = timeline(&fields["timeline"]);
    fields["timeline"] = timeline;
    let timing = fields["timing"].as_object_mut().expect("timing");
    // Who was waited for, and what came twice, is of the packets.
    ["attribution", "retransmission_ns"].iter().for_each(|name| _ = timing.remove(*name));
    without(&mut session, &["frame", "reply_frame", "end_frame", "evidence"]);
    session
}

/// The codes alone, each once; what the packets themselves show is not of the conversation.
fn codes(findings: &Value) -> Value {
    let codes = items(findings).iter().map(|finding| lab::text(&finding["code"]));
    let codes: std::collections::BTreeSet<_> =
        codes.filter(|code| !code.starts_with("tcp.")).collect();
    json!(codes)
}

/// Two packets of one instant may stand in either order.
fn timeline(entries: &Value) -> Value {
    let is_tcp =
        |entry: &&Value| ["tcp.retransmission", "tcp.gap"].contains(&lab::text(&entry["event"]));
    let mut entries: Vec<_> = items(entries)
        .iter()
        .filter(|entry| !is_tcp(entry))
        .map(|e| (e["t_ns"].as_i64(), format!("{} {} {}", e["event"], e["from"], e["detail"])))
        .collect();
    entries.sort();
    json!(entries)
}

fn without(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(fields) => {
            names.iter().for_each(|name| _ = fields.remove(*name));
            fields.values_mut().for_each(|field| without(field, names));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| without(value, names)),
        _ => {}
    }
}

/// The conversation without its times.
fn timeless(mut conversation: Value) -> Value {
    for session in conversation.as_array_mut().expect("sessions") {
        let fields = session.as_object_mut().expect("a session");
        let events = items(&fields["timeline"]).iter().map(|entry| entry[1].clone());
        let mut events: Vec<_> = events.map(|event| event.to_string()).collect();
        events.sort();
        fields["timeline"] = json!(events);
        fields.remove("timing");
        // Whether a certificate is valid is a matter of time.
        if let Some(tls) = fields["tls"].as_object_mut() {
            tls.remove("validation");
        }
        // Slowness is a matter of time too.
        let codes: Vec<_> = items(&fields["findings"])
            .iter()
            .filter(|code| {
                !["slow", "valid", "expired", "close_notify"]
                    .iter()
                    .any(|w| lab::text(code).contains(w))
            })
            .cloned()
            .collect();
        fields["findings"] = json!(codes);
    }
    // The sentence of a diagnosis says how long somebody was waited for.
    let diagnoses = conversation.as_array_mut().expect("sessions").iter_mut();
    diagnoses.for_each(|session| without(&mut session["diagnosis"], &["message"]));
    without(&mut conversation, &["start", "duration_ns", "t_ns", "latency_ns"]);
    conversation
}

/// Runs `cases` mixtures of `frames` and compares each with the original.
pub(crate) fn assert_any_order_is_as_good(
    runner: &Runner,
    frames: &[Frame],
    cases: u32,
    restamped: bool,
) {
    assert!(frames.len() < 200, "{} frames are beyond what may wait", frames.len());
    let report = |frames: &[Frame]| conversation(&runner.report(wire::pcap(frames)));
    let expected = report(frames);
    assert!(!items(&expected).is_empty(), "no session");
    let config = Config {
        cases: lab::cases(cases),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let fates = prop::collection::vec(fate(), frames.len());
    let check = |fates: Vec<Fate>| -> TestCaseResult {
        let mut frames = mixed(frames, &fates);
        let differences = if restamped {
            wire::restamp(&mut frames);
            differences(&timeless(report(&frames)), &timeless(expected.clone()))
        } else {
            differences(&report(&frames), &expected)
        };
        prop_assert!(differences.is_empty(), "{differences:#?}\n{}", listing(&frames));
        Ok(())
    };
    if let Err(TestError::Fail(reason, _)) = TestRunner::new(config).run(&fates, check) {
        panic!("{reason}");
    }
}

/// Where two documents differ.
pub(crate) fn differences(mixed: &Value, original: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(mixed, original, String::new(), &mut found);
    found.truncate(12);
    found
}

fn compare(mixed: &Value, original: &Value, place: String, found: &mut Vec<String>) {
    match (mixed, original) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let both = a.values().zip(b);
            both.for_each(|(a, (name, b))| compare(a, b, format!("{place}/{name}"), found));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let both = a.iter().zip(b).enumerate();
            both.for_each(|(index, (a, b))| compare(a, b, format!("{place}/{index}"), found));
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{place}: {a} instead of {b}")),
    }
}

/// The packets as one would tell them to a colleague.
fn listing(frames: &[Frame]) -> String {
    let client = frames.iter().map(|frame| frame.source).max_by_key(|end| end.port());
    let line = |frame: &Frame| {
        let from = if Some(frame.source) == client { 'C' } else { 'S' };
        let words = String::from_utf8_lossy(&frame.payload[..frame.payload.len().min(20)]);
        let Frame { ts, seq, ack, flags, .. } = frame;
        let (len, at) = (frame.payload.len(), ts / 1_000 % 1_000_000);
        format!("{from} {at:>6} flags {flags:02x} seq {seq}+{len} ack {ack} {words:?}")
    };
    frames.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A dialogue in several shapes: with several lines in a packet, with tiny ones, pipelined.
static TALKS: LazyLock<Vec<(&str, Vec<Frame>)>> = LazyLock::new(|| {
    vec![
        ("a mail", Talk::open().mail("Subject: x\r\n\r\n..dot\r\n").close().frames()),
        ("tiny packets", Talk::open().segments_of(9).mail("Subject: x\r\n\r\nbody\r\n").frames()),
        ("wrapping numbers", {
            let talk = Talk::numbered(u32::MAX - 30, u32::MAX - 60).segments_of(50);
            talk.mail("Subject: x\r\n\r\nbody\r\n").close().frames()
        }),
        ("a pipelined mail", pipelined().frames()),
        ("injected commands", injected().frames()),
        ("data with SYN and FIN", eager().frames()),
    ]
});

fn pipelined() -> Talk {
    Talk::open()
        .server("220 mx ESMTP\r\n")
        .client("EHLO c\r\n")
        .server("250-mx\r\n250 PIPELINING\r\n")
        .client("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nDATA\r\n")
        .server("250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n")
        .client("Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n")
        .server("250 ok\r\n221 bye\r\n")
        .close()
}

/// A NOOP stands behind STARTTLS in the same packet.
fn injected() -> Talk {
    Talk::open()
        .server("220 mx ESMTP\r\n")
        .client("EHLO c\r\n")
        .server("250-mx\r\n250 STARTTLS\r\n")
        .client("STARTTLS\r\nNOOP\r\n")
        .server("454 not now\r\n250 ok\r\n")
        .client("QUIT\r\n")
        .server("221 bye\r\n")
        .close()
}

/// TCP Fast Open, and last words in the packet that says FIN.
fn eager() -> Talk {
    use smtp_decrypt::role::Role::{Client, Server};
    Talk::midway()
        .with(Client, SYN, b"")
        .with(Server, SYN | ACK, b"220 mx ESMTP\r\n")
        .with(Client, ACK, b"")
        .client("EHLO c\r\n")
        .server("250 mx\r\n")
        .with(Client, PSH | ACK | FIN, b"QUIT\r\n")
        .with(Server, PSH | ACK | FIN, b"221 bye\r\n")
        .with(Client, ACK, b"")
}

#[test]
fn the_talks_are_conversations_before_they_are_mixed_up() {
    for (name, frames) in TALKS.iter() {
        let report = Runner::keyless().report(wire::pcap(frames));
        let exchanges = items(&report["sessions"][0]["smtp"]["exchanges"]);
        assert!(exchanges.len() >= 3, "{name}: {exchanges:#?}");
        assert!(exchanges.iter().all(|e| !e["reply"].is_null()), "{name}: {exchanges:#?}");
    }
}

#[test]
fn packets_out_of_order_doubled_and_cut_up_say_the_same_at_the_same_times() {
    for (name, frames) in TALKS.iter() {
        println!("{name}");
        assert_any_order_is_as_good(&Runner::keyless(), frames, 100, false);
    }
}

#[test]
fn packets_that_were_captured_in_another_order_say_the_same() {
    for (name, frames) in TALKS.iter() {
        println!("{name}");
        assert_any_order_is_as_good(&Runner::keyless(), frames, 100, true);
    }
}

#[test]
fn real_captures_in_any_order_say_the_same_at_the_same_times() {
    each_real_capture(false);
}

#[test]
fn real_captures_recorded_in_another_order_say_the_same() {
    each_real_capture(true);
}

fn each_real_capture(restamped: bool) {
    for name in REAL {
        println!("{name}");
        let lab = Lab::load(name);
        let frames = wire::frames_of(&lab.files);
        assert_any_order_is_as_good(&Runner::with_keys_of(&lab), &frames, 12, restamped);
    }
}
