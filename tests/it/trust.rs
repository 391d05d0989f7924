//! Whether certificates hold, beside what `openssl verify` says of the same chains at the
//! time of the capture. The captures of `testdata/trust` are of `testdata/generate/trust.py`: OpenSSL's
//! client met servers of OpenSSL and GnuTLS.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::cli::{file, path, run};
use crate::lab::{self, items, text};

const HOST: &str = "mx.trust.test";

/// Capture, our reason, and words of OpenSSL's.
const CASES: [(&str, Option<&str>, &str); 13] = [
    ("valid", None, ": OK"),
    ("client", None, ": OK"),
    ("gnutls_valid", None, ": OK"),
    ("missing_intermediate", Some("issuer_missing"), "unable to get local issuer certificate"),
    ("other_key", Some("bad_signature"), "certificate signature failure"),
    ("name_constraints", Some("name_constraints"), "permitted subtree violation"),
    ("path_length", Some("path_length_exceeded"), "path length constraint exceeded"),
    ("key_usage", Some("no_key_cert_sign"), "invalid CA certificate"),
    ("purpose", Some("extended_key_usage"), "certificate purpose"),
    ("wrong_name", Some("name_mismatch"), "ostname mismatch"),
    ("expired", Some("expired"), "certificate has expired"),
    ("gnutls_expired", Some("expired"), "certificate has expired"),
    ("not_yet_valid", Some("not_yet_valid"), "certificate is not yet valid"),
];

fn stored(name: &str) -> PathBuf {
    lab::root().join("testdata/trust").join(name)
}

fn session(name: &str, options: &[&str]) -> Value {
    let (capture, authorities) = (stored(&format!("{name}.pcap")), stored("ca.pem"));
    let fixed = ["--format", "json", "--ca", path(&authorities), path(&capture)];
    let output = run(&[options, &fixed].concat());
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["sessions"][0].clone()
}

/// The second of the capture's first packet: the bytes behind the header of 24.
fn time(name: &str) -> u32 {
    let bytes = std::fs::read(stored(&format!("{name}.pcap"))).expect("a capture");
    u32::from_le_bytes(bytes[24..28].try_into().expect("four bytes"))
}

/// All that a program says; None, told, if it is not there.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        println!("{program} is not installed: not compared with it");
        return None;
    };
    let both = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&both).into_owned())
}

fn openssl(name: &str) -> Option<String> {
    let (chain, time) = (stored(&format!("{name}.pem")), time(name).to_string());
    let (chain, authorities) = (path(&chain), stored("ca.pem"));
    let trusted = ["verify", "-attime", &time, "-CAfile", path(&authorities), "-untrusted", chain];
    let wanted = ["-purpose", "sslserver", "-verify_hostname", HOST, chain];
    said("openssl", &[&trusted[..], &wanted].concat())
}

#[test]
fn the_reason_against_a_chain_is_the_one_that_openssl_gives() {
    for (name, reason, words) in CASES {
        let validation = session(name, &[])["tls"]["validation"].clone();
        assert_eq!(validation["reason"].as_str(), reason, "{name}: {validation}");
        let status = if reason.is_some() { "invalid" } else { "valid" };
        assert_eq!(validation["status"], status, "{name}: {validation}");
        if let Some(said) = openssl(name) {
            assert!(said.contains(words), "{name}: {said}");
        }
    }
}

#[test]
fn the_client_that_refused_is_seen_to_refuse() {
    for name in ["expired", "wrong_name", "name_constraints", "gnutls_expired", "self_signed"] {
        assert_eq!(session(name, &[])["tls"]["validation"]["peer"], "refused", "{name}");
    }
    assert_ne!(session("valid", &[])["tls"]["validation"]["peer"], "refused");
}

#[test]
fn a_revocation_that_was_stapled_is_the_reason_though_verifiers_without_a_staple_are_content() {
    let validation = session("revoked", &[])["tls"]["validation"].clone();
    assert_eq!((text(&validation["status"]), text(&validation["reason"])), ("invalid", "revoked"));
    assert_eq!(validation["staple"]["status"], "revoked");
    assert!(openssl("revoked").is_none_or(|said| said.contains(": OK")));
}

#[test]
fn a_clients_certificate_is_judged_like_a_servers() {
    assert_eq!(session("client", &[])["tls"]["client_validation"]["status"], "valid");
    assert!(session("valid", &[])["tls"]["client_validation"].is_null());
}

#[test]
fn names_of_a_validation_are_pseudonyms_under_redact_addresses() {
    for (name, ..) in CASES {
        let told = session(name, &["--redact", "addresses"]).to_string();
        let told = told.to_lowercase();
        let leaked = ["trust.test", "elsewhere.test", "other.test"].map(|one| told.contains(one));
        assert_eq!(leaked, [false; 3], "{name}: {told}");
    }
}

#[test]
fn a_record_of_another_key_is_a_mismatch_that_names_the_one_that_would_match() {
    let record = |kind: &str, digest: &str| format!("_465._tcp.{HOST}. IN TLSA {kind} {digest}\n");
    let dane = |zone: &str| {
        let (_folder, zone) = file("zone.tlsa", zone);
        session("valid", &["--tlsa", path(&zone)])["tls"]["validation"]["dane"].clone()
    };
    let other = dane(&record("3 1 1", &"ab".repeat(32)));
    assert_eq!(other["status"], "mismatch", "{other}");
    let matching = text(&other["would_match"]);
    assert_eq!(dane(&format!("{matching}\n"))["status"], "match", "{matching}");
    let rollover = record("3 1 1", &"ab".repeat(32)) + matching + "\n";
    assert_eq!(dane(&rollover)["status"], "match");
    assert_eq!(dane(&record("1 1 1", &"ab".repeat(32)))["status"], "unusable");
    assert_eq!(items(&other["records"]).len(), 1);
}
