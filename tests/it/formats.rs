//! The formats of `show` besides text: all say the same of the same capture.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::cli::{code, run, stderr, stdout};
use crate::lab::{items, testdata};

const MIXED: [&str; 3] = ["--keys", "@mixed.keys", "@mixed.pcap"];

fn shown(format: &str, capture: &[&str]) -> String {
    let output = run(&[&["--format", format], capture].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output).to_owned()
}

fn document(capture: &[&str]) -> Value {
    serde_json::from_str(&shown("json", capture)).expect("JSON")
}

#[test]
fn ndjson_has_the_sessions_of_the_document_a_line_each_and_then_the_rest() {
    let document = document(&MIXED);
    let lines = shown("ndjson", &MIXED);
    let mut lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = lines.pop().expect("a last line");
    for field in ["summary", "captures", "keys", "findings", "schema", "generator"] {
        assert_eq!(last[field], document[field], "{field}");
    }
    lines.sort_by_key(|session| session["id"].as_u64());
    assert_eq!(lines, items(&document["sessions"]));
    assert!(lines.len() > 3, "{} sessions", lines.len());
}

/// The cells of `mixed` have no quotes, so that a comma is a border.
#[test]
fn csv_has_a_row_a_session_with_what_the_document_says() {
    let document = document(&MIXED);
    let csv = shown("csv", &MIXED);
    let mut rows = csv.split_terminator("\r\n").map(|row| row.split(',').collect::<Vec<_>>());
    let titles = rows.next().expect("a header");
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), items(&document["sessions"]).len());
    let column = |title: &str| titles.iter().position(|t| *t == title).expect("a column");
    for row in rows {
        assert_eq!(row.len(), titles.len(), "{row:?}");
        let id: u64 = row[column("id")].parse().expect("a number");
        let session =
            items(&document["sessions"]).iter().find(|s| s["id"] == id).expect("the session");
        let pairs = [
            ("outcome", "/outcome"),
            ("start", "/start"),
            ("protocol", "/protocol"),
            ("server_ip", "/server/ip"),
            ("cipher_suite", "/tls/cipher_suite"),
            ("decryption", "/tls/decryption/status"),
            ("tls_handshake_ns", "/timing/tls_handshake_ns"),
            ("client_ns", "/timing/attribution/client_ns"),
        ];
        for (title, place) in pairs {
            let expected = match session.pointer(place) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            assert_eq!(row[column(title)], expected, "{title} of session {id}");
        }
    }
}

#[test]
fn a_capture_without_sessions_still_has_a_header_and_totals() {
    let (_folder, empty) = crate::cli::file("empty.pcap", crate::wire::pcap(&[]));
    let empty = empty.to_str().expect("UTF-8");
    assert_eq!(shown("csv", &[empty]).lines().count(), 1);
    let lines = shown("ndjson", &[empty]);
    assert_eq!(lines.lines().count(), 1);
    assert!(lines.starts_with("{\"summary\":{"), "{lines}");
}

#[test]
fn an_input_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("capture.pcap");
    fs::copy(testdata("plain.pcap"), &capture).expect("copied");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&capture, &link).expect("linked");
    let before = fs::read(&capture).expect("read");
    let name = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    for output in [&capture, &link] {
        let output = run(&["-o", &name(output), &name(&capture)]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("would overwrite the input"), "{}", stderr(&output));
    }
    assert_eq!(fs::read(&capture).expect("read"), before);
}

#[test]
fn what_is_revealed_is_for_the_user_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.txt");
    fs::write(&path, "old").expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
    let mode = || path.metadata().expect("there").permissions().mode() & 0o777;
    let name = path.to_str().expect("UTF-8");
    assert_eq!(code(&run(&["-o", name, "@plain.pcap"])), 0);
    assert_eq!(mode(), 0o644);
    assert_eq!(code(&run(&["-o", name, "--reveal", "body", "@plain.pcap"])), 0);
    assert_eq!(mode(), 0o600);
    assert!(fs::read_to_string(&path).expect("read").starts_with("== Session 1"));
}
