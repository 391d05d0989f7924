//! Findings about key material.

use super::row::{Code, Row, Severity};

codes![
    KEYS_SECRETS_BEHIND_PACKETS = Row {
        code: "keys.secrets_behind_packets",
        severity: Severity::Info,
        meaning: "Secrets stand behind packets in a capture that can be read only once: they open only what follows them.",
        evidence: "The number of packets ahead of the first such block.",
        causes: &["recorders write secrets when they come to know them, and the capture is a pipe"],
        advice: "give the capture as a file: it is read twice then",
    },
    KEYS_BAD_SECRETS_BLOCK = Row {
        code: "keys.bad_secrets_block",
        severity: Severity::Warning,
        meaning: "A Decryption Secrets Block of the capture has a line that is no key log line.",
        evidence: "The line's number in the block, and what is wrong with it.",
        causes: &["a key log that was cut before it was put into the capture"],
        advice: "make the block again: `editcap --inject-secrets tls,keylog.txt IN OUT`",
    },
];
