use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const RANDOM: [u8; 32] = [0xab; 32];
const OTHER: [u8; 32] = [0xcd; 32];

fn hex(byte: u8, length: usize) -> String {
    format!("{byte:02x}").repeat(length)
}

/// The log of a text without faults.
fn good(text: &str) -> KeyLog {
    let (log, faults) = KeyLog::parse("k.log", text.as_bytes());
    assert!(faults.is_empty(), "{faults:#?}");
    log
}

fn faults(text: &str) -> Vec<String> {
    let (_, faults) = KeyLog::parse("k.log", text.as_bytes());
    faults.iter().map(ToString::to_string).collect()
}

fn remarks(log: &KeyLog) -> Vec<String> {
    log.remarks().collect()
}

/// The first byte of each secret.
fn firsts<'a>(secrets: impl Iterator<Item = &'a LoggedSecret>) -> Vec<u8> {
    secrets.map(|secret| secret.as_bytes()[0]).collect()
}

fn client_random(random: u8, secret: u8) -> String {
    format!("CLIENT_RANDOM {} {}", hex(random, 32), hex(secret, 48))
}

#[test]
fn every_label_is_found_by_what_finds_it() {
    let mut text = String::from("# made by hand\n\n");
    text += &format!("CLIENT_RANDOM {} {}\n", hex(0xab, 32), hex(1, 48));
    text += &format!("PMS_CLIENT_RANDOM {} {}\n", hex(0xab, 32), hex(2, 130));
    text += &format!("RSA {} {}\n", hex(0xee, 8), hex(3, 48));
    text += &format!("RSA Session-ID:{} Master-Key:{}\n", hex(0xdd, 32), hex(4, 48));
    for (label, secret) in TrafficLabel::ALL.into_iter().zip(5..) {
        text += &format!("{} {} {}\n", label.as_str(), hex(0xab, 32), hex(secret, 48));
    }
    text += &format!("ECH_SECRET {} 00\nECH_CONFIG {} 00\n", hex(1, 32), hex(1, 32));

    let log = good(&text);
    assert_eq!(log.lines(), 11);
    assert_eq!(log.source(Origin::File), "keylog:11 lines");
    assert_eq!(firsts(log.master_secrets(&RANDOM)), [1]);
    assert!(log.master_secrets(&RANDOM).all(|secret| secret.as_48().is_some()));
    let premaster = log.premasters_by_random(&RANDOM).next().unwrap();
    assert_eq!((premaster.as_bytes().len(), premaster.as_48()), (130, None));
    assert_eq!(firsts(log.premasters_by_encrypted(&[0xee; 8])), [3]);
    assert_eq!(firsts(log.master_by_session_id(&[0xdd; 32])), [4]);
    for (label, secret) in TrafficLabel::ALL.into_iter().zip(5..) {
        assert_eq!(firsts(log.traffic_secret(&RANDOM, label)), [secret], "{label:?}");
    }
    assert!(log.has_random(&RANDOM) && !log.has_random(&OTHER));
    assert!(firsts(log.master_secrets(&OTHER)).is_empty());
    assert_eq!(remarks(&log), Vec::<String>::new());
}

#[test]
fn line_ends_case_blanks_and_trailing_text_do_not_matter() {
    let line = client_random(0xab, 0xcf);
    for text in [
        line.clone(),
        format!("{line}\r\n"),
        format!("\u{feff}{line}\r#x\r"),
        line.replace("cf", "CF").replace("ab", "aB"),
        format!("  {}  trailing\n", line.replace(' ', " \t")),
    ] {
        assert_eq!(firsts(good(&text).master_secrets(&RANDOM)), [0xcf], "{text:?}");
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let bad = "CLIENT_RANDOM 00";
    for text in ["#\n\n", "#\r\r", "#\r\n\r\n", "#\n\r\n"] {
        let expected =
            "k.log:3:15: the client random has 2 hexadecimal digits, which is no length of one";
        assert_eq!(faults(&format!("{text}{bad}")), [expected], "{text:?}");
    }
}

#[test]
fn faults_are_located_and_the_other_lines_are_used() {
    let (random, secret) = (hex(0xab, 32), hex(1, 48));
    for (line, fault) in [
        ("CLIENT_RANDOM".to_owned(), "14: the line has no client random"),
        (format!("CLIENT_RANDOM {random}"), "79: the line has no secret"),
        (
            format!("CLIENT_RANDOM {random} {}", &secret[1..]),
            "80: the secret has 95 hexadecimal digits, which is no length of one",
        ),
        (
            format!("CLIENT_RANDOM {random} {secret}CLIENT_RANDOM"),
            "177: the secret has a character that is no hexadecimal digit",
        ),
        (
            format!("CLIENT_RANDOM {random} {}", hex(1, 32)),
            "80: the secret has 64 hexadecimal digits, which is no length of one",
        ),
        (
            format!("SERVER_TRAFFIC_SECRET_0 {random} {}", hex(1, 47)),
            "90: the secret has 94 hexadecimal digits, which is no length of one",
        ),
        (
            format!("RSA {random} {secret}"),
            "5: the encrypted premaster secret has 64 hexadecimal digits, which is no length of one",
        ),
        (format!("RSA Session-ID:{random}"), "80: the line has no Master-Key:"),
        (
            format!("RSA Session-ID:{random}00 Master-Key:{secret}"),
            "16: the session ID has 66 hexadecimal digits, which is no length of one",
        ),
        (
            format!("RSA Session-ID:{random} Master-Key:zz"),
            "92: the secret has a character that is no hexadecimal digit",
        ),
        (
            format!("PMS_CLIENT_RANDOM {random} {}", hex(1, 9000)),
            "1: the line is longer than that of any secret",
        ),
    ] {
        let text = format!("{}\n{line}\n{}\n", client_random(0xab, 1), client_random(0xcd, 2));
        let (log, faults) = KeyLog::parse("k.log", text.as_bytes());
        assert_eq!(faults.len(), 1, "{line}");
        assert_eq!(faults[0].to_string(), format!("k.log:2:{fault}"), "{line}");
        assert_eq!(firsts(log.master_secrets(&OTHER)), [2], "{line}");
    }
}

#[test]
fn many_faults_are_counted_not_told() {
    let faults = faults(&"RSA x\n".repeat(1500));
    assert_eq!(faults.len(), 1001);
    assert_eq!(faults[1000], "k.log: 500 more lines are faulty");
}

#[test]
fn unknown_labels_are_noted_without_what_could_be_a_secret() {
    let text = format!("{}\n{}\nQUIC_FOO 00\nX_Y 1\n", client_random(0xab, 1), hex(0xab, 12));
    let expected = "k.log:3: `QUIC_FOO` is ignored: no known label, as are 2 more";
    assert_eq!(remarks(&good(&text)), [expected]);
}

#[test]
fn what_is_no_key_log_says_so() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIE\n";
    assert_eq!(faults(pem), ["k.log: not a key log: no line of it holds a secret"]);
    assert_eq!(faults("\0\0\nx"), ["k.log: not a key log: the file is binary"]);
    let (_, utf16) = KeyLog::parse("k.log", b"\xff\xfeC\0L\0");
    assert_eq!(utf16[0].to_string(), "k.log: the file is UTF-16 text");
    assert_eq!(remarks(&good("# nothing\n")), ["k.log: the key log holds no secret"]);
    assert_eq!(remarks(&good("")), ["k.log: the key log holds no secret"]);
}

#[test]
fn a_gap_of_zeros_costs_one_line() {
    let text = format!("{}\n\0\0\0{}\n", client_random(0xab, 1), client_random(0xcd, 2));
    assert_eq!(good(&text).lines(), 1);
    let text = format!("{}\nCLIENT_RANDOM \0\n", client_random(0xab, 1));
    assert_eq!(faults(&text).len(), 1);
}

#[test]
fn rivals_are_all_kept_the_last_first_and_remarked() {
    let lines = [1, 2, 1].map(|secret| client_random(0xab, secret)).join("\n");
    let log = good(&lines);
    assert_eq!(firsts(log.master_secrets(&RANDOM)), [2, 1]);
    assert_eq!(log.lines(), 3);
    assert_eq!(
        remarks(&log),
        ["k.log:2: another secret than k.log:1 has for this client random: both are tried"]
    );
}

#[test]
fn rivals_and_remarks_are_bounded() {
    let lines: Vec<_> = (0..100).map(|secret| client_random(0xab, secret)).collect();
    let log = good(&lines.join("\n"));
    let newest: Vec<u8> = (84..100).rev().collect();
    assert_eq!(firsts(log.master_secrets(&RANDOM)), newest);
    assert_eq!(remarks(&log).len(), 21);
    assert_eq!(remarks(&log)[20], "and 79 more");
}

#[test]
fn an_empty_session_id_is_warned_of() {
    let text = format!("RSA Session-ID: Master-Key:{}\n{}", hex(1, 48), client_random(0xab, 1));
    let log = good(&text);
    assert_eq!(log.lines(), 1);
    assert!(remarks(&log)[0].starts_with("k.log:1: a master secret for an empty session ID"));
    assert!(firsts(log.master_by_session_id(&[])).is_empty());
}

#[test]
fn what_s_client_prints_is_a_key_log() {
    let text = format!(
        "CONNECTED(00000003)\nSSL-Session:\n    Protocol  : TLSv1.2\n    Session-ID: {}\n    \
         Session-ID-ctx: \n    Master-Key: {}\n    PSK identity: None\n",
        hex(0xdd, 32).to_uppercase(),
        hex(9, 48).to_uppercase(),
    );
    let log = good(&text);
    assert_eq!(firsts(log.master_by_session_id(&[0xdd; 32])), [9]);
    assert_eq!(remarks(&log), Vec::<String>::new());
}

#[test]
fn lines_that_no_session_asked_for_are_counted() {
    let traffic = format!("EXPORTER_SECRET {} {}", hex(0xab, 32), hex(1, 32));
    let text = format!("{}\n{}\n{traffic}\n", client_random(0xcd, 1), client_random(0xab, 1));
    let log = good(&format!("{text}{text}"));
    assert_eq!(log.unmatched_lines(), 6);
    assert_eq!(log.first_unmatched().unwrap(), "k.log:1");
    assert!(log.has_random(&OTHER));
    assert_eq!((log.unmatched_lines(), log.first_unmatched().unwrap().as_str()), (4, "k.log:2"));
    assert_eq!(log.traffic_secret(&RANDOM, TrafficLabel::ClientEarly).count(), 0);
    assert_eq!((log.unmatched_lines(), log.first_unmatched()), (0, None));
}

#[test]
fn logs_merge_in_their_order() {
    let mut log = good(&client_random(0xab, 1));
    assert!(log.has_random(&RANDOM));
    let text = format!("{}\n{}", client_random(0xab, 2), client_random(0xcd, 3));
    log.merge(KeyLog::parse_dsb(text.as_bytes()).0.known_since(7));
    let found: Vec<_> = log.master_secrets(&RANDOM).map(|s| (s.origin(), s.since())).collect();
    assert_eq!(found, [(Origin::Dsb, 7), (Origin::File, 0)]);
    assert_eq!(log.master_secrets(&OTHER).next().unwrap().place(), "dsb:2");
    assert_eq!((log.lines(), log.file_lines(), log.unmatched_lines()), (3, 1, 0));
    assert!(log.has(Origin::Dsb) && log.source(Origin::Dsb) == "dsb");
    assert_eq!(log.files().collect::<Vec<_>>(), ["k.log", "dsb"]);
}

#[test]
fn a_secret_is_known_since_the_first_that_told_it() {
    let block = |since| KeyLog::parse_dsb(client_random(0xab, 1).as_bytes()).0.known_since(since);
    let mut log = block(9);
    log.merge(block(4));
    let since: Vec<_> = log.master_secrets(&RANDOM).map(LoggedSecret::since).collect();
    assert_eq!(since, [4]);
}

#[test]
fn merging_does_not_depend_on_a_hash() {
    let lines: Vec<_> = (0..60).map(|random| client_random(random, 1)).collect();
    let other: Vec<_> = (0..60).rev().map(|random| client_random(random, 2)).collect();
    let merged = || {
        let mut log = good(&lines.join("\n"));
        log.merge(good(&other.join("\n")));
        remarks(&log)
    };
    let seen: BTreeSet<_> = (0..5).map(|_| merged()).collect();
    assert_eq!(seen.len(), 1);
}

#[test]
fn a_shared_log_grows_while_it_is_read() {
    let shared = SharedKeyLog::default();
    assert!(shared.is_empty() && shared.read().is_none());
    shared.add(KeyLog::parse_dsb(b"").0);
    assert!(shared.is_empty());
    std::thread::scope(|scope| {
        scope.spawn(|| shared.add(good(&client_random(0xab, 1))));
    });
    let log = shared.read().unwrap();
    assert_eq!(firsts(log.master_secrets(&RANDOM)), [1]);
}

#[test]
fn debug_shows_no_secret() {
    let log = good(&client_random(0xab, 0xc7));
    let secret = log.master_secrets(&RANDOM).next().unwrap();
    let shown =
        format!("{secret:?} {log:?} {:?}", SharedKeyLog::new(good(&client_random(1, 0xc7))));
    for trace in ["c7", "199", "171"] {
        assert!(!shown.contains(trace), "{shown}");
    }
    assert!(shown.contains("lines: 1") && shown.contains("k.log:1"));
}

#[test]
fn a_file_is_read_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.log");
    let lines: String =
        (0..2000_u32).map(|i| format!("CLIENT_RANDOM {i:064x} {}\r\n", hex(1, 48))).collect();
    std::fs::write(&path, lines).unwrap();
    let (log, faults) = load(&path).unwrap();
    assert_eq!((log.lines(), faults.len()), (2000, 0));
    assert!(load(folder.path()).is_err(), "a folder");
    assert!(load(&folder.path().join("none")).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in any::<Vec<u8>>()) {
        let _ = KeyLog::parse("x", &bytes);
    }

    #[test]
    fn no_line_that_begins_well_makes_it_panic(
        label in "(CLIENT_RANDOM|PMS_CLIENT_RANDOM|RSA|RSA Session-ID:|Session-ID:|Master-Key:|EXPORTER_SECRET)",
        rest in "[ 0-9a-fA-Fx:\r\n]{0,300}",
    ) {
        let (log, _) = KeyLog::parse("x", format!("{label}{rest}").as_bytes());
        let _ = (remarks(&log), log.first_unmatched());
    }

    #[test]
    fn pieces_of_any_size_make_the_same_log(
        lines in prop::collection::vec((0_u8..4, 0_u8..3, "(\r|\n|\r\n|x\n| y\r\n)"), 1..9),
        size in 1_usize..200,
    ) {
        let text: String =
            lines.iter().map(|(random, secret, end)| client_random(*random, *secret) + end).collect();
        let (whole, whole_faults) = KeyLog::parse("x", text.as_bytes());
        let mut parser = Parser::new("x", Origin::File);
        text.as_bytes().chunks(size).for_each(|piece| parser.feed(piece));
        let (pieced, pieced_faults) = parser.finish();
        prop_assert_eq!(remarks(&whole), remarks(&pieced));
        let told = |faults: &[KeyError]| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        prop_assert_eq!(told(&whole_faults), told(&pieced_faults));
        for random in 0..4 {
            let of = |log: &KeyLog| firsts(log.master_secrets(&[random; 32]));
            prop_assert_eq!(of(&whole), of(&pieced));
        }
    }
}
