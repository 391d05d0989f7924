//! The library as others use it: its examples, and its interface on paper.

use std::ffi::OsString;
use std::fs::File;

use serde_json::Value;
use smtp_decrypt::{KeySource, Reader, SecretBytes};

use crate::lab::{self, Lab, testdata};

#[path = "../../examples/failures.rs"]
#[allow(dead_code, reason = "`main` is for cargo")]
mod failures;
#[path = "../../examples/live.rs"]
#[allow(dead_code, reason = "`main` is for cargo")]
mod live;
#[path = "../../examples/sessions.rs"]
#[allow(dead_code, reason = "`main` is for cargo")]
mod sessions;

fn arguments(names: &[&str]) -> impl Iterator<Item = OsString> + use<> {
    let paths: Vec<_> = names.iter().map(|name| testdata(name).into_os_string()).collect();
    paths.into_iter()
}

fn printed(run: impl FnOnce(&mut Vec<u8>) -> Result<(), Box<dyn std::error::Error>>) -> String {
    let mut out = Vec::new();
    run(&mut out).expect("it runs");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_example_of_sessions_prints_a_line_of_each() {
    let lines = printed(|out| sessions::run(arguments(&["mixed.keys", "mixed.pcap"]), out));
    // testdata/README.md: plain, RSA, ECDHE, TLS 1.3; the key alone opens the second.
    assert_eq!(
        lines,
        "1 delivered 1 no TLS\n2 delivered 1 decrypted\n3 unknown 0 none\n4 unknown 0 none\n"
    );
}

#[test]
fn the_example_of_failures_says_why_without_a_key() {
    let lines = printed(|out| failures::run(arguments(&["starttls_refused.pcap"]), out));
    assert!(lines.contains("session 1: ") && lines.contains("smtp.starttls_refused"), "{lines}");
    let cut = printed(|out| failures::run(arguments(&["truncated_file.pcap"]), out));
    assert!(cut.contains("truncated_file.pcap was not read to its end"), "{cut}");
}

#[test]
fn the_example_of_a_pipe_stops_at_the_first_delivery() {
    let source = File::open(testdata("mixed.pcap")).expect("open");
    let text = printed(|out| live::run(source, out));
    let session: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&session["id"], &session["outcome"]), (&1.into(), &"delivered".into()));
}

#[test]
fn sessions_that_nobody_takes_do_not_hold_the_reader_up() {
    let mut reader = Reader::open([testdata("mixed.pcap")]).expect("readable");
    let lab = Lab::load("mixed");
    assert!(reader.load_keys(&[KeySource::List(lab.keys.expect("keys"))]).is_empty());
    let mut sessions = reader.sessions();
    assert_eq!(sessions.next().map(|session| session.id), Some(1));
    assert_eq!(sessions.conclude().summary.sessions, lab.connections.len() as u64);
}

#[test]
fn what_is_wrong_with_keys_is_told_and_the_others_serve() {
    let mut reader = Reader::open([testdata("mixed.pcap")]).expect("readable");
    let sources = [testdata("no-such.key"), testdata("pki/server.key")].map(KeySource::KeyFile);
    assert_eq!(reader.load_keys(&sources).len(), 1);
    assert_eq!(reader.read(|_| std::ops::ControlFlow::Continue(())).keys[0].sessions_opened, 1);
}

#[test]
fn a_missing_capture_is_an_error_where_it_is_asked_for() {
    let error = Reader::open([testdata("mixed.pcap"), testdata("no-such.pcap")]).err();
    let told = error.expect("an error").to_string();
    assert!(told.contains("no-such.pcap\": No such file"), "{told}");
}

#[test]
fn captures_and_keys_in_memory_tell_what_their_files_tell() {
    let bytes = |name| std::fs::read(testdata(name)).expect("a file");
    let sessions = |mut reader: Reader, key| {
        assert!(reader.load_keys(&[key]).is_empty());
        let mut sessions: Vec<_> = reader.sessions().collect();
        sessions.sort_by_key(|session| session.id);
        let smtp = sessions.into_iter().map(|session| (session.outcome.name(), session.smtp));
        serde_json::to_value(smtp.collect::<Vec<_>>()).expect("JSON")
    };
    let key = SecretBytes::new("server.key", &bytes("pki/server.key"));
    let memory =
        sessions(Reader::from_bytes("mixed.pcap", bytes("mixed.pcap")), KeySource::KeyBytes(key));
    let reader = Reader::open([testdata("mixed.pcap")]).expect("readable");
    assert_eq!(memory, sessions(reader, KeySource::KeyFile(testdata("pki/server.key"))));
    assert_eq!(memory[1][0], "delivered", "the key opened it");
}

/// The files that make the interface.
const INTERFACE: &[&str] = &["src/lib.rs", "src/model.rs", "src/reader.rs"];

/// Items of a source that others can name, up to their bodies, as rustfmt writes them.
fn interface(source: &str) -> String {
    let starts = ["pub fn ", "pub struct ", "pub enum ", "pub use ", "pub mod ", "impl"];
    let source = source.replace("#[cfg_attr(doc, doc(hidden))]\npub mod", "mod");
    let source = source.replace("#[doc(hidden)]\npub use", "use");
    let (mut items, mut end) = (String::new(), None);
    for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
        if starts.iter().any(|start| line.trim_start().starts_with(start)) {
            end = Some(if line.contains("pub use ") { ';' } else { '{' });
        }
        let Some(last) = end else { continue };
        items += &format!("{line}\n");
        end = end.filter(|_| !line.ends_with([last, ';']));
    }
    items
}

/// `cargo public-api` would need a nightly compiler. These few files are all of the interface but
/// for the fields of the model, which `docs/report.schema.json` holds.
#[test]
fn the_interface_is_as_it_was() {
    let of =
        |file: &&str| format!("// {file}\n{}", interface(&lab::read_text(&lab::root().join(file))));
    insta::assert_snapshot!("interface", INTERFACE.iter().map(of).collect::<String>());
}
