//! What key material is worth: who each key is, what it opens of a capture, and what is missing for
//! the rest. Holds nothing secret. `docs/keys.md` explains the document.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{Generator, KeyReport};
use super::endpoint::Endpoint;
use super::reason::Reason;
use super::summary::MissingOrigin;

/// The name of the document's format.
pub const KEY_AUDIT_SCHEMA: &str = "smtp-decrypt/keys/v1";

/// The document of `smtp-decrypt keys --format json`.
#[derive(Debug, Serialize)]
pub struct KeyAudit {
    /// `smtp-decrypt/keys/v1`.
    pub schema: &'static str,
    /// What made it.
    pub generator: Generator,
    /// The keys and key logs that can be used.
    pub keys: Vec<UsableKey>,
    /// The rows, files and lines that cannot.
    pub errors: Vec<UnusableKey>,
    /// TLS sessions.
    pub tls_sessions: u64,
    /// They by what came of the decryption.
    pub decryption: BTreeMap<&'static str, u64>,
    /// Those not opened, or not wholly, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// The server keys that would open more, the one that opens most first.
    pub missing_keys: Vec<MissingKey>,
    /// The sessions that only a key log opens, by id; the first 1,000.
    pub missing_secrets: Vec<MissingSecret>,
    /// How many they are.
    pub missing_secrets_total: u64,
    /// Sessions of which a key log lacks something, or has something odd, by id; the first 1,000.
    pub logged_sessions: Vec<LoggedSession>,
    /// How many they are.
    pub logged_sessions_total: u64,
    /// Sessions that others resume and that are not opened.
    pub missing_origins: Vec<MissingOrigin>,
    /// `file:line` of key log lines that are about no session; the first 1,000. Empty if no capture
    /// was given.
    pub unmatched_lines: Vec<String>,
    /// How many they are, repeated lines included.
    pub unmatched_lines_total: u64,
}

/// A key or key log that can be used.
#[derive(Debug, Serialize)]
pub struct UsableKey {
    /// As in the report.
    #[serde(flatten)]
    pub key: KeyReport,
    /// The rows and options that name it; none for a key log.
    pub rows: Vec<RowReport>,
    /// The ids of the sessions that it opened; the first 1,000.
    pub sessions: Vec<u64>,
}

/// A row of a key list that can be used.
#[derive(Debug, Serialize)]
pub struct RowReport {
    /// `keys.list:3`, `--key server.pem`.
    pub source: String,
    /// The servers that it is for, as a key list says it: `any`, `192.0.2.0/24`.
    pub address: String,
    /// Their ports: `any`, `587`.
    pub port: String,
    /// The protocol as written.
    pub protocol: String,
}

/// A row, file or line that cannot be used.
#[derive(Debug, Serialize)]
pub struct UnusableKey {
    /// The file that was named on the command line.
    pub file: String,
    /// The line of it, if one is to blame.
    pub line: Option<u32>,
    /// The column, if one is to blame.
    pub column: Option<u32>,
    /// The places, and what is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// A server key that was not given.
#[derive(Debug, Serialize)]
pub struct MissingKey {
    /// The certificate's subject; null if no certificate was captured.
    pub subject: Option<String>,
    /// Its issuer.
    pub issuer: Option<String>,
    /// SHA-256 of its SubjectPublicKeyInfo, in hex: what tells the key.
    pub spki_sha256: Option<String>,
    /// Size of the key in bits.
    pub bits: Option<u32>,
    /// The servers that showed it; the first 1,000.
    pub servers: Vec<Endpoint>,
    /// How many sessions it would open, those that resume others among them.
    pub would_open: u64,
    /// The ids of the sessions whose secret was encrypted to it; the first 1,000.
    pub sessions: Vec<u64>,
    /// The ids of the sessions that resume one of those; the first 1,000.
    pub resumed_sessions: Vec<u64>,
}

/// A session that no server key opens.
#[derive(Debug, Serialize)]
pub struct MissingSecret {
    /// The session's id.
    pub session: u64,
    /// Its server.
    pub server: Endpoint,
    /// Why it is closed.
    pub reason: Reason,
    /// The random by which a key log would name it, in hex; null if it was not captured.
    pub client_random: Option<String>,
}

/// What a key log has of a session, by the labels of its lines.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedSession {
    /// The session's id.
    pub session: u64,
    /// Its server.
    pub server: Endpoint,
    /// The version agreed on.
    pub version: Option<String>,
    /// The random by which the log names it, in hex.
    pub client_random: String,
    /// What it has.
    pub present: Vec<&'static str>,
    /// What the version needs, and the log lacks.
    pub missing: Vec<&'static str>,
    /// What belongs to another version.
    pub wrong_version: Vec<&'static str>,
    /// What has several secrets, so that one at most is right.
    pub contradictory: Vec<&'static str>,
    /// What has zeros behind its secret.
    pub padded: Vec<&'static str>,
    /// What writes such lines.
    pub writer: &'static str,
    /// What to do.
    pub hint: &'static str,
}
