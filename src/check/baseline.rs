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

/// Who sends what to whom: another mail is no other behaviour.
const OF_MAIL: &[&str] = &[
    "from",
    "to",
    "rejected_to",
    "recipients",
    "header_from",
    "header_to",
    "header_cc",
    "date",
    "parts",
    "dkim",
];

/// What holds mails.
const MAILS: &[&str] = &["mails", "transactions", "deliveries"];

/// What changes with the mail: the size that MAIL announces (RFC 1870 §5).
const VOLATILE_PARAMETERS: &[&str] = &["SIZE"];

/// Parts of the document that are about files and not about sessions.
const ABOUT_FILES: &[&str] = &["generator", "captures", "keys", "quality", "summary"];

/// Certificates keep their digests.
const CERTIFICATES: &str = "certificates";

/// Fields of a text in which words with digits change from run to run.
const TEXTS: &[&str] = &["lines", "text", "command"];

/// Which fields are compared beside those that always are, and which are not, by their names or by
/// the end of their paths (`version`, `tls.version`).
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Passed over.
    pub ignored: Vec<String>,
    /// Compared, though they change with the mail or the run.
    pub also: Vec<String>,
}

impl Choice {
    fn ignores(&self, path: &str) -> bool {
        let bare = bare(path);
        self.ignored.iter().any(|field| is_end(&bare, field))
    }

    fn wants(&self, path: &str) -> bool {
        let bare = bare(path);
        self.also.iter().any(|field| is_end(&bare, field))
    }
}

/// A path without the numbers of elements.
fn bare(path: &str) -> String {
    let parts = path.split('[');
    parts.map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect()
}

fn is_end(path: &str, field: &str) -> bool {
    path.strip_suffix(field).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

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
    pub fn changes(&self, report: &Json, tolerance: &Tolerance, choice: &Choice) -> Vec<Change> {
        let mut diff = Diff { tolerance, choice, changes: Vec::new() };
        diff.values(&self.report, report, String::new(), "", false);
        diff.changes
    }
}

struct Diff<'t> {
    tolerance: &'t Tolerance,
    choice: &'t Choice,
    changes: Vec<Change>,
}

impl Diff<'_> {
    /// Compares two values; `name` is that of the field that holds them.
    fn values(&mut self, was: &Json, is: &Json, path: String, name: &str, certificate: bool) {
        match (was, is) {
            (Json::Object(a), Json::Object(b)) => {
                let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for field in names {
                    let (was, is) =
                        (a.get(field).unwrap_or(&Json::Null), b.get(field).unwrap_or(&Json::Null));
                    let path =
                        if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
                    let is_chance = is_volatile(field, name, certificate);
                    if self.choice.ignores(&path) || is_chance && !self.choice.wants(&path) {
                        continue;
                    }
                    self.values(was, is, path, field, certificate || field == CERTIFICATES);
                }
            }
            (Json::Array(a), Json::Array(b)) if name == "findings" => self.findings(a, b, &path),
            (Json::Array(a), Json::Array(b)) if name == "sessions" => self.sessions(a, b),
            (Json::Array(a), Json::Array(b)) => self.arrays(a, b, &path, name, certificate),
            _ if name.ends_with("_ns") && self.is_same_time(was, is) => {}
            _ if same(was, is, name) => {}
            _ => self.changes.push(Change { path, was: was.clone(), is: is.clone() }),
        }
    }

    /// Sessions by what they are: names of both ends, port and protocol, and the order of those that
    /// are alike; of the rest by their ports. They are numbered as in the newer report.
    fn sessions(&mut self, was: &[Json], is: &[Json]) {
        for (was, is) in paired(was, is) {
            let number = is.or(was).and_then(|session| session["id"].as_u64()).unwrap_or(0);
            self.element(was, is, format!("sessions[{number}]"), "session", false);
        }
    }

    /// Elements by their place.
    fn arrays(&mut self, was: &[Json], is: &[Json], path: &str, name: &str, certificate: bool) {
        for at in 0..was.len().max(is.len()) {
            let path = format!("{path}[{at}]");
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

type Pair<'j> = (Option<&'j Json>, Option<&'j Json>);

/// Stored sessions beside those of now, in the order of now; what is gone comes last.
fn paired<'j>(was: &'j [Json], is: &'j [Json]) -> Vec<Pair<'j>> {
    let mut left: Vec<Option<&Json>> = was.iter().map(Some).collect();
    let mut found: Vec<Pair<'_>> = is.iter().map(|session| (None, Some(session))).collect();
    let alike: [fn(&Json, &Json) -> bool; 2] =
        [|a, b| identity(a) == identity(b), |a, b| a["server"]["port"] == b["server"]["port"]];
    for is_alike in alike {
        for (mine, session) in &mut found {
            let Some(session) = session.filter(|_| mine.is_none()) else { continue };
            let at = left.iter().position(|old| old.is_some_and(|old| is_alike(old, session)));
            *mine = at.and_then(|at| left.get_mut(at)?.take());
        }
    }
    found.extend(left.into_iter().flatten().map(|gone| (Some(gone), None)));
    found
}

/// What a session is, whatever its number: how both ends name themselves, port and protocol.
fn identity(session: &Json) -> [&Json; 5] {
    let smtp = &session["smtp"];
    [
        &smtp["helo"]["name"],
        &smtp["greeting"]["text"],
        &session["server"]["ip"],
        &session["server"]["port"],
        &session["protocol"],
    ]
}

fn code(finding: &Json) -> Option<&str> {
    finding["code"].as_str()
}

fn of_code<'f>(findings: &'f [Json], wanted: &str) -> Vec<&'f Json> {
    findings.iter().filter(|finding| code(finding) == Some(wanted)).collect()
}

fn is_volatile(field: &str, holder: &str, certificate: bool) -> bool {
    let is_client_port = field == "port" && holder == "client";
    let is_number = field == "id" && holder == "session";
    let is_parameter = holder == "parameters" && VOLATILE_PARAMETERS.contains(&field);
    let is_of_mail = MAILS.contains(&holder) && OF_MAIL.contains(&field);
    (VOLATILE.contains(&field) && !certificate)
        || is_of_mail
        || is_client_port
        || is_number
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
    let is_address = |word: &str| word.contains('<') && word.contains('>');
    let changes = |word: &str| is_address(word) || word.chars().any(|c| c.is_ascii_digit());
    let word = |(at, word): (usize, &str)| match at > 0 && changes(word) {
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
        let found = baseline.changes(&is, &Tolerance::default(), &Choice::default());
        found
            .iter()
            .map(|change| format!("{}: {} {}", change.path, change.was, change.is))
            .collect()
    }

    #[test]
    fn structure_is_exact_times_have_a_tolerance_and_chance_is_ignored() {
        let session = |version: &str, ns: i64, frame: u64| {
            json!({"sessions": [{"id": 1, "tls": {"version": version}, "timing": {"mail_ns": ns}, "frame": frame,
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
            json!({"sessions": [{"id": 1, "findings": findings}]})
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
            json!({"sessions": [{"id": 1, "smtp": {"exchanges": exchanges}}]})
        };
        assert_eq!(
            changes(report(&["EHLO x", "QUIT"]), report(&["EHLO x"])),
            ["sessions[1].smtp.exchanges[1]: \"QUIT\" null"]
        );
    }

    #[test]
    fn sessions_are_matched_by_what_they_are_and_not_by_place() {
        let session = |id: u64, name: &str, version: &str| {
            json!({"id": id, "smtp": {"helo": {"name": name}}, "tls": {"version": version},
                "server": {"ip": "192.0.2.1", "port": 25}, "protocol": "smtps"})
        };
        let was = json!({"sessions": [session(1, "a", "x"), session(2, "b", "y")]});
        let swapped = json!({"sessions": [session(1, "b", "y"), session(2, "a", "x")]});
        assert!(changes(was.clone(), swapped).is_empty());
        let more = json!({"sessions": [session(1, "new", "z"), session(2, "a", "x"), session(3, "b", "q")]});
        assert_eq!(changes(was, more).len(), 2, "one session more, and one version");
    }

    #[test]
    fn fields_are_left_out_and_taken_in_by_name() {
        let report = |version: &str, from: &str| {
            json!({"sessions": [{"id": 1, "tls": {"version": version},
                "smtp": {"mails": [{"from": from}]}}]})
        };
        let baseline = Baseline { report: report("a", "x@a") };
        let now = report("b", "y@a");
        let with = |ignored: &[&str], also: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let choice = Choice { ignored: owned(ignored), also: owned(also) };
            baseline.changes(&now, &Tolerance::default(), &choice).len()
        };
        assert_eq!(with(&[], &[]), 1);
        assert_eq!(with(&["tls.version"], &[]), 0);
        assert_eq!(with(&["version"], &["mails.from"]), 1);
        assert_eq!(with(&["ersion"], &[]), 1, "no part of a name");
    }
}
