//! Every figure of `timing` for three sessions, worked out by hand: from which frame to which. The
//! times of the frames are tshark's. Where it is not installed, the test says so and passes.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::{code, path, run};
use crate::lab::{Lab, testdata};
use crate::run::Runner;
use crate::wire::{self, Talk};

/// Times of all frames in ns, by number; none without tshark.
fn frame_times(name: &str) -> Option<BTreeMap<u64, i64>> {
    let fields = ["-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch"];
    let capture = testdata(&format!("{name}.pcap"));
    let output = Command::new("tshark").args(["-r", path(&capture)]).args(fields).output().ok()?;
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let row = |line: &str| {
        let (frame, time) = line.split_once('\t').expect("two fields");
        let ns = time.replace('.', "").parse().expect("nine decimals");
        (frame.parse().expect("a number"), ns)
    };
    Some(text.lines().map(row).collect())
}

/// From a frame to a frame.
type Span = (u64, u64);

/// A wait: from a frame to a frame, for the client or the server, whose path and back takes so long
/// at its quickest (a pair of frames: a packet and its answer).
type Wait = (u64, u64, &'static str);

struct Hand {
    name: &'static str,
    total: Span,
    phases: &'static [(&'static str, Span)],
    /// The quickest answer of the client, and of the server.
    paths: [Span; 2],
    waits: &'static [Wait],
    /// One end's own time between two of its own packets: nothing of it is the network's.
    own: &'static [Wait],
}

/// 1 SYN, 2 SYN-ACK, 3 ACK, 4 greeting, 6 EHLO, 8 its reply, 9 MAIL, 10, 11 RCPT, 12, 13 DATA, 14,
/// 15 message and dot, 16, 17 QUIT, 18, 19 FIN of the server, 20 FIN of the client, 21 its ACK. From
/// the reply to QUIT to the FIN behind it passes less than a round trip: the network's.
const PLAIN: Hand = Hand {
    name: "plain",
    total: (1, 21),
    phases: &[
        ("tcp_connect_ns", (1, 3)),
        ("greeting_ns", (3, 4)),
        ("mail_ns", (9, 10)),
        ("rcpt_ns", (11, 12)),
        ("data_go_ahead_ns", (13, 14)),
        ("data_transfer_ns", (15, 15)),
        ("data_accept_ns", (15, 16)),
    ],
    paths: [(2, 3), (1, 2)],
    waits: &[
        (3, 4, "server"),
        (4, 6, "client"),
        (6, 8, "server"),
        (8, 9, "client"),
        (9, 10, "server"),
        (10, 11, "client"),
        (11, 12, "server"),
        (12, 13, "client"),
        (13, 14, "server"),
        (14, 15, "client"),
        (15, 16, "server"),
        (16, 17, "client"),
        (17, 18, "server"),
        (19, 20, "client"),
    ],
    own: &[],
};

/// As above up to 8; 9 STARTTLS, 10, 11 ClientHello, 12 ServerHello to ServerHelloDone, 13 the
/// client's flight with Finished, 14 the server's, 15 EHLO, 16, 17 MAIL, 18, 19 RCPT, 20, 21 DATA,
/// 22, 23 message, 24, 25 QUIT, 26, 27 close_notify and FIN of the server, 28 close_notify of the
/// client, 29 RST of the server. The client's quickest answer is 5 to 4, the server's 2 to 1 (as
/// quick as 14 to 13 is not).
const STARTTLS: Hand = Hand {
    name: "tls12_aes128_sha",
    total: (1, 29),
    phases: &[
        ("tcp_connect_ns", (1, 3)),
        ("greeting_ns", (3, 4)),
        ("starttls_ns", (9, 10)),
        ("tls_handshake_ns", (11, 14)),
        ("tls_server_flight_ns", (11, 12)),
        ("tls_client_flight_ns", (12, 13)),
        ("tls_server_finish_ns", (13, 14)),
        ("mail_ns", (17, 18)),
        ("rcpt_ns", (19, 20)),
        ("data_go_ahead_ns", (21, 22)),
        ("data_transfer_ns", (23, 23)),
        ("data_accept_ns", (23, 24)),
    ],
    paths: [(4, 5), (1, 2)],
    waits: &[
        (3, 4, "server"),
        (4, 6, "client"),
        (6, 8, "server"),
        (8, 9, "client"),
        (9, 10, "server"),
        (10, 11, "client"),
        (11, 12, "server"),
        (12, 13, "client"),
        (13, 14, "server"),
        (14, 15, "client"),
        (15, 16, "server"),
        (16, 17, "client"),
        (17, 18, "server"),
        (18, 19, "client"),
        (19, 20, "server"),
        (20, 21, "client"),
        (21, 22, "server"),
        (22, 23, "client"),
        (23, 24, "server"),
        (24, 25, "client"),
        (25, 26, "server"),
        (27, 28, "client"),
        (28, 29, "server"),
    ],
    own: &[(26, 27, "server")],
};

/// As above up to 10 (11 is a bare ACK); 12 ClientHello, 13, 15, 16 the handshake, 17 EHLO, 18, 19
/// AUTH LOGIN, 20, 21 the user, 22, 23 the password, 24, 25 MAIL, 26, 27 RCPT, 28, 29 DATA, 30, 31
/// message, 32, 33 QUIT, 34, 35 FIN of the client, 36 close_notify of the server, 37 RST of the
/// client. The client's quickest answer is 14 to 13, the server's 7 to 6.
const AUTH: Hand = Hand {
    name: "auth_login_ok",
    total: (1, 37),
    phases: &[
        ("tcp_connect_ns", (1, 3)),
        ("greeting_ns", (3, 4)),
        ("starttls_ns", (9, 10)),
        ("tls_handshake_ns", (12, 16)),
        ("tls_server_flight_ns", (12, 13)),
        ("tls_client_flight_ns", (13, 15)),
        ("tls_server_finish_ns", (15, 16)),
        ("auth_ns", (19, 24)),
        ("mail_ns", (25, 26)),
        ("rcpt_ns", (27, 28)),
        ("data_go_ahead_ns", (29, 30)),
        ("data_transfer_ns", (31, 31)),
        ("data_accept_ns", (31, 32)),
    ],
    paths: [(13, 14), (6, 7)],
    waits: &[
        (3, 4, "server"),
        (4, 6, "client"),
        (6, 8, "server"),
        (8, 9, "client"),
        (9, 10, "server"),
        (10, 12, "client"),
        (12, 13, "server"),
        (13, 15, "client"),
        (15, 16, "server"),
        (16, 17, "client"),
        (17, 18, "server"),
        (18, 19, "client"),
        (19, 20, "server"),
        (20, 21, "client"),
        (21, 22, "server"),
        (22, 23, "client"),
        (23, 24, "server"),
        (24, 25, "client"),
        (25, 26, "server"),
        (26, 27, "client"),
        (27, 28, "server"),
        (28, 29, "client"),
        (29, 30, "server"),
        (30, 31, "client"),
        (31, 32, "server"),
        (32, 33, "client"),
        (33, 34, "server"),
        (34, 35, "client"),
        (35, 36, "server"),
        (36, 37, "client"),
    ],
    own: &[],
};

/// What `timing` must be, from the frames' times.
fn worked_out(hand: &Hand, times: &BTreeMap<u64, i64>) -> Value {
    let ns = |(from, to): Span| times[&to] - times[&from];
    let names = [
        "tcp_connect_ns",
        "greeting_ns",
        "starttls_ns",
        "tls_handshake_ns",
        "tls_server_flight_ns",
        "tls_client_flight_ns",
        "tls_server_finish_ns",
        "auth_ns",
        "mail_ns",
        "rcpt_ns",
        "data_go_ahead_ns",
        "data_transfer_ns",
        "data_accept_ns",
    ];
    let mut timing: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    for (name, span) in hand.phases {
        timing[*name] = json!(ns(*span));
    }
    let of = |role: &str| {
        let path = ns(hand.paths[usize::from(role == "server")]);
        let waits = hand.waits.iter().filter(|wait| wait.2 == role);
        let own = hand.own.iter().filter(|wait| wait.2 == role);
        waits.map(|wait| (ns((wait.0, wait.1)) - path).max(0)).sum::<i64>()
            + own.map(|wait| ns((wait.0, wait.1))).sum::<i64>()
    };
    let (total, client, server) = (ns(hand.total), of("client"), of("server"));
    timing.insert("total_ns".to_owned(), json!(total));
    timing.insert("retransmission_ns".to_owned(), json!(0));
    timing.insert(
        "attribution".to_owned(),
        json!({"network_ns": total - client - server, "client_ns": client, "server_ns": server, "third_party_ns": 0}),
    );
    Value::Object(timing)
}

#[test]
fn every_figure_of_three_sessions_is_as_worked_out_by_hand() {
    for hand in [PLAIN, STARTTLS, AUTH] {
        let Some(times) = frame_times(hand.name) else {
            return println!("skipped: tshark is not installed");
        };
        let lab = Lab::load(hand.name);
        let (report, _) = Runner::with_keys_of(&lab).report_and_streams(&lab.files);
        assert_eq!(report["sessions"][0]["timing"], worked_out(&hand, &times), "{}", hand.name);
    }
}

#[test]
fn the_parts_of_every_session_add_up_to_its_total() {
    for lab in Lab::all() {
        let (report, _) = Runner::with_keys_and_log_of(&lab).report_and_streams(&lab.files);
        for session in crate::lab::items(&report["sessions"]) {
            let timing = &session["timing"];
            let parts = timing["attribution"].as_object().expect("an object");
            let sum: i64 = parts.values().map(|ns| ns.as_i64().expect("a number")).sum();
            assert_eq!(sum, timing["total_ns"], "{}", lab.name);
            assert_eq!(timing["total_ns"], session["duration_ns"], "{}", lab.name);
        }
    }
}

#[test]
fn encrypted_handshake_records_are_not_called_application_data() {
    let lab = Lab::load("tls13");
    let events = |runner: Runner| {
        let (report, _) = runner.report_and_streams(&lab.files);
        let timeline = crate::lab::items(&report["sessions"][0]["timeline"]).to_vec();
        let name = |entry: &Value| entry["event"].as_str().expect("a name").to_owned();
        timeline.iter().map(name).collect::<Vec<_>>()
    };
    let unopened = events(Runner::with_keys_of(&lab));
    assert!(!unopened.contains(&"tls.first_application_data".to_owned()), "{unopened:?}");
    assert!(unopened.contains(&"tls.first_protected_record".to_owned()), "{unopened:?}");
    let opened = events(Runner::with_keys_and_log_of(&lab));
    assert!(opened.contains(&"tls.first_application_data".to_owned()), "{opened:?}");
    assert!(!opened.contains(&"tls.first_protected_record".to_owned()), "{opened:?}");
}

/// What is slow with these arguments.
fn codes(arguments: &[&str]) -> Vec<String> {
    let output = run(&[&["--format", "json", "@plain.pcap"], arguments].concat());
    assert_eq!(code(&output), 0);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = crate::lab::items(&report["sessions"][0]["findings"]).iter();
    let codes = findings.map(|finding| finding["code"].as_str().expect("a code").to_owned());
    codes.filter(|code| code.contains("slow")).collect()
}

/// In `plain` the greeting takes 19.153 ms, the reply to MAIL 9.209 ms, the message 4.591 ms.
#[test]
fn what_is_slow_is_for_the_user_to_say() {
    assert_eq!(codes(&[]), Vec::<String>::new());
    let limits = ["--slow", "greeting=19152us", "--slow", "mail=9.209ms", "--slow", "accept=1ms"];
    assert_eq!(codes(&limits), ["smtp.slow_greeting", "smtp.slow_accept"]);
    assert_eq!(codes(&["--slow", "greeting=1us", "--slow", "greeting=off"]), Vec::<String>::new());
    assert_eq!(code(&run(&["--slow", "lunch=1h", "@plain.pcap"])), 2);
}

#[test]
fn a_connection_where_nobody_speaks_waited_for_the_server() {
    let talk = Talk::open().wait(30_000_000_000).close();
    let report = Runner::keyless().report(wire::pcap(&talk.frames()));
    let split = &report["sessions"][0]["timing"]["attribution"];
    assert!(split["server_ns"].as_i64().expect("a number") > 29_000_000_000, "{split}");
}
