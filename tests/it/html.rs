//! Reports as pages: what is in them, and, where Chromium is installed, how they are used. The
//! browser's part is `tests/browser/report.test.mjs`; it says itself that it was skipped.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::cli::{code, path, run, stderr, stdout};
use crate::lab::{self, testdata};
use crate::wire::Talk;

/// Words that are markup, reorder what stands beside them, or hide.
const HOSTILE: &str = "<script>pwned=1</script><img src=x onerror=pwned=1>\"'&\u{202e}\u{7}";

/// Captures of all outcomes, in one report.
const MANY: &[&str] = &[
    "mixed",
    "several_mails",
    "auth_plain_failed",
    "loss_in_mail",
    "starttls_refused",
    "tls_unknown_ca",
    "rst_after_clienthello",
    "greeting_554",
    "tls13",
];

/// Runs the program on captures of `testdata/`, with their keys.
fn shown(arguments: &[&str], names: &[&str]) -> String {
    let mut arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    for name in names {
        for (option, suffix) in [("--keys", "keys"), ("--keylog", "keylog")] {
            let file = format!("{name}.{suffix}");
            if testdata(&file).exists() {
                arguments.extend([option.to_owned(), lab::shown(&file)]);
            }
        }
    }
    arguments.extend(names.iter().map(|name| lab::shown(&format!("{name}.pcap"))));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let output = run(&arguments);
    assert!(code(&output) <= 1, "{}", stderr(&output));
    stdout(&output).to_owned()
}

fn hostile() -> Vec<u8> {
    Talk::open()
        .server(format!("220 mx.example.com {HOSTILE}\r\n"))
        .client(format!("EHLO {HOSTILE}\r\n"))
        .server(format!("250-mx.example.com\r\n250 X{HOSTILE}\r\n"))
        .client("MAIL FROM:<a@example.org>\r\n")
        .server("250 2.1.0 Ok\r\n")
        .client("RCPT TO:<b@example.com>\r\n")
        .server("250 2.1.5 Ok\r\n")
        .client("DATA\r\n")
        .server("354 go ahead\r\n")
        .client(format!("Subject: {HOSTILE}\r\n\r\n</pre>{HOSTILE}\r\n.\r\n"))
        .server(format!("250 2.0.0 {HOSTILE}\r\n"))
        .client("QUIT\r\n")
        .server("221 2.0.0 Bye\r\n")
        .pcap()
}

fn of_hostile(folder: &Path) -> String {
    let capture = folder.join("<b>hostile.pcap");
    fs::write(&capture, hostile()).expect("a file");
    let capture = capture.to_string_lossy().into_owned();
    let output = run(&["--format", "html", "--reveal", "body", "--hex", "--packets", &capture]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output).to_owned()
}

#[test]
fn nothing_off_the_wire_is_markup() {
    let folder = TempDir::new().expect("a folder");
    let page = of_hostile(folder.path());
    assert!(page.contains("EHLO &#60;script&#62;pwned=1&#60;/script&#62;&#60;img src=x"));
    for harmful in ["<script>pwned", "<img", "<b>hostile", "\u{202e}", "\u{7}"] {
        assert!(!page.contains(harmful), "{harmful:?}");
    }
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.matches("\\u{202e}\\x07").count() > 5, "made visible");
}

#[test]
fn names_that_are_redacted_are_not_on_the_page() {
    let page = shown(&["--format", "html", "--redact", "addresses"], &["port587_swaks"]);
    for name in ["sender@", "rcpt@", "mail.example.com"] {
        assert!(!page.contains(name), "{name}");
    }
}

#[test]
fn passwords_are_masked_unless_revealed() {
    let secret = "AGFsaWNlAHNlY3JldA==";
    let talk = Talk::open()
        .server("220 mx.example.com ESMTP\r\n")
        .client("EHLO c.example.org\r\n")
        .server("250-mx.example.com\r\n250 AUTH PLAIN\r\n")
        .client(format!("AUTH PLAIN {secret}\r\n"))
        .server("235 2.7.0 Ok\r\n");
    let folder = TempDir::new().expect("a folder");
    let capture = folder.path().join("auth.pcap");
    fs::write(&capture, talk.pcap()).expect("a file");
    let capture = capture.to_string_lossy().into_owned();
    let page = |options: &[&str]| {
        let arguments =
            [&["--format", "html", "--hex", "--packets"], options, &[&*capture]].concat();
        stdout(&run(&arguments)).to_owned()
    };
    assert!(!page(&[]).contains(secret));
    assert!(page(&["--reveal", "auth"]).contains(secret));
}

#[test]
fn many_sessions_are_all_in_the_table_and_as_many_as_fit_in_detail() {
    // 346 sessions or more; the page says how many of them it shows in detail.
    let labs = lab::Lab::all();
    let files = labs.iter().flat_map(|lab| &lab.files).map(|file| path(file));
    let of_all = |format| {
        let arguments: Vec<_> =
            ["-q", "--format", format].into_iter().chain(files.clone()).collect();
        stdout(&run(&arguments)).to_owned()
    };
    let page = of_all("html");
    let sessions = of_all("csv").lines().count() - 1;
    let body = &page[page.find("<table class=\"sessions\"").expect("a table")..];
    let table = &body[..body.find("</table>").expect("its end")];
    assert_eq!(table.matches("<tr>").count() - 1, sessions);
    assert_eq!(page.matches("<details class=\"session\"").count(), 200);
    assert!(page.contains(&format!("200 of {sessions} sessions are shown in detail")));
    // Links go somewhere.
    let targets: Vec<_> = page
        .match_indices("href=\"#")
        .map(|(at, found)| {
            let rest = &page[at + found.len()..];
            &rest[..rest.find('"').expect("a quote")]
        })
        .collect();
    for target in targets {
        assert!(page.contains(&format!("id=\"{target}\"")), "#{target}");
    }
}

#[test]
fn the_browser_shows_reports_as_it_should() {
    let folder = TempDir::new().expect("a folder");
    let write =
        |name: &str, page: String| fs::write(folder.path().join(name), page).expect("a file");
    write("overview.html", shown(&["--format", "html"], MANY));
    let views = ["--format", "html", "--packets", "--hex"];
    write("session.html", shown(&views, &["tls12_aes128_sha"]));
    let compare = ["compare", "--format", "html"];
    write("comparison.html", shown(&compare, &["port587_swaks", "tls_unknown_ca"]));
    write("hostile.html", of_hostile(folder.path()));
    if let Some(missing) = missing() {
        println!("skipped: {missing}; .ci/run installs it");
        return;
    }
    let tests = lab::root().join("tests/browser/report.test.mjs");
    let output = Command::new("node")
        .arg("--test")
        .arg(tests)
        .env("REPORTS", folder.path())
        .output()
        .expect("node");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the browser's part needs and is not there.
fn missing() -> Option<&'static str> {
    let has = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    match () {
        () if !has("node") => Some("no node"),
        () if !has("chromium") => Some("no chromium"),
        () if !lab::root().join("tests/browser/node_modules/axe-core").exists() => {
            Some("no packages (npm ci in tests/browser)")
        }
        () => None,
    }
}
