//! Findings about key material.

use crate::report::findings::{Code, Severity};

pub(super) const CODES: &[Code] = &[Code {
    code: "keys.bad_secrets_block",
    severity: Severity::Warning,
    meaning: "A Decryption Secrets Block of the capture has a line that is no key log line.",
    evidence: "The line's number in the block, and what is wrong with it.",
    causes: &["a key log that was cut before it was put into the capture"],
    advice: "make the block again: `editcap --inject-secrets tls,keylog.txt IN OUT`",
}];
