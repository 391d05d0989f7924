//! Sessions that failed on purpose: the first finding names what was done to them, as the truth
//! beside each capture tells it.

use serde_json::Value;

use crate::lab::{self, Lab, items, text};
use crate::run::Runner;
use crate::wire::Talk;

/// Codes of findings that are worth knowing and made nothing fail.
const WEAKNESSES: &[&str] = &["smtp.no_quit", "smtp.starttls_injection", "tls.no_close_notify"];

/// The failures of `testdata/`: each connection whose truth tells the finding that names what was
/// done to break it.
fn failures() -> Vec<(Lab, usize, String)> {
    let mut found = Vec::new();
    for lab in Lab::all() {
        for (index, truth) in lab.connections.clone().iter().enumerate() {
            if let Some(code) = truth["expected_finding"].as_str() {
                found.push((Lab::load(&lab.name), index, code.to_owned()));
            }
        }
    }
    found
}

fn sessions(name: &str) -> Vec<Value> {
    let lab = Lab::load(name);
    let report = Runner::with_keys_and_log_of(&lab).report_and_streams(&lab.files).0;
    items(&report["sessions"]).to_vec()
}

#[test]
fn the_first_finding_of_a_failed_session_names_what_was_done_to_it() {
    let failures = failures();
    assert!(failures.len() > 50, "{} failures", failures.len());
    let mut wrong = Vec::new();
    for (lab, index, code) in &failures {
        let session = &sessions(&lab.name)[*index];
        let first = &session["findings"][0];
        if text(&first["code"]) != code {
            wrong.push(format!("{}: {} in place of {code}", lab.name, first["code"]));
        }
        if WEAKNESSES.contains(&code.as_str()) {
            continue;
        }
        assert_eq!(text(&session["diagnosis"]["code"]), code, "{}", lab.name);
        assert_eq!(text(&first["severity"]), "error", "{}", lab.name);
        assert_eq!(first["message"], session["diagnosis"]["message"], "{}", lab.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_session_that_delivered_its_mail_has_no_diagnosis_and_no_error() {
    let mut delivered = 0;
    for name in lab::names() {
        for session in sessions(&name) {
            if text(&session["outcome"]) != "delivered" {
                continue;
            }
            delivered += 1;
            assert!(session["diagnosis"].is_null(), "{name}: {}", session["diagnosis"]);
            for finding in items(&session["findings"]) {
                assert_ne!(text(&finding["severity"]), "error", "{name}: {finding}");
            }
        }
    }
    assert!(delivered > 200, "{delivered} delivered");
}

#[test]
fn every_finding_has_a_row_in_the_table_of_codes() {
    for name in lab::names() {
        for session in sessions(&name) {
            for finding in items(&session["findings"]) {
                let code = text(&finding["code"]);
                assert!(smtp_decrypt::report::codes::named(code).is_some(), "{name}: {code}");
            }
        }
    }
}

/// Weaknesses of sessions that came to their end, each in a capture that was made to have it.
const WEAK: &[(&str, &str)] = &[
    ("compression_tls12", "tls.compression"),
    ("ext_tls12_ems0_etm1", "tls.no_extended_master_secret"),
    ("key_rsa1024", "tls.weak_key"),
    ("suites_export40", "tls.weak_cipher"),
    ("tls10_aes128_sha", "tls.old_version"),
    ("bad_renegotiation_info", "tls.insecure_renegotiation"),
    ("bad_auth_before_tls", "smtp.auth_in_clear"),
];

#[test]
fn what_weakens_a_session_is_told_and_a_session_without_it_is_not_blamed() {
    for (name, code) in WEAK {
        let has = |session: &Value| {
            items(&session["findings"]).iter().any(|finding| text(&finding["code"]) == *code)
        };
        assert!(sessions(name).iter().any(has), "{name}: {code}");
        assert!(!sessions("tls12_aes128_gcm_sha256").iter().any(has), "{code}");
    }
}

/// A session of Exchange whose command for TLS gets this reply, and that ends behind it.
fn anonymous_tls(reply: &str) -> Value {
    let talk = Talk::open()
        .server("220 ex ESMTP\r\n")
        .client("EHLO hub\r\n")
        .server("250-ex\r\n250 X-ANONYMOUSTLS\r\n")
        .client("X-ANONYMOUSTLS\r\n")
        .server(reply)
        .client("QUIT\r\n")
        .server("221 bye\r\n")
        .close();
    Runner::keyless().report(talk.pcap())["sessions"][0].clone()
}

#[test]
fn exchange_starts_tls_with_a_command_of_its_own_whose_refusal_is_told_like_that_of_starttls() {
    let session = anonymous_tls("454 4.7.0 not now\r\n");
    assert_eq!(text(&session["outcome"]), "starttls_refused");
    assert_eq!(text(&session["diagnosis"]["code"]), "smtp.starttls_refused");
    assert_eq!(
        text(&session["diagnosis"]["message"]),
        "the server refused X-ANONYMOUSTLS for now: 454 4.7.0 not now"
    );
    let accepted = anonymous_tls("220 go\r\n");
    assert_ne!(text(&accepted["outcome"]), "starttls_refused");
    let refusals =
        items(&accepted["findings"]).iter().filter(|f| f["code"] == "smtp.starttls_refused");
    assert_eq!(refusals.count(), 0);
}
