//! Sessions that failed on purpose: the first finding names what was done to them, as the truth
//! beside each capture tells it.

use serde_json::Value;

use crate::lab::{self, Lab, items, text};
use crate::run::Runner;

/// Captures of `testdata/` with one failed connection each, what was done, and the code for it.
const FAILURES: &[(&str, usize, &str)] = &[
    ("auth_plain_failed", 0, "smtp.auth_failed"),
    ("greeting_554", 0, "smtp.greeting_refused"),
    ("rcpt_rejected", 1, "smtp.recipient_refused"),
    ("rst_after_clienthello", 0, "tls.reset_in_handshake"),
    ("starttls_refused", 0, "smtp.starttls_refused"),
    ("tls_handshake_failed", 0, "tls.no_shared_cipher"),
    ("tls_unknown_ca", 0, "tls.unknown_ca"),
];

fn sessions(name: &str) -> Vec<Value> {
    let lab = Lab::load(name);
    let report = Runner::with_keys_and_log_of(&lab).report_and_streams(&lab.files).0;
    items(&report["sessions"]).to_vec()
}

#[test]
fn the_first_finding_of_a_failed_session_names_what_was_done_to_it() {
    for (name, index, code) in FAILURES {
        let session = &sessions(name)[*index];
        assert_eq!(text(&session["diagnosis"]["code"]), *code, "{name}");
        let first = &session["findings"][0];
        assert_eq!(text(&first["code"]), *code, "{name}");
        assert_eq!(text(&first["severity"]), "error", "{name}");
        assert_eq!(first["message"], session["diagnosis"]["message"], "{name}");
    }
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
                assert!(smtp_decrypt::report::explain(code).is_some(), "{name}: {code}");
            }
        }
    }
}
