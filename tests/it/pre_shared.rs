//! `--psk`: pre-shared keys open what they alone, or they and the server's RSA key, were used for, and nothing
//! else. What is in the sessions is known from both ends and from the key logs that they wrote.

use serde_json::Value;

use crate::cli::{code, file, path, run, stderr, stdout};
use crate::lab::{Lab, items, testdata, text};

/// The key of all captures (testdata/README.md), whose identity is `lab`.
const KEY: &str = "000102030405060708090a0b0c0d0e0f";
const WRONG: &str = "00000000000000000000000000000000";

fn report(arguments: &[&str]) -> Value {
    let output = run(&[&["--format", "json", "--all-tls"], arguments].concat());
    serde_json::from_str(stdout(&output)).expect("JSON")
}

/// The key exchanges of the sessions that were opened, each once, and of those that were not.
fn exchanges(report: &Value) -> [Vec<String>; 2] {
    let of = |opened: bool| {
        let sessions = items(&report["sessions"]).iter();
        let chosen =
            sessions.filter(|s| (s["tls"]["decryption"]["status"] == "decrypted") == opened);
        let mut names: Vec<_> =
            chosen.map(|session| text(&session["tls"]["key_exchange"]).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    [of(true), of(false)]
}

#[test]
fn a_pre_shared_key_opens_psk_and_with_the_servers_key_rsa_psk() {
    let lab = Lab::load("suites_tls12_psk");
    let capture = path(&lab.files[0]);
    let keys = path(lab.keys.as_deref().expect("a key list"));
    let alone = report(&["--psk", KEY, capture]);
    assert_eq!(exchanges(&alone), [vec!["PSK"], vec!["DHE_PSK", "ECDHE_PSK", "RSA_PSK"]]);
    let both = report(&["--psk", KEY, "--keys", keys, capture]);
    assert_eq!(exchanges(&both), [vec!["PSK", "RSA_PSK"], vec!["DHE_PSK", "ECDHE_PSK"]]);
    for session in items(&both["sessions"]) {
        let decryption = &session["tls"]["decryption"];
        if decryption["status"] == "decrypted" {
            assert_eq!(decryption["secret"], "psk");
            assert_eq!(decryption["key"], "--psk 1");
            assert_eq!(decryption["finished_verified"], true);
        }
    }
    let opened = items(&both["keys"]).iter().find(|key| key["source"] == "--psk 1").expect("it");
    assert!(opened["sessions_opened"].as_u64().expect("a number") > 5, "{opened}");
    assert!(!both.to_string().contains(KEY));
}

#[test]
fn another_key_or_the_key_of_another_identity_opens_nothing() {
    let lab = Lab::load("suites_tls12_psk");
    let (capture, keys) = (path(&lab.files[0]), path(lab.keys.as_deref().expect("a key list")));
    for wrong in [WRONG.to_owned(), format!("another:{KEY}")] {
        let report = report(&["--psk", &wrong, "--keys", keys, capture]);
        assert!(exchanges(&report)[0].is_empty(), "{wrong}");
        let psk = items(&report["sessions"]).iter().find(|s| s["tls"]["key_exchange"] == "PSK");
        let told = &psk.expect("one")["tls"]["decryption"];
        assert!(text(&told["evidence"]).contains("none opens it"), "{told}");
        assert!(text(&told["hint"]).contains("--psk"), "{told}");
    }
}

#[test]
fn a_file_of_gnutls_names_whose_key_each_is() {
    let lab = Lab::load("suites_tls12_psk");
    let (_folder, keys) = file("psk.txt", format!("other:{WRONG}\nlab:{KEY}\n").into_bytes());
    let report = report(&["--psk", path(&keys), path(&lab.files[0])]);
    assert_eq!(exchanges(&report)[0], ["PSK"]);
    let sources = items(&report["sessions"]).iter().map(|s| &s["tls"]["decryption"]["key"]);
    assert!(sources.filter_map(Value::as_str).all(|key| key.ends_with("psk.txt:2")));
}

#[test]
fn a_pre_shared_key_opens_tls_1_3_where_no_key_exchange_stands_beside_it() {
    for name in ["openssl13", "gnutls13"] {
        let capture = testdata(&format!("psk/{name}.pcap"));
        let report = report(&["--psk", KEY, path(&capture)]);
        let decryption = &report["sessions"][0]["tls"]["decryption"];
        assert_eq!(decryption["status"], "decrypted", "{name}: {decryption}");
        assert_eq!(decryption["secret"], "psk", "{name}");
        assert_eq!(decryption["finished_verified"], true, "{name}");
        let mut by_log = self::report(&[
            "--keylog",
            path(&testdata(&format!("psk/{name}.keylog"))),
            path(&capture),
        ]);
        let same = ["records", "bytes", "protected_records"];
        let by_log = by_log["sessions"][0]["tls"]["decryption"].take();
        assert!(same.iter().all(|field| by_log[field] == decryption[field]), "{name}: {by_log}");
    }
    let capture = testdata("psk/openssl13.pcap");
    assert_eq!(report(&["--psk", KEY, path(&capture)])["sessions"][0]["outcome"], "delivered");
}

#[test]
fn in_tls_1_3_another_key_opens_nothing_nor_does_the_right_one_beside_a_key_exchange() {
    for (name, key) in [("openssl13", WRONG), ("gnutls13", WRONG), ("gnutls_dhe13", KEY)] {
        let report = report(&["--psk", key, path(&testdata(&format!("psk/{name}.pcap")))]);
        let decryption = &report["sessions"][0]["tls"]["decryption"];
        assert_eq!(decryption["status"], "none", "{name}");
        assert_eq!(decryption["reason"], "tls13", "{name}");
    }
}

#[test]
fn what_is_no_key_is_told_without_being_shown() {
    let output = run(&["--psk", "lab:short", path(&testdata("psk/openssl13.pcap"))]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("--psk 1: no pre-shared key") && !said.contains("short"), "{said}");
}
