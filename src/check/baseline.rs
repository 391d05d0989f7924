//! A report beside a stored one: the structure exactly, times within a tolerance, and nothing of
//! what changes from run to run.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

use crate::compare::Tolerance;

/// Fields that change from run to run, wherever they stand: frames, times of day, random and counted
/// names, sizes of mails and of their records, counters of TCP that depend on the point of capture,
/// and sentences that name frames.
const VOLATILE: &[&str] = &[
    "frame",
    "reply_frame",
    "frames",
    "first_frame",
    "start",
    "t_ns",
    "session_id",
    "random",
    "new_ticket",
    "handle",
    "before_frame",
    "queue_id",
    "message_id",
    "subject",
    "sha256",
    "bytes",
    "records",
    "evidence",
    "message",
    "detail",
    "duplicate_packets",
    "out_of_order",
    "retransmissions",
    "closed_by",
    "sessions_opened",
    "key",
];

/// What changes with the mail: the size that MAIL announces (RFC 1870 §5).
const VOLATILE_PARAMETERS: &[&str] = &["SIZE"];

/// Parts of the document that are about files and not about sessions.
const ABOUT_FILES: &[&str] = &["generator", "captures", "keys", "quality", "summary"];

/// Certificates keep their digests.
const CERTIFICATES: &str = "certificates";

/// Fields of a text in which words with digits change from run to run.
const TEXTS: &[&str] = &["lines", "text", "command"];

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where: `sessions[2].tls.version`.
    pub path: String,
    /// In the stored report; null if it has no such thing.
    pub was: Json,
    /// Now.
    pub is: Json,
}

/// What is wrong with a stored report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineError(String);

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BaselineError {}

/// A stored report.
#[derive(Clone, Debug)]
pub struct Baseline {
    report: Json,
}

impl Baseline {
    /// Reads a stored report.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with line and column.
    pub fn parse(source: &str, text: &[u8]) -> Result<Self, BaselineError> {
        let report: Json = serde_json::from_slice(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            BaselineError(format!("{source}:{line}:{column}: not a report: {error}"))
        })?;
        match report["schema"].as_str() {
            Some("smtp-decrypt/report/v1") => Ok(Self { report }),
            _ => Err(BaselineError(format!(
                "{source}:1:1: not a report of this program; `--update` writes one"
            ))),
        }
    }

    /// What of `report` is not as stored.
    #[must_use]
    pub fn changes(&self, report: &Json, tolerance: &Tolerance) -> Vec<Change> {
        let mut diff = Diff { tolerance, changes: Vec::new() };
        diff.values(&self.report, report, String::new(), "", false);
        diff.changes
    }
}

struct Diff<'t> {
    tolerance: &'t Tolerance,
    changes: Vec<Change>,
}

impl Diff<'_> {
    /// Compares two values; `name` is that of the field that holds them.
    fn values(&mut self, was: &Json, is: &Json, path: String, name: &str, certificate: bool) {
        match (was, is) {
            (Json::Object(a), Json::Object(b)) => {
                let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for field in
                    names.into_iter().filter(|field| !is_volatile(field, name, certificate))
                {
                    let (was, is) =
                        (a.get(field).unwrap_or(&Json::Null), b.get(field).unwrap_or(&Json::Null));
                    let path =
                        if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
                    self.values(was, is, path, field, certificate || field == CERTIFICATES);
                }
            }
            (Json::Array(a), Json::Array(b)) if name == "findings" => self.findings(a, b, &path),
            (Json::Array(a), Json::Array(b)) => self.arrays(a, b, &path, name, certificate),
            _ if name.ends_with("_ns") && self.is_same_time(was, is) => {}
            _ if same(was, is, name) => {}
            _ => self.changes.push(Change { path, was: was.clone(), is: is.clone() }),
        }
    }

    /// Elements by their place; sessions are numbered as in the report.
    fn arrays(&mut self, was: &[Json], is: &[Json], path: &str, name: &str, certificate: bool) {
        let first = usize::from(name == "sessions");
        for at in 0..was.len().max(is.len()) {
            let path = format!("{path}[{}]", at + first);
            self.element(was.get(at), is.get(at), path, name, certificate);
        }
    }

    /// Findings by their codes: one more is one more, and no change of those behind it.
    fn findings(&mut self, was: &[Json], is: &[Json], path: &str) {
        let codes: BTreeSet<_> = was.iter().chain(is).filter_map(code).collect();
        for code in codes {
            let [was, is] = [was, is].map(|findings| of_code(findings, code));
            for at in 0..was.len().max(is.len()) {
                let path = format!("{path}[{code}]");
                let [was, is] = [&was, &is].map(|findings| findings.get(at).copied());
                self.element(was, is, path, "findings", false);
            }
        }
    }

    /// An element that may have come or gone.
    fn element(
        &mut self,
        was: Option<&Json>,
        is: Option<&Json>,
        path: String,
        name: &str,
        certificate: bool,
    ) {
        if let (Some(was), Some(is)) = (was, is) {
            return self.values(was, is, path, name, certificate);
        }
        let [was, is] = [was, is].map(|value| value.map_or(Json::Null, summary));
        self.changes.push(Change { path, was, is });
    }

    fn is_same_time(&self, was: &Json, is: &Json) -> bool {
        match (was.as_i64(), is.as_i64()) {
            (Some(was), Some(is)) => !self.tolerance.is_beyond(was, is),
            _ => false,
        }
    }
}

/// What stands for an element that came or went: an exchange by its command, a session by its
/// outcome, a text itself.
fn summary(value: &Json) -> Json {
    let telling = ["command", "event", "outcome", "code", "subject", "description"];
    let found = telling.iter().find_map(|name| value.get(name).filter(|value| !value.is_null()));
    found.unwrap_or(value).clone()
}

fn code(finding: &Json) -> Option<&str> {
    finding["code"].as_str()
}

fn of_code<'f>(findings: &'f [Json], wanted: &str) -> Vec<&'f Json> {
    findings.iter().filter(|finding| code(finding) == Some(wanted)).collect()
}

fn is_volatile(field: &str, holder: &str, certificate: bool) -> bool {
    let is_client_port = field == "port" && holder == "client";
    let is_parameter = holder == "parameters" && VOLATILE_PARAMETERS.contains(&field);
    (VOLATILE.contains(&field) && !certificate)
        || is_client_port
        || is_parameter
        || (holder.is_empty() && ABOUT_FILES.contains(&field))
}

fn same(was: &Json, is: &Json, name: &str) -> bool {
    match (was, is) {
        (Json::String(a), Json::String(b)) if TEXTS.contains(&name) => steady(a) == steady(b),
        _ => was == is,
    }
}

/// A text without its words that have digits, the code of a reply apart.
fn steady(text: &str) -> String {
    let word = |(at, word): (usize, &str)| match at > 0 && word.chars().any(|c| c.is_ascii_digit())
    {
        true => "*".to_owned(),
        false => word.to_owned(),
    };
    text.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes(was: Json, is: Json) -> Vec<String> {
        let baseline = Baseline { report: was };
        let found = baseline.changes(&is, &Tolerance::default());
        found
            .iter()
            .map(|change| format!("{}: {} {}", change.path, change.was, change.is))
            .collect()
    }

    #[test]
    fn structure_is_exact_times_have_a_tolerance_and_chance_is_ignored() {
        let session = |version: &str, ns: i64, frame: u64| {
            json!({"sessions": [{"tls": {"version": version}, "timing": {"mail_ns": ns}, "frame": frame,
                "client": {"port": frame}, "server": {"port": 25}}]})
        };
        assert!(changes(session("a", 5, 1), session("a", 90_000_000, 2)).is_empty());
        assert_eq!(
            changes(session("a", 5, 1), session("b", 5, 1)),
            ["sessions[1].tls.version: \"a\" \"b\""]
        );
        assert_eq!(changes(session("a", 5, 1), session("a", 900_000_000, 1)).len(), 1);
    }

    #[test]
    fn a_finding_more_is_one_change() {
        let report = |codes: &[&str]| {
            let findings: Vec<_> = codes.iter().map(|c| json!({"code": c, "frame": 7})).collect();
            json!({"sessions": [{"findings": findings}]})
        };
        assert_eq!(
            changes(report(&["tls.no_key"]), report(&["tls.slow_handshake", "tls.no_key"])),
            ["sessions[1].findings[tls.slow_handshake]: null \"tls.slow_handshake\""]
        );
    }

    #[test]
    fn the_size_of_a_mail_is_no_change() {
        let report = |size: &str, body: &str| json!({"parameters": {"SIZE": size, "BODY": body}});
        assert!(changes(report("1547", "7BIT"), report("1553", "7BIT")).is_empty());
        assert_eq!(changes(report("1547", "7BIT"), report("1553", "8BITMIME")).len(), 1);
    }

    #[test]
    fn what_comes_and_goes_is_named() {
        let report = |commands: &[&str]| {
            let exchanges: Vec<_> = commands.iter().map(|c| json!({"command": c})).collect();
            json!({"sessions": [{"smtp": {"exchanges": exchanges}}]})
        };
        assert_eq!(
            changes(report(&["EHLO x", "QUIT"]), report(&["EHLO x"])),
            ["sessions[1].smtp.exchanges[1]: \"QUIT\" null"]
        );
    }
}
