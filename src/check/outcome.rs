//! What the checks came to: the document of `check --format json`.

use serde::Serialize;

use super::baseline::Change;
use crate::report::Severity;

/// The name of the format.
pub const SCHEMA: &str = "smtp-decrypt/check/v1";

/// All results.
#[derive(Clone, Debug, Serialize)]
pub struct Checks {
    /// `smtp-decrypt/check/v1`.
    pub schema: &'static str,
    /// Whether nothing failed that counts.
    pub passed: bool,
    /// Sessions that were looked at.
    pub sessions: u64,
    /// A result for each rule and limit, in the order of the policies.
    pub results: Vec<RuleResult>,
    /// Beside the baseline; null without one.
    pub baseline: Option<BaselineResult>,
}

/// What a rule or limit came to.
#[derive(Clone, Debug, Serialize)]
pub struct RuleResult {
    /// The policy's name.
    pub policy: String,
    /// Its file; null if it is built in.
    pub file: Option<String>,
    /// Its line there.
    pub line: usize,
    /// Its own name.
    pub name: String,
    /// Whether it is about each session or about all.
    pub kind: Kind,
    /// How bad a failure is.
    pub severity: Severity,
    /// What was expected, in CEL.
    pub expect: String,
    /// What it came to.
    pub status: Status,
    /// Sessions that are as expected.
    pub sessions_passed: u64,
    /// Sessions that are not.
    pub sessions_failed: u64,
    /// Sessions that lack a value that the expression needs.
    pub sessions_skipped: u64,
    /// What failed, the first of them.
    pub failures: Vec<Failure>,
    /// Failures beyond those.
    pub further_failures: u64,
    /// What to do; null if the policy does not say.
    pub hint: Option<String>,
}

/// What a result is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Each session.
    Rule,
    /// All sessions.
    Limit,
}

/// What a rule came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As expected, wherever it applies.
    Passed,
    /// Not everywhere as expected.
    Failed,
    /// There is no session that it is about.
    Skipped,
}

/// One failure.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The session's number; null for a limit.
    pub session: Option<u64>,
    /// Its first frame.
    pub frame: Option<u64>,
    /// Who talked with whom.
    pub ends: Option<String>,
    /// What was found instead.
    pub message: String,
}

/// The report beside a stored one.
#[derive(Clone, Debug, Serialize)]
pub struct BaselineResult {
    /// The stored report.
    pub path: String,
    /// What changed, the first of it.
    pub changes: Vec<Change>,
    /// Changes beyond those.
    pub further_changes: u64,
}

impl Checks {
    /// How many results have a status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.results.iter().filter(|result| result.status == status).count()
    }
}

impl RuleResult {
    /// What was expected, on one line.
    #[must_use]
    pub fn expected(&self) -> String {
        self.expect.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether it fails the run.
    #[must_use]
    pub fn counts(&self, strict: bool) -> bool {
        let severe =
            self.severity == Severity::Error || (strict && self.severity == Severity::Warning);
        self.status == Status::Failed && severe
    }
}
