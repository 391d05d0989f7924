//! JUnit XML of checks, for CI servers: a suite a policy, a case a rule.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::term;
use crate::check::{BaselineResult, Checks, RuleResult, Status};

/// Writes the checks. A rule that fails without failing the run is a case that passed, and says so
/// in its output.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, out: &mut dyn Write) -> io::Result<()> {
    let strict = checks.strict;
    let mut report = Report::new("smtp-decrypt check");
    for of_policy in checks.results.chunk_by(|a, b| a.policy == b.policy) {
        let name = of_policy.first().map_or("", |result| result.policy.as_str());
        let mut suite = TestSuite::new(safe(name));
        suite.add_test_cases(of_policy.iter().map(|result| case(result, strict)));
        suite.set_time(took(of_policy.iter().map(|result| result.duration_ns).sum()));
        report.add_test_suite(suite);
    }
    if let Some(baseline) = &checks.baseline {
        let mut suite = TestSuite::new("baseline");
        suite.add_test_case(of_baseline(baseline));
        report.add_test_suite(suite);
    }
    if checks.is_empty {
        let mut suite = TestSuite::new("the capture");
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(checks.sentence());
        suite.add_test_case(TestCase::new("something was checked", status));
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn case(result: &RuleResult, strict: bool) -> TestCase {
    let status = match result.status {
        Status::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("there is no session that it is about");
            status
        }
        Status::Failed if result.counts(strict) => failed(result),
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(safe(&result.name), status);
    case.set_classname(safe(&result.policy));
    case.set_time(took(result.duration_ns));
    if result.status == Status::Failed && !result.counts(strict) {
        case.set_system_out(format!("{}: {}", result.severity.name(), lines(result)));
    }
    case
}

/// Time of the capture, not of the program: the same bytes for the same input.
fn took(ns: i64) -> Duration {
    Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
}

fn failed(result: &RuleResult) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(result.severity.name());
    status.set_message(safe(&result.folded()));
    status.set_description(lines(result));
    status
}

/// A line for each session that failed.
fn lines(result: &RuleResult) -> String {
    let mut text = String::new();
    for failure in &result.failures {
        if let (Some(session), Some(ends)) = (failure.session, &failure.ends) {
            text.push_str(&format!("session {session}, {}: ", safe(ends)));
        }
        text.push_str(&safe(&failure.message));
        text.push('\n');
    }
    if result.further_failures > 0 {
        text.push_str(&format!("and {} more\n", result.further_failures));
    }
    if let Some(hint) = &result.hint {
        text.push_str(&format!("hint: {}\n", safe(hint)));
    }
    text
}

fn of_baseline(baseline: &BaselineResult) -> TestCase {
    if baseline.changes.is_empty() {
        return TestCase::new(safe(&baseline.path), TestCaseStatus::success());
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(safe(&baseline.folded()));
    let line = |change: &crate::check::Change| {
        format!(
            "{}: was {}, is {}\n",
            safe(&change.path),
            safe(&change.was.to_string()),
            safe(&change.is.to_string())
        )
    };
    status.set_description(baseline.changes.iter().map(line).collect::<String>());
    TestCase::new(safe(&baseline.path), status)
}

/// XML has no place for control characters, and a CI server's page none for what hides text.
fn safe(text: &str) -> String {
    term::escaped(text).into_owned()
}
