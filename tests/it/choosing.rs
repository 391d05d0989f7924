//! Sessions chosen by what came of them and by their server, the list of them, and what is said to who
//! has typed something near it.

use serde_json::Value;

use crate::cli::{code, run, stderr, stdout};
use crate::lab::items;

const FAILED: &str = "@bad_cipher.pcap";
const DELIVERED: &str = "@plain.pcap";

/// Outcome and server of the sessions shown.
fn shown(arguments: &[&str]) -> Vec<(String, String)> {
    let line = [&["--format", "json"], arguments, &[FAILED, DELIVERED]].concat();
    let output = run(&line);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let of = |session: &Value| {
        let (ip, port) = (&session["server"]["ip"], &session["server"]["port"]);
        let outcome = session["outcome"].as_str().expect("a name").to_owned();
        (outcome, format!("{}:{port}", ip.as_str().expect("an address")))
    };
    items(&report["sessions"]).iter().map(of).collect()
}

#[test]
fn sessions_are_chosen_by_what_came_of_them() {
    let outcomes = |arguments: &[&str]| -> Vec<String> {
        shown(arguments).into_iter().map(|(outcome, _)| outcome).collect()
    };
    let mut all = outcomes(&[]);
    all.sort();
    assert_eq!(all, ["delivered", "tls_failed"]);
    assert_eq!(outcomes(&["--outcome", "failed"]), ["tls_failed"]);
    assert_eq!(outcomes(&["--outcome", "delivered"]), ["delivered"]);
    assert_eq!(outcomes(&["--outcome", "tls_failed,delivered"]).len(), 2);
    assert!(outcomes(&["--outcome", "rejected"]).is_empty());
    let none = run(&["--outcome", "rejected", FAILED, DELIVERED]);
    assert!(stderr(&none).contains("without them there are 2"), "{}", stderr(&none));
    let unknown = run(&["--outcome", "fine", DELIVERED]);
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("starttls_refused"), "{}", stderr(&unknown));
}

#[test]
fn sessions_are_chosen_by_their_server_and_not_by_who_else_has_its_address() {
    let all = shown(&[]);
    let (_, first) = &all[0];
    let with_port: Vec<_> = all.iter().filter(|(_, server)| server == first).cloned().collect();
    assert_eq!(shown(&["--server", first]), with_port);
    assert_eq!(shown(&["--server", "127.0.0.1"]), all);
    assert!(shown(&["--server", "127.0.0.1:1"]).is_empty());
    assert!(shown(&["--server", "192.0.2.1"]).is_empty());
}

#[test]
fn the_list_is_a_line_a_session_and_the_totals() {
    let list = run(&["--list", FAILED, DELIVERED]);
    let text = stdout(&list);
    assert!(text.starts_with("== Sessions ==") && text.contains("== Summary =="), "{text}");
    assert!(!text.contains("== Session 1") && text.contains("tls_failed"), "{text}");
    let alone = run(&["--list", DELIVERED]);
    assert!(stdout(&alone).contains("delivered"), "{}", stdout(&alone));
    assert_eq!(code(&run(&["--list", "--timing", DELIVERED])), 2);
}

/// What is written for the holder of the keys is not chosen by outcomes: that is said.
#[test]
fn a_choice_that_a_command_cannot_make_is_refused() {
    for choice in [["--session", "1"], ["--outcome", "failed"], ["--server", "127.0.0.1"]] {
        let output = run(&["handshakes", choice[0], choice[1], DELIVERED]);
        assert_eq!(code(&output), 2, "{choice:?}");
        assert!(stderr(&output).contains("--filter"), "{}", stderr(&output));
    }
}

#[test]
fn outcomes_are_explained_as_codes_are() {
    let explained = run(&["--explain", "TLS_failed"]);
    assert!(stdout(&explained).starts_with("tls_failed (outcome)"), "{}", stdout(&explained));
    let refused = run(&["--explain", "tls.STARTTLS"]);
    assert_eq!(code(&refused), 2);
}

#[test]
fn who_types_a_command_wrong_or_a_key_for_a_capture_is_told_so() {
    let mistyped = run(&["chek", DELIVERED]);
    assert!(stderr(&mistyped).contains("the command `check`"), "{}", stderr(&mistyped));
    let key = run(&["testdata/pki/server.key"]);
    assert!(stderr(&key).contains("a key is given with --key"), "{}", stderr(&key));
    let folder = run(&["--key", "testdata/pki", DELIVERED]);
    assert!(stderr(&folder).contains("--key may be given several times"), "{}", stderr(&folder));
    assert_eq!((code(&folder), stdout(&folder)), (2, ""));
    let missing = run(&["no-such-file.pcap"]);
    assert_eq!((code(&missing), stdout(&missing)), (3, ""));
    assert_eq!(stderr(&missing).lines().count(), 1, "{}", stderr(&missing));
}

#[test]
fn an_export_of_nothing_warns() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("mails");
    let output = run(&["export", "eml", "-o", crate::cli::path(&to), FAILED]);
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("nothing was there to write"), "{}", stderr(&output));
    let written = run(&["export", "eml", "--force", "-o", crate::cli::path(&to), DELIVERED]);
    assert!(!stderr(&written).contains("nothing was there"), "{}", stderr(&written));
}
