//! JUnit XML of checks, for CI servers: a suite a policy, a case a rule.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::term;
use crate::check::{BaselineResult, Checks, RuleResult, Status};

/// Writes the checks. A rule that fails without failing the run is a case that passed, and says so
/// in its output.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, strict: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new("smtp-decrypt check");
    for of_policy in checks.results.chunk_by(|a, b| a.policy == b.policy) {
        let name = of_policy.first().map_or("", |result| result.policy.as_str());
        let mut suite = TestSuite::new(safe(name));
        suite.add_test_cases(of_policy.iter().map(|result| case(result, strict)));
        report.add_test_suite(suite);
    }
    if let Some(baseline) = &checks.baseline {
        let mut suite = TestSuite::new("baseline");
        suite.add_test_case(of_baseline(baseline));
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
    if result.status == Status::Failed && !result.counts(strict) {
        case.set_system_out(format!("{}: {}", result.severity.name(), lines(result)));
    }
    case
}

fn failed(result: &RuleResult) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let first = result.failures.first().map_or("", |failure| failure.message.as_str());
    status.set_type(result.severity.name());
    status.set_message(format!("expected {}; {}", safe(&result.expected()), safe(first)));
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
    let count = baseline.changes.len() as u64 + baseline.further_changes;
    status.set_message(format!("{count} changes"));
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
