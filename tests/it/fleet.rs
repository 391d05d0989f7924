//! Captures in pieces, as fleets have them: private keys stay on one machine, and what it tells the
//! others opens as much as the keys would.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{code, path, run, stderr, stdout};
use crate::lab::{self, Lab, items, text};

/// The report of captures as JSON.
fn report(captures: &[PathBuf], more: &[&str]) -> Value {
    let mut line = vec!["--format", "json"];
    line.extend(more);
    line.extend(captures.iter().map(|file| path(file)));
    serde_json::from_str(&stdout(&run(&line))).expect("JSON")
}

/// Makes a key log of captures by way of their handshakes, which are all that the keys see. A session
/// that is negotiated anew shows its second handshake only to who has opened the first.
fn unlock(captures: &[PathBuf], keys: &Path, folder: &Path) -> PathBuf {
    let (handshakes, log) = (folder.join("handshakes.jsonl"), folder.join("fleet.keylog"));
    for known in [None, Some(&log)] {
        let mut line = vec!["handshakes", "-o", path(&handshakes)];
        known.iter().for_each(|known| line.extend(["--keylog", path(known)]));
        line.extend(captures.iter().map(|file| path(file)));
        run(&line);
        let line = ["unlock", "--keys", path(keys), "-o", path(&log), path(&handshakes)];
        assert!(run(&line).stdout.is_empty());
    }
    log
}

/// The sessions that were wholly opened, without the words on where the secrets came from. SSL 2.0
/// has no client random, and so no line in a key log.
fn opened(report: &Value) -> Vec<Value> {
    let is_opened = |session: &&Value| {
        let tls = &session["tls"];
        tls["decryption"]["reason"].is_null() && text(&tls["version"]) != "SSLv2"
    };
    let mut sessions: Vec<_> =
        items(&report["sessions"]).iter().filter(is_opened).cloned().collect();
    for session in &mut sessions {
        let Some(tls) = session["tls"].as_object_mut() else { continue };
        let decryption = tls["decryption"].as_object_mut().expect("an object");
        ["secret", "key", "evidence"].iter().for_each(|field| drop(decryption.remove(*field)));
        tls.remove("resumption");
    }
    sessions
}

#[test]
fn a_key_log_of_unlocked_handshakes_opens_what_the_keys_open() {
    let mut compared = 0;
    for lab in Lab::all() {
        let Some(keys) = &lab.keys else { continue };
        let folder = TempDir::new().expect("a folder");
        let log = unlock(&lab.files, keys, folder.path());
        let by_keys = opened(&report(&lab.files, &["--keys", path(keys)]));
        let by_log = opened(&report(&lab.files, &["--keylog", path(&log)]));
        assert_eq!(by_log, by_keys, "{}", lab.name);
        compared += by_keys.len();
    }
    assert!(compared > 100, "only {compared} sessions were opened");
}

#[test]
fn a_resumption_is_opened_without_the_capture_of_the_session_that_it_resumes() {
    let lab = Lab::load("resume_other_file");
    let [first, second] = &lab.files[..] else { panic!("two files") };
    let folder = TempDir::new().expect("a folder");
    let [one, two] = ["1.jsonl", "2.jsonl"].map(|name| folder.path().join(name));
    run(&["handshakes", "-o", path(&one), path(first)]);
    run(&["handshakes", "-o", path(&two), path(second)]);
    let log = folder.path().join("fleet.keylog");
    let keys = lab.keys.as_ref().expect("a key list");
    // The resumption stands before its origin, as shards come in any order.
    let unlocked = run(&["unlock", "--keys", path(keys), "-o", path(&log), path(&two), path(&one)]);
    assert_eq!(code(&unlocked), 0, "{}", stderr(&unlocked));
    assert!(stderr(&unlocked).contains("2 handshakes unlocked"), "{}", stderr(&unlocked));
    let alone = report(&[second.clone()], &["--keylog", path(&log)]);
    let decryption = &alone["sessions"][0]["tls"]["decryption"];
    assert_eq!((text(&decryption["status"]), text(&decryption["secret"])), ("decrypted", "keylog"));
}

#[test]
fn handshakes_hold_no_secret_and_the_key_log_is_for_its_owner_alone() {
    let lab = Lab::load("tls12_aes128_sha");
    let folder = TempDir::new().expect("a folder");
    let log = unlock(&lab.files, lab.keys.as_ref().expect("a key list"), folder.path());
    let master = lab::read_text(&log).trim_end().rsplit(' ').next().expect("a secret").to_owned();
    let handshakes = lab::read_text(&folder.path().join("handshakes.jsonl"));
    assert!(handshakes.starts_with("{\"schema\":\"smtp-decrypt/handshakes/v1\","), "{handshakes}");
    assert_eq!(master.len(), 96);
    assert!(!handshakes.contains(&master) && !handshakes.contains("EHLO"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(log.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_line_that_is_no_handshake_is_told_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    let (bad, log) = (folder.path().join("bad.jsonl"), folder.path().join("log"));
    std::fs::write(&bad, "{\"schema\":\"other\"}\n").expect("written");
    let output = run(&["unlock", "-o", path(&log), path(&bad)]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("bad.jsonl:1: "), "{}", stderr(&output));
}
