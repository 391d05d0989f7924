//! The views of `show` besides the whole report: packets, hex, tcpflow's console, timing of many.

use std::process::Command;

use proptest::prelude::*;

use crate::cli::{code, run, stderr, stdout};
use crate::lab::{self, testdata};
use crate::wire::{self, Talk};

fn shown(options: &[&str], name: &str) -> String {
    let (keys, capture) = (format!("@{name}.keys"), format!("@{name}.pcap"));
    let mut arguments = options.to_vec();
    if testdata(&keys).exists() {
        arguments.extend(["--keys", &keys]);
    }
    arguments.push(&capture);
    let output = run(&arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output).to_owned()
}

/// Fails unless a page looks as it did when somebody looked at it.
pub(crate) fn assert_looks(name: &str, page: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, page));
}

fn snapshot(name: &str, options: &[&str], capture: &str) {
    let page = shown(options, capture);
    for line in page.lines() {
        assert!(line.chars().count() <= 80, "{line:?}");
        assert!(!line.ends_with(' '), "spaces at the end: {line:?}");
    }
    assert_looks(name, &page);
}

#[test]
fn packets() {
    snapshot("packets", &["--packets"], "auth_login_ok");
}

#[test]
fn packets_of_a_session_that_was_not_opened() {
    snapshot("packets_tls13", &["--packets"], "tls13");
}

#[test]
fn packets_with_their_bytes() {
    snapshot("packets_hex", &["--packets", "--hex"], "plain");
}

#[test]
fn hex() {
    snapshot("hex", &["--hex"], "auth_login_ok");
}

#[test]
fn hex_of_a_revealed_message() {
    snapshot("hex_revealed", &["--hex", "--reveal", "auth,body"], "auth_login_ok");
}

#[test]
fn timing_of_many() {
    snapshot("timing_of_many", &["--timing"], "mixed");
}

#[test]
fn the_list_stands_first() {
    snapshot("list_first", &[], "several_mails");
    let page = shown(&[], "mixed");
    assert!(page.starts_with("== Sessions ="), "{page}");
}

#[test]
fn sessions_of_a_pipe_come_as_they_end() {
    let capture = std::fs::read(testdata("mixed.pcap")).expect("read");
    let mut command = assert_cmd::Command::cargo_bin("smtp-decrypt").expect("the binary");
    let page = command.arg("-").write_stdin(capture).output().expect("it runs").stdout;
    let page = String::from_utf8(page).expect("UTF-8");
    assert!(page.starts_with("== Session "), "{page}");
    assert!(page.contains("\n== Sessions ="), "{page}");
}

#[test]
fn everything_in_detail() {
    snapshot("detail", &["-v"], "tls12_aes128_sha");
}

#[test]
fn times_are_shown_as_asked() {
    // The EHLO of `plain` is frame 6: 2026-11-22T01:54:44.150128 UTC, 19.345 ms after the SYN and
    // 165 us after the greeting, as tshark's frame.time_epoch and differences of it say.
    let cases = [
        ("relative", "19.35 ms   +165 µs     6  C: EHLO"),
        ("delta", "  +165 µs     6  C: EHLO"),
        ("utc", "01:54:44.150128   +165 µs     6  C: EHLO"),
        ("epoch", "1795312484.150128   +165 µs     6  C: EHLO"),
    ];
    for (how, line) in cases {
        let page = shown(&["--time", how], "plain");
        assert!(page.contains(line), "{how}: {page}");
    }
    let output = assert_cmd::Command::cargo_bin("smtp-decrypt")
        .expect("it")
        .current_dir(lab::root())
        .env("TZ", "XXX-05:30")
        .args(lab::arguments(&["--time", "local", "@plain.pcap"]))
        .output()
        .expect("it runs");
    assert!(stdout(&output).contains("07:24:44.150128   +165 µs     6  C: EHLO"));
}

/// Without TLS the bytes that we call the application's are all that tcpflow sees.
#[test]
fn the_console_is_tcpflows() {
    let ours =
        shown(&["--format", "tcpflow", "--color", "always", "--reveal", "auth,body"], "plain");
    let folder = tempfile::tempdir().expect("a folder, for tcpflow leaves a report.xml");
    let capture = testdata("plain.pcap");
    let tcpflow = Command::new("tcpflow")
        .current_dir(folder.path())
        .args(["-c", "-FT", "-g", "-r"])
        .arg(&capture)
        .output();
    let Ok(tcpflow) = tcpflow else { return println!("skipped: tcpflow is not installed") };
    assert_eq!(ours, String::from_utf8(tcpflow.stdout).expect("ASCII"));
}

#[test]
fn the_console_has_what_was_decrypted_with_its_secrets_masked() {
    let page = shown(&["--format", "tcpflow"], "auth_login_ok");
    assert!(page.contains(".40008-127.000.000.001.02587: AUTH LOGIN\r\n\n"), "{page}");
    assert!(page.contains(".40008-127.000.000.001.02587: ************************\r\n\n"));
    assert!(page.contains(": [message of 265 bytes, masked: --reveal body shows it]\n"));
    assert!(page.contains("RCPT TO:<rcpt@example.com>\r\n"));
    assert!(!page.contains('\u{1b}'));
}

const VIEWS: [&[&str]; 5] =
    [&[], &["--packets", "--hex"], &["--hex"], &["--format", "tcpflow"], &["--timing"]];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(lab::cases(12)))]

    #[test]
    fn nothing_hostile_reaches_the_terminal(
        greeting in proptest::collection::vec(any::<u8>(), 0..60),
        name in "[\\PC\\x00-\\x1f\u{7f}-\u{9f}\u{202e}]{0,30}",
        body in proptest::collection::vec(any::<u8>(), 0..90),
    ) {
        let talk = Talk::open()
            .server([b"220 ", greeting.as_slice(), b"\r\n"].concat())
            .client(format!("EHLO {name}\r\n"))
            .server("250 ok\r\n")
            .client([body.as_slice(), b"\r\nQUIT\r\n"].concat())
            .close();
        let (_folder, path) = crate::cli::file("hostile.pcap", wire::pcap(&talk.frames()));
        let path = path.to_str().expect("UTF-8");
        for view in VIEWS {
            let output = run(&[view, &["--reveal", "auth,body", path]].concat());
            let page = stdout(&output).replace("\r\n", "\n");
            let harmful = page.chars().find(|&c| c.is_control() && c != '\n');
            prop_assert_eq!(harmful, None, "{:?}: {:?}", view, page);
            let turned = page.contains('\u{202e}');
            prop_assert!(!turned);
        }
    }
}
