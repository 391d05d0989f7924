//! `compare`: the divergence that was made is the one that is told, chance is none, and each field
//! that is compared is seen.

use std::net::SocketAddr;

use proptest::prelude::*;
use serde_json::Value;
use smtp_decrypt::compare::{Comparison, Side, Tolerance, Topic, compare};
use smtp_decrypt::report::{AlertLevel, ResumptionMethod, SessionReport, TlsMode};

use crate::cli::{code, complaints, file, path, run, stdout};
use crate::lab::{self, Lab};
use crate::run::Runner;
use crate::schema;
use crate::views::assert_looks;
use crate::wire::{self, Frame};

fn side(sessions: &[SessionReport]) -> Side {
    let mut side = Side::default();
    sessions.iter().for_each(|session| side.add(session));
    side
}

fn compared(good: &[SessionReport], bad: &[SessionReport]) -> Comparison {
    compare(&side(good), &side(bad), &Tolerance::default())
}

fn sessions(name: &str) -> Vec<SessionReport> {
    let lab = Lab::load(name);
    Runner::with_keys_and_log_of(&lab).sessions_of_files(&lab.files)
}

/// A good capture, a bad one, and what the truth of the bad one says was done, in the words in which
/// the first sentence must say it.
const PAIRS: &[(&str, &str, &[&str])] = &[
    ("tiny_segments", "tls_handshake_failed", &["server", "fatal alert handshake_failure"]),
    ("tiny_segments", "tls_unknown_ca", &["client", "fatal alert unknown_ca"]),
    ("tiny_segments", "starttls_refused", &["reply to STARTTLS", "454"]),
    ("tiny_segments", "greeting_554", &["greeting", "554"]),
    ("tiny_segments", "rst_after_clienthello", &["server", "reset the connection"]),
    ("auth_login_ok", "auth_plain_failed", &["AUTH", "535"]),
];

#[test]
fn the_divergence_that_was_made_is_the_one_that_is_told() {
    for (good, bad, words) in PAIRS {
        let comparison = compared(&sessions(good), &sessions(bad));
        println!("{good} / {bad}: {}", comparison.sentence);
        assert!(!comparison.same);
        schema::assert_valid_of("compare", &comparison);
        for word in *words {
            assert!(comparison.sentence.contains(word), "no {word:?} in {}", comparison.sentence);
        }
    }
}

#[test]
fn a_capture_beside_itself_is_the_same() {
    for lab in Lab::all() {
        let read = || Runner::with_keys_and_log_of(&lab).sessions_of_files(&lab.files);
        let comparison = compared(&read(), &read());
        assert!(comparison.same, "{}: {}", lab.name, comparison.sentence);
        assert!(comparison.first_divergence.is_none(), "{}", lab.name);
        assert!(comparison.differences.is_empty(), "{}", lab.name);
    }
}

/// What is drawn for a disguise: the client's port, by how much each end counts on, how much later
/// it was, and which neighbours change places in the file.
#[derive(Clone, Debug)]
struct Disguise {
    port: u16,
    numbers: [u32; 2],
    later: i64,
    swaps: Vec<bool>,
}

impl Disguise {
    /// The frames of one connection that begins with the client's SYN.
    fn of(&self, frames: &[Frame]) -> Vec<Frame> {
        let client = frames[0].source;
        let mut frames: Vec<_> = frames.iter().map(|frame| self.moved(frame, client)).collect();
        for at in 1..frames.len() {
            if self.swaps[at] {
                frames.swap(at - 1, at);
            }
        }
        frames
    }

    fn moved(&self, frame: &Frame, client: SocketAddr) -> Frame {
        let mut frame = frame.clone();
        let mine = usize::from(frame.source != client);
        for end in [&mut frame.source, &mut frame.destination] {
            if *end == client {
                end.set_port(self.port);
            }
        }
        frame.seq = frame.seq.wrapping_add(self.numbers[mine]);
        if frame.flags & wire::ACK != 0 {
            frame.ack = frame.ack.wrapping_add(self.numbers[1 - mine]);
        }
        frame.ts += self.later;
        frame
    }
}

fn disguise(frames: usize) -> impl Strategy<Value = Disguise> {
    let swaps = prop::collection::vec(prop::bool::weighted(0.2), frames);
    (10_000..60_000_u16, any::<[u32; 2]>(), 0..86_400_000_000_000_i64, swaps)
        .prop_map(|(port, numbers, later, swaps)| Disguise { port, numbers, later, swaps })
}

/// One connection each. The server's port stays: the key lists name it.
const DISGUISED: &[&str] =
    &["tls12_aes128_sha", "port465_wrapper", "auth_login_ok", "starttls_refused", "lmtp", "plain"];

#[test]
fn other_ports_numbers_times_and_order_are_no_difference() {
    for name in DISGUISED {
        let lab = Lab::load(name);
        let runner = Runner::with_keys_of(&lab);
        let frames = wire::frames_of(&lab.files);
        let good = runner.sessions(wire::pcap(&frames));
        let config = ProptestConfig {
            cases: lab::cases(12),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(disguise in disguise(frames.len()))| {
            let bad = runner.sessions(wire::pcap(&disguise.of(&frames)));
            let comparison = compared(&good, &bad);
            prop_assert!(comparison.same, "{name}: {} {:#?}", comparison.sentence,
                comparison.differences);
            prop_assert!(!comparison.ignored.is_empty());
        });
    }
}

type Change = (&'static str, Topic, fn(&mut SessionReport));

macro_rules! tls {
    ($session:ident) => {
        $session.tls.as_mut().expect("TLS")
    };
}

macro_rules! hello {
    ($session:ident) => {
        tls!($session).client_hello.as_mut().expect("a ClientHello")
    };
}

macro_rules! smtp {
    ($session:ident) => {
        $session.smtp.as_mut().expect("a dialogue")
    };
}

/// A change of each field that is compared, and the topic under which it must be found.
const CHANGES: &[Change] = &[
    ("suites", Topic::ClientOffer, |s| hello!(s).cipher_suites.push("TLS_X".into())),
    ("order of suites", Topic::ClientOffer, |s| hello!(s).cipher_suites.reverse()),
    ("hello version", Topic::ClientOffer, |s| hello!(s).version = "TLSv1.1".into()),
    ("extensions", Topic::ClientOffer, |s| hello!(s).extensions.push("x".into())),
    ("groups", Topic::ClientOffer, |s| hello!(s).groups.push("x".into())),
    ("signature algorithms", Topic::ClientOffer, |s| {
        hello!(s).signature_algorithms.push("x".into())
    }),
    ("ALPN", Topic::ClientOffer, |s| hello!(s).alpn.push("smtp".into())),
    ("SNI", Topic::ClientOffer, |s| hello!(s).server_name = Some("x.example".into())),
    ("versions", Topic::ClientOffer, |s| hello!(s).supported_versions.push("TLSv1.3".into())),
    ("format", Topic::ClientOffer, |s| hello!(s).ssl2_format = true),
    ("client certificate", Topic::ClientOffer, |s| tls!(s).client_certificate_sent = true),
    ("version", Topic::ServerChoice, |s| tls!(s).version = Some("TLSv1.1".into())),
    ("suite", Topic::ServerChoice, |s| tls!(s).cipher_suite = Some("TLS_X".into())),
    ("key exchange", Topic::ServerChoice, |s| tls!(s).key_exchange = Some("DHE")),
    ("resumed", Topic::ServerChoice, |s| tls!(s).resumed = Some(ResumptionMethod::Ticket)),
    ("EMS", Topic::ServerChoice, |s| tls!(s).extended_master_secret ^= true),
    ("EtM", Topic::ServerChoice, |s| tls!(s).encrypt_then_mac ^= true),
    ("mode", Topic::ServerChoice, |s| tls!(s).mode = TlsMode::Implicit),
    ("asked for a certificate", Topic::ServerChoice, |s| {
        tls!(s).client_certificate_requested = true
    }),
    ("renegotiations", Topic::ServerChoice, |s| tls!(s).renegotiations += 1),
    ("server extensions", Topic::ServerChoice, |s| {
        tls!(s).server_hello.as_mut().expect("a ServerHello").extensions.push("x".into());
    }),
    ("issuer", Topic::Certificate, |s| tls!(s).certificates[0].issuer.push('x')),
    ("subject", Topic::Certificate, |s| tls!(s).certificates[0].subject.push('x')),
    ("names", Topic::Certificate, |s| tls!(s).certificates[0].subject_alt_names.push("x".into())),
    ("serial", Topic::Certificate, |s| tls!(s).certificates[0].serial.push('x')),
    ("key bits", Topic::Certificate, |s| tls!(s).certificates[0].key_bits += 1),
    ("key algorithm", Topic::Certificate, |s| tls!(s).certificates[0].key_algorithm.push('x')),
    ("digest", Topic::Certificate, |s| tls!(s).certificates[0].sha256.push('x')),
    ("key digest", Topic::Certificate, |s| tls!(s).certificates[0].spki_sha256.push('x')),
    ("not after", Topic::Certificate, |s| tls!(s).certificates[0].not_after.0 += 1),
    ("not before", Topic::Certificate, |s| tls!(s).certificates[0].not_before.0 += 1),
    ("chain", Topic::Certificate, |s| _ = tls!(s).certificates.pop()),
    ("alert", Topic::Alert, |s| {
        let alert = &mut tls!(s).alerts[0];
        (alert.level, alert.description) = (Some(AlertLevel::Fatal), Some("decode_error".into()));
    }),
    ("capability", Topic::Ehlo, |s| {
        let lines = &mut smtp!(s).exchanges[1].reply.as_mut().expect("a reply").lines;
        lines.insert(1, "250-X-NEW".into());
    }),
    ("capability inside TLS", Topic::Ehlo, |s| {
        let inside = smtp!(s).exchanges.iter_mut().find(|e| e.encrypted).expect("EHLO inside");
        inside.reply.as_mut().expect("a reply").lines.insert(1, "250-X-NEW".into());
    }),
    ("reply code", Topic::Reply, |s| {
        smtp!(s).exchanges[1].reply.as_mut().expect("a reply").code = 451;
    }),
    ("enhanced code", Topic::Reply, |s| {
        smtp!(s).exchanges[1].reply.as_mut().expect("a reply").enhanced = Some("9.9.9".into());
    }),
    ("reply text", Topic::Content, |s| {
        smtp!(s).exchanges[0].reply.as_mut().expect("a reply").lines[0].push_str(" again");
    }),
    ("command", Topic::Content, |s| {
        smtp!(s).exchanges[1].command.as_mut().expect("a command").push('x');
    }),
    ("a command more", Topic::Course, |s| {
        let again = smtp!(s).exchanges[1].clone();
        smtp!(s).exchanges.push(again);
    }),
    ("retransmission", Topic::Tcp, |s| s.tcp.retransmissions.server += 4),
    ("loss", Topic::Tcp, |s| s.tcp.lost_bytes.client += 100),
    ("closed window", Topic::Tcp, |s| s.tcp.zero_windows.client += 9),
    ("greeting time", Topic::Timing, |s| s.timing.greeting_ns = Some(3_000_000_000)),
    ("server flight", Topic::Timing, |s| s.timing.tls_server_flight_ns = Some(3_000_000_000)),
    ("client flight", Topic::Timing, |s| s.timing.tls_client_flight_ns = Some(3_000_000_000)),
    ("final reply", Topic::Timing, |s| s.timing.data_accept_ns = Some(3_000_000_000)),
    ("client's turns", Topic::Timing, |s| s.timing.attribution.client_ns += 3_000_000_000),
];

#[test]
fn a_change_of_each_compared_field_is_found_under_its_topic() {
    let good = sessions("tls12_aes128_gcm_sha256");
    for (name, topic, change) in CHANGES {
        let mut bad = sessions("tls12_aes128_gcm_sha256");
        change(&mut bad[0]);
        let comparison = compared(&good, &bad);
        assert!(!comparison.same, "{name} is not seen");
        let topics: Vec<_> = comparison.differences.iter().map(|d| d.topic).collect();
        assert!(topics.contains(topic), "{name} is told as {topics:?}");
        let back = compared(&bad, &good);
        assert!(!back.same, "{name} is not seen the other way round");
    }
}

#[test]
fn any_two_changes_are_both_found() {
    let good = sessions("tls12_aes128_gcm_sha256");
    // A change of course hides what would have come after it.
    let quiet = |topic: Topic| ![Topic::Course, Topic::Alert, Topic::Timing].contains(&topic);
    let of_values: Vec<_> = CHANGES
        .iter()
        .filter(|(name, topic, _)| {
            quiet(*topic) && !["reply code", "version", "suite", "chain"].contains(name)
        })
        .collect();
    let pair = (0..of_values.len(), 0..of_values.len());
    let config =
        ProptestConfig { cases: lab::cases(40), failure_persistence: None, ..Default::default() };
    proptest!(config, |((a, b) in pair)| {
        let mut bad = sessions("tls12_aes128_gcm_sha256");
        of_values[a].2(&mut bad[0]);
        of_values[b].2(&mut bad[0]);
        // A change and its reverse are none.
        prop_assume!(a != b);
        let comparison = compared(&good, &bad);
        for at in [a, b] {
            let (name, topic, _) = of_values[at];
            prop_assert!(comparison.differences.iter().any(|d| d.topic == *topic), "{name}");
        }
    });
}

const GOOD: &str = "@tls12_aes128_sha.pcap";
const KEYS: &str = "@tls12_aes128_sha.keys";

#[test]
fn the_command_exits_with_0_for_the_same_and_1_for_a_difference() {
    let same = run(&["compare", "--keys", KEYS, GOOD, GOOD]);
    assert_eq!((code(&same), complaints(&same)), (0, String::new()));
    assert!(stdout(&same).contains("The negotiations are the same."), "{}", stdout(&same));
    assert!(stdout(&same).contains("never compared: randoms"), "{}", stdout(&same));
    let other = run(&["compare", "-q", "--keys", KEYS, GOOD, "@starttls_refused.pcap"]);
    assert_eq!(code(&other), 1);
}

#[test]
fn misuse_of_compare_exits_with_2() {
    for arguments in [
        &["compare", GOOD][..],
        &["compare", GOOD, GOOD, GOOD],
        &["compare", "--good-session", "7", GOOD, GOOD],
        &["compare", "--floor", "soon", GOOD, GOOD],
        &["compare", "--tolerance", "0.5", GOOD, GOOD],
        &["compare", "-", "-"],
    ] {
        assert_eq!(code(&run(arguments)), 2, "{arguments:?}");
    }
    assert_eq!(code(&run(&["compare", GOOD, "no-such-file"])), 3);
}

#[test]
fn the_document_has_the_sentence_and_no_line_is_wider_than_the_page() {
    let pair = ["@mixed.pcap", "@rcpt_rejected.pcap"];
    let json = run(&["compare", "-q", "--format", "json", pair[0], pair[1]]);
    let document: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    schema::assert_valid_of("compare", &document);
    assert_eq!(document["same"], false);
    assert_eq!(document["good"]["sessions"], 4);
    for width in ["80", "120"] {
        let text = run(&["compare", "-q", "--width", width, pair[0], pair[1]]);
        let widest = stdout(&text).lines().map(|line| line.chars().count()).max();
        assert!(widest <= width.parse().ok(), "{widest:?} columns");
        // Wrapped, but with nothing left off.
        let flat = stdout(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(lab::text(&document["sentence"])), "{flat}");
    }
}

#[test]
fn the_steps_stand_side_by_side_at_80_and_120_columns() {
    let pair = ["@tiny_segments.pcap", "@tls_unknown_ca.pcap"];
    for (name, width) in [("compare_80", "80"), ("compare_120", "120")] {
        let keys = "@tiny_segments.keys";
        let text = run(&["compare", "-q", "--width", width, "--keys", keys, pair[0], pair[1]]);
        assert_looks(name, stdout(&text));
    }
}

/// Each session with a sender and a host name of its own, and packets lost at random.
fn of_many_senders(name: &str, count: u64) -> Vec<SessionReport> {
    let mut many = Vec::new();
    for id in 1..=count {
        let mut session = sessions(name).remove(0);
        session.id = id;
        session.tcp.retransmissions.client = id % 3;
        for exchange in session.smtp.iter_mut().flat_map(|smtp| &mut smtp.exchanges) {
            let Some(command) = &mut exchange.command else { continue };
            *command = command.replace("sender", &format!("sender{id}"));
        }
        many.push(session);
    }
    many
}

#[test]
fn many_senders_are_one_way_to_negotiate() {
    let good = of_many_senders("tls12_aes128_sha", 30);
    let comparison = compared(&good, &good[10..]);
    assert!(comparison.same, "{}", comparison.sentence);
    assert_eq!(comparison.population.expect("many sessions").shapes.len(), 1);
}

/// A thousand ways are told apart; a capture of more, beside itself, still is the same.
#[test]
fn more_ways_than_are_told_apart_are_no_difference() {
    let mut many = Vec::new();
    for id in 1..=1_100 {
        let mut session = sessions("greeting_554").remove(0);
        session.id = id;
        let smtp = session.smtp.as_mut().expect("a dialogue");
        for exchange in &mut smtp.exchanges {
            let reply = exchange.reply.as_mut().expect("a reply");
            reply.code = 400 + u16::try_from(id).expect("small");
        }
        many.push(session);
    }
    let comparison = compared(&many, &many);
    assert!(comparison.same, "{}", comparison.sentence);
    assert!(comparison.notes.iter().any(|note| note.contains("(1000)")), "{:?}", comparison.notes);
}

#[test]
fn sides_of_many_sessions_are_compared_as_wholes() {
    let good = sessions("rcpt_rejected");
    let comparison = compared(&good, &good);
    assert!(comparison.same, "{}", comparison.sentence);
    let population = comparison.population.expect("two sessions on a side");
    assert!(population.shares.iter().any(|share| share.field == "outcome"));
    let mut slow = sessions("rcpt_rejected");
    slow.iter_mut().for_each(|session| session.timing.greeting_ns = Some(5_000_000_000));
    let comparison = compared(&good, &slow);
    assert!(!comparison.same);
    assert!(comparison.sentence.contains("greeting_ns"), "{}", comparison.sentence);
    let population = comparison.population.expect("a population");
    assert_eq!(population.outliers.len(), 2);
}

/// Session 2 resumes session 1: what differs is that, and not what a resumed handshake lacks.
#[test]
fn a_resumed_session_beside_a_full_one_is_told_as_resumed() {
    let both = sessions("resume_ticket");
    let resumed = both.iter().find(|s| s.tls.as_ref().is_some_and(|tls| tls.resumed.is_some()));
    let full = both.iter().find(|s| s.tls.as_ref().is_some_and(|tls| tls.resumed.is_none()));
    let (full, resumed) = (full.expect("a full one").clone(), resumed.expect("one").clone());
    let comparison = compared(&[full], &[resumed]);
    assert!(
        comparison.sentence.contains("resumed: none in the good session, ticket"),
        "{}",
        comparison.sentence
    );
    assert!(
        !comparison.differences.iter().any(|d| d.topic == Topic::Certificate),
        "no layer, no difference"
    );
}

#[test]
fn what_was_agreed_leads_before_what_was_offered() {
    let good = sessions("tls12_aes128_gcm_sha256");
    let mut bad = sessions("tls12_aes128_gcm_sha256");
    hello_of(&mut bad[0]).extensions.push("padding".into());
    hello_of(&mut bad[0]).cipher_suites.push("TLS_X".into());
    bad[0].tls.as_mut().expect("TLS").certificates[0].key_bits = 4096;
    let sentence = compared(&good, &bad).sentence;
    assert!(
        sentence.starts_with("The negotiations part at Certificate: key: RSA 2048"),
        "{sentence}"
    );
}

fn hello_of(session: &mut SessionReport) -> &mut smtp_decrypt::report::ClientHelloReport {
    session.tls.as_mut().expect("TLS").client_hello.as_mut().expect("a ClientHello")
}

/// RFC 7685: padding says nothing.
#[test]
fn padding_is_no_difference() {
    let good = sessions("tls12_aes128_gcm_sha256");
    let mut bad = sessions("tls12_aes128_gcm_sha256");
    hello_of(&mut bad[0]).extensions.push("padding".into());
    assert!(compared(&good, &bad).same);
}

/// Renewed within a day: told as a difference, but no divergence.
#[test]
fn dates_within_a_day_part_nobody() {
    let good = sessions("tls12_aes128_gcm_sha256");
    let mut bad = sessions("tls12_aes128_gcm_sha256");
    bad[0].tls.as_mut().expect("TLS").certificates[0].not_after.0 += 3_600_000_000_000;
    let comparison = compared(&good, &bad);
    assert!(comparison.first_divergence.is_none(), "{}", comparison.sentence);
    assert!(comparison.sentence.contains("means nothing"), "{}", comparison.sentence);
}

/// The tools that made these ended the connection before there was a session.
#[test]
fn a_side_that_never_became_a_session_is_told_as_what_it_is() {
    let good = sessions("tls12_aes128_gcm_sha256");
    let told: &[(&str, &[&str])] = &[
        ("bad_connection_refused", &["TCP connection", "RST"]),
        ("bad_syn_unanswered", &["TCP connection", "answered none of 4 connection attempts (SYN)"]),
        ("bad_greeting_421", &["greeting", "421"]),
        ("bad_no_greeting", &["no greeting within"]),
    ];
    for (name, words) in told {
        let sentence = compared(&good, &sessions(name)).sentence;
        let first = sentence.split(". There").next().expect("a sentence");
        for word in *words {
            assert!(first.contains(word), "{name}: no {word:?} in {first}");
        }
    }
}

/// What the network takes is not the fault of an end: the shares of the whole tell.
#[test]
fn time_that_the_network_took_is_blamed_on_the_network() {
    let good = sessions("tls12_aes128_gcm_sha256");
    let mut bad = sessions("tls12_aes128_gcm_sha256");
    let wait = 2_000_000_000;
    bad[0].timing.data_transfer_ns = bad[0].timing.data_transfer_ns.map(|ns| ns + wait);
    bad[0].timing.attribution.network_ns += wait;
    bad[0].timing.total_ns += wait;
    let sentence = compared(&good, &bad).sentence;
    assert!(sentence.contains("The network was being waited for"), "{sentence}");
    bad[0].timing.attribution.network_ns -= wait;
    bad[0].timing.attribution.client_ns += wait;
    let sentence = compared(&good, &bad).sentence;
    assert!(sentence.contains("The client was being waited for"), "{sentence}");
}

#[test]
fn failures_of_many_are_grouped_by_cause_beside_the_nearest_good_one() {
    let good = of_many_senders("tls12_aes128_sha", 3);
    let mut bad = of_many_senders("tls12_aes128_sha", 2);
    for (name, count) in [("tls_unknown_ca", 3), ("starttls_refused", 2)] {
        for _ in 0..count {
            let mut session = sessions(name).remove(0);
            session.id = bad.len() as u64 + 1;
            bad.push(session);
        }
    }
    let comparison = compared(&good, &bad);
    schema::assert_valid_of("compare", &comparison);
    assert!(
        comparison.sentence.contains("5 bad sessions fail in 2 ways"),
        "{}",
        comparison.sentence
    );
    let groups = comparison.population.expect("many sessions").groups;
    let told: Vec<_> =
        groups.iter().map(|g| (g.code.as_deref(), g.sessions, &g.named[..])).collect();
    assert_eq!(told[0], (Some("tls.unknown_ca"), 3, &[3, 4, 5][..]));
    assert_eq!(told[1], (Some("smtp.starttls_refused"), 2, &[6, 7][..]));
    assert!(groups.iter().all(|group| group.nearest_good == Some(1)));
}

#[test]
fn a_saved_report_stands_for_a_capture_on_either_side() {
    for format in ["json", "ndjson"] {
        let saved = run(&["-q", "--format", format, "--keys", KEYS, GOOD]);
        let (_folder, report) = file("good.json", &saved.stdout);
        for pair in [[path(&report), GOOD], [GOOD, path(&report)]] {
            let same = run(&["compare", "-q", "--keys", KEYS, pair[0], pair[1]]);
            assert_eq!(code(&same), 0, "{}", stdout(&same));
        }
        let other = run(&["compare", "-q", path(&report), "@starttls_refused.pcap"]);
        let of_captures = run(&["compare", "-q", "--keys", KEYS, GOOD, "@starttls_refused.pcap"]);
        assert_eq!(stdout(&other), stdout(&of_captures));
    }
    let (_folder, foreign) = file("foreign.json", r#"{"schema": "another"}"#);
    let wrong = run(&["compare", "-q", path(&foreign), GOOD]);
    assert_eq!(code(&wrong), 2);
    assert!(complaints(&wrong).contains("no report of smtp-decrypt"), "{}", complaints(&wrong));
}
