//! Policies are checked against each session when it ends.

use serde_json::{Map, Value as Json, json};

use super::account::Account;
use super::baseline::Change;
use super::error::PolicyError;
use super::expression::{Scope, Verdict};
use super::outcome::{BaselineResult, Checks, Failure, Kind, RuleResult, SCHEMA, Status};
use super::policy::{Head, Limit, Policy, Rule};
use super::shown;
use crate::report::SessionReport;

/// Failures of a rule that are told one by one; all are counted.
pub(super) const MOST_FAILURES: usize = 100;

/// Values of a limit that are kept for its percentiles.
pub(super) const MOST_SAMPLES: usize = 1 << 20;

/// Changes beside a baseline that are told one by one.
pub(super) const MOST_CHANGES: usize = 200;

/// Policies, and what came of them so far.
pub struct Checker {
    policies: Vec<Policy>,
    rules: Vec<Vec<Tally>>,
    limits: Vec<Vec<Samples>>,
    sessions: u64,
    account: Account,
}

/// What a rule came to so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    duration_ns: i64,
    failures: Vec<Failure>,
}

/// What a limit is about.
#[derive(Clone, Debug, Default)]
struct Samples {
    count: u64,
    values: Vec<i64>,
}

impl Checker {
    /// A checker of these policies.
    #[must_use]
    pub fn new(policies: Vec<Policy>) -> Self {
        let rules =
            policies.iter().map(|policy| vec![Tally::default(); policy.rules.len()]).collect();
        let limits =
            policies.iter().map(|policy| vec![Samples::default(); policy.limits.len()]).collect();
        Self { policies, rules, limits, sessions: 0, account: Account::default() }
    }

    /// Holds a session against all rules.
    ///
    /// # Errors
    ///
    /// What is wrong with an expression, such as a field that does not exist.
    pub fn add(&mut self, session: &SessionReport) -> Result<(), PolicyError> {
        self.sessions += 1;
        // Maps with keys that are no text are the only thing that cannot be JSON, and there are none.
        let Ok(json) = serde_json::to_value(session) else { return Ok(()) };
        let Some(fields) = json.as_object() else { return Ok(()) };
        self.account.grant(values(&json));
        let scope = Scope { fields, account: &self.account };
        for (at, policy) in self.policies.iter().enumerate() {
            for (rule, tally) in policy.rules.iter().zip(self.rules[at].iter_mut()) {
                tally.add(rule, policy, &scope, &json)?;
            }
            for (limit, samples) in policy.limits.iter().zip(self.limits[at].iter_mut()) {
                samples.add(limit, policy, &scope)?;
            }
        }
        Ok(())
    }

    /// The results. With `strict`, warnings count as errors do; with `allow_empty`, a run that checked
    /// nothing passes.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression of a limit.
    pub fn finish(
        self,
        strict: bool,
        allow_empty: bool,
        baseline: Option<(String, Vec<Change>)>,
    ) -> Result<Checks, PolicyError> {
        let mut results = Vec::new();
        for (at, policy) in self.policies.iter().enumerate() {
            for (rule, tally) in policy.rules.iter().zip(&self.rules[at]) {
                results.push(tally.result(rule, policy));
            }
            for (limit, samples) in policy.limits.iter().zip(&self.limits[at]) {
                results.push(samples.result(limit, policy, self.sessions, &self.account)?);
            }
        }
        let baseline = baseline.map(|(path, mut changes)| {
            let further_changes = changes.len().saturating_sub(MOST_CHANGES) as u64;
            changes.truncate(MOST_CHANGES);
            BaselineResult { path, changes, further_changes }
        });
        let is_as_stored = baseline.as_ref().is_none_or(|baseline| baseline.changes.is_empty());
        let was_held = results.iter().any(|result| result.status != Status::Skipped);
        let has_checked = self.sessions > 0 && (was_held || baseline.is_some());
        let is_empty = !has_checked && !allow_empty;
        let has_failed = results.iter().any(|result| result.counts(strict));
        let passed = is_as_stored && !has_failed && !is_empty;
        let sessions = self.sessions;
        Ok(Checks { schema: SCHEMA, passed, sessions, is_empty, strict, results, baseline })
    }
}

/// Whether a rule or limit is about a session. What is absent is no reason to be.
fn applies(head: &Head, policy: &Policy, scope: &Scope<'_>) -> Result<bool, PolicyError> {
    match &head.filter {
        None => Ok(true),
        Some(filter) => Ok(filter.is_true(scope, &policy.text)? == Verdict::True),
    }
}

impl Tally {
    fn add(
        &mut self,
        rule: &Rule,
        policy: &Policy,
        scope: &Scope<'_>,
        session: &Json,
    ) -> Result<(), PolicyError> {
        if !applies(&rule.head, policy, scope)? {
            return Ok(());
        }
        let verdict = rule.expect.is_true(scope, &policy.text)?;
        if !matches!(verdict, Verdict::Absent(_)) {
            let took = session["duration_ns"].as_i64().unwrap_or(0);
            self.duration_ns = self.duration_ns.saturating_add(took);
        }
        match verdict {
            Verdict::True => self.passed += 1,
            Verdict::Absent(_) => self.skipped += 1,
            Verdict::False => {
                self.failed += 1;
                if self.failures.len() < MOST_FAILURES {
                    self.failures.push(failure(rule, session));
                }
            }
        }
        Ok(())
    }

    fn result(&self, rule: &Rule, policy: &Policy) -> RuleResult {
        let status = match (self.failed, self.passed) {
            (0, 0) => Status::Skipped,
            (0, _) => Status::Passed,
            _ => Status::Failed,
        };
        RuleResult {
            status,
            sessions_passed: self.passed,
            sessions_failed: self.failed,
            sessions_skipped: self.skipped,
            duration_ns: self.duration_ns,
            failures: self.failures.clone(),
            further_failures: self.failed - self.failures.len() as u64,
            ..blank(&rule.head, policy, Kind::Rule, &rule.expect.written)
        }
    }
}

fn failure(rule: &Rule, session: &Json) -> Failure {
    Failure {
        session: session["id"].as_u64(),
        frame: session["frames"]["first"].as_u64(),
        ends: Some(format!("{} -> {}", end(&session["client"]), end(&session["server"]))),
        message: shown::values(&rule.expect.paths, session),
    }
}

/// `192.0.2.1:25`, `[2001:db8::1]:25`.
fn end(end: &Json) -> String {
    let (ip, port) = (end["ip"].as_str().unwrap_or("?"), end["port"].as_u64().unwrap_or(0));
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

fn blank(head: &Head, policy: &Policy, kind: Kind, expect: &str) -> RuleResult {
    let source = policy.text.source.as_str();
    let is_file = !source.is_empty() && !super::builtin::NAMES.contains(&source);
    RuleResult {
        policy: policy.name.clone(),
        file: is_file.then(|| policy.text.source.clone()),
        line: head.line,
        name: head.name.clone(),
        kind,
        severity: head.severity,
        expect: expect.to_owned(),
        status: Status::Skipped,
        sessions_passed: 0,
        sessions_failed: 0,
        sessions_skipped: 0,
        duration_ns: 0,
        failures: Vec::new(),
        further_failures: 0,
        hint: head.hint.clone(),
    }
}

impl Samples {
    fn add(
        &mut self,
        limit: &Limit,
        policy: &Policy,
        scope: &Scope<'_>,
    ) -> Result<(), PolicyError> {
        if !applies(&limit.head, policy, scope)? {
            return Ok(());
        }
        self.count += 1;
        let Some(value) = &limit.value else { return Ok(()) };
        let number = value.number(scope, &policy.text)?;
        if let Some(number) = number.filter(|_| self.values.len() < MOST_SAMPLES) {
            self.values.push(number);
        }
        Ok(())
    }

    fn result(
        &self,
        limit: &Limit,
        policy: &Policy,
        total: u64,
        account: &Account,
    ) -> Result<RuleResult, PolicyError> {
        let figures = self.figures(total);
        let scope = Scope { fields: &figures, account };
        let verdict = limit.expect.is_true(&scope, &policy.text)?;
        let mut result = blank(&limit.head, policy, Kind::Limit, &limit.expect.written);
        result.status = match &verdict {
            Verdict::True => Status::Passed,
            Verdict::False => Status::Failed,
            Verdict::Absent(_) => Status::Skipped,
        };
        if verdict == Verdict::False {
            let message = shown::values(&limit.expect.paths, &Json::Object(figures));
            result.failures.push(Failure { session: None, frame: None, ends: None, message });
        }
        Ok(result)
    }

    /// What the expression of a limit can name.
    fn figures(&self, total: u64) -> Map<String, Json> {
        let mut sorted = self.values.clone();
        sorted.sort_unstable();
        let sum = sorted.iter().fold(0_i64, |sum, &value| sum.saturating_add(value));
        let len = i64::try_from(sorted.len()).unwrap_or(i64::MAX);
        let share = if total == 0 { 0.0 } else { self.count as f64 / total as f64 };
        let figures = [
            ("count", json!(self.count)),
            ("total", json!(total)),
            ("share", json!(share)),
            ("min", json!(sorted.first())),
            ("max", json!(sorted.last())),
            ("sum", json!(sum)),
            ("mean", json!(sum.checked_div(len))),
            ("p50", json!(percentile(&sorted, 50))),
            ("p90", json!(percentile(&sorted, 90))),
            ("p95", json!(percentile(&sorted, 95))),
            ("p99", json!(percentile(&sorted, 99))),
        ];
        figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// How many values a document has.
pub(super) fn values(json: &Json) -> u64 {
    match json {
        Json::Array(items) => items.iter().map(values).sum::<u64>() + 1,
        Json::Object(fields) => fields.values().map(values).sum::<u64>() + 1,
        _ => 1,
    }
}

/// The smallest value that so many percent of the values do not exceed (nearest rank).
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}
