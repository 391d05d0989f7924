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
    /// Nothing was checked: no session, or none that a rule is about; and that was not allowed.
    pub is_empty: bool,
    /// Warnings fail the run.
    pub strict: bool,
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
    /// How long the sessions took that it was held against, added up.
    pub duration_ns: i64,
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

impl BaselineResult {
    /// The changes in a sentence.
    #[must_use]
    pub fn folded(&self) -> String {
        let count = self.changes.len() as u64 + self.further_changes;
        let noun = if count == 1 { "difference" } else { "differences" };
        let shown: Vec<_> = self
            .changes
            .iter()
            .take(MOST_FOLDED)
            .map(|change| format!("{}: was {}, is {}", change.path, change.was, change.is))
            .collect();
        let more = count.saturating_sub(shown.len() as u64);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{count} {noun} from the baseline: {}{more}", shown.join("; "))
    }
}

/// Sessions and changes that a sentence names.
const MOST_FOLDED: usize = 5;

impl Checks {
    /// Tests as all formats count them: rules and limits, the baseline, and that anything was
    /// checked where nothing was.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.results.len() + usize::from(self.baseline.is_some()) + usize::from(self.is_empty)
    }

    /// Tests that make the run fail.
    #[must_use]
    pub fn failed(&self) -> usize {
        let rules = self.results.iter().filter(|result| result.counts(self.strict)).count();
        let differs = self.baseline.as_ref().is_some_and(|baseline| !baseline.changes.is_empty());
        rules + usize::from(differs) + usize::from(self.is_empty)
    }

    /// Rules that fail and do not make the run fail.
    #[must_use]
    pub fn warned(&self) -> usize {
        let warns =
            |result: &&RuleResult| result.status == Status::Failed && !result.counts(self.strict);
        self.results.iter().filter(warns).count()
    }

    /// What the run came to, with its counts.
    #[must_use]
    pub fn sentence(&self) -> String {
        let result = match (self.passed, self.is_empty) {
            (_, true) => "failed, for nothing was checked",
            (true, _)
                if self.results.iter().all(|r| r.status == Status::Skipped)
                    && self.baseline.is_none() =>
            {
                "nothing was checked"
            }
            (true, _) => "passed",
            (false, _) => "failed",
        };
        let noun = if self.sessions == 1 { "session" } else { "sessions" };
        let skipped = self.count(Status::Skipped);
        let passed = self.tests() - self.failed() - self.warned() - skipped;
        let mut sentence = format!(
            "{result}: {} {noun}; {passed} checks passed, {} failed",
            self.sessions,
            self.failed()
        );
        if self.warned() > 0 {
            sentence.push_str(&format!(", {} warned", self.warned()));
        }
        sentence.push_str(&format!(", {skipped} were about no session"));
        if let Some(baseline) = &self.baseline {
            let changes = baseline.changes.len() as u64 + baseline.further_changes;
            let noun = if changes == 1 { "difference" } else { "differences" };
            sentence.push_str(&format!("; {changes} {noun} from the baseline"));
        }
        if self.is_empty {
            sentence.push_str("; --allow-empty lets such a run pass");
        }
        sentence
    }

    /// How many results have a status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.results.iter().filter(|result| result.status == status).count()
    }
}

impl RuleResult {
    /// How many sessions it is about, and how many of them fail: `1 of 301 sessions fails`.
    #[must_use]
    pub fn share(&self) -> String {
        let all = self.sessions_passed + self.sessions_failed;
        let noun = if all == 1 { "session" } else { "sessions" };
        match (self.kind, self.sessions_failed) {
            (Kind::Limit, _) => "all sessions together".to_owned(),
            (Kind::Rule, 0) if all == 0 => "no session that it is about".to_owned(),
            (Kind::Rule, 0) => format!("{all} {noun}"),
            (Kind::Rule, 1) => format!("1 of {all} {noun} fails"),
            (Kind::Rule, failed) => format!("{failed} of {all} {noun} fail"),
        }
    }

    /// What failed in a sentence, its sessions folded.
    #[must_use]
    pub fn folded(&self) -> String {
        let one = |failure: &Failure| match (failure.session, &failure.ends) {
            (Some(session), Some(ends)) => {
                format!("session {session}, {ends}: {}", failure.message)
            }
            _ => failure.message.clone(),
        };
        let shown: Vec<_> = self.failures.iter().take(MOST_FOLDED).map(one).collect();
        let all = self.failures.len() as u64 + self.further_failures;
        let more = all.saturating_sub(shown.len() as u64);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        let share = self.share();
        let (before, behind) = match (self.sessions_failed, self.sessions_passed) {
            (0, _) | (1, 0) => (String::new(), String::new()),
            (1, _) => (String::new(), format!(" ({share})")),
            _ => (format!("{share}: "), String::new()),
        };
        let expected = self.expected();
        format!("{before}{}{more}{behind}; expected {expected}{hint}", shown.join("; "))
    }

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
