//! Annotations of GitHub Actions: a line for each failure, and a sentence at the end.
//! <https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions>

use std::io::{self, Write};

use super::term;
use crate::check::{Checks, Failure, RuleResult, Status};
use crate::report::Severity;

/// Writes the annotations.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, strict: bool, out: &mut dyn Write) -> io::Result<()> {
    for result in checks.results.iter().filter(|result| result.status == Status::Failed) {
        for failure in &result.failures {
            one(result, failure, strict, out)?;
        }
    }
    if let Some(baseline) = &checks.baseline {
        for change in &baseline.changes {
            let message = format!("{}: was {}, is {}", change.path, change.was, change.is);
            let file = property(&baseline.path);
            writeln!(out, "::error file={file},title=baseline::{}", data(&message))?;
        }
    }
    let (failed, all) = (checks.count(Status::Failed), checks.results.len());
    let result = if checks.passed { "passed" } else { "failed" };
    writeln!(out, "{result}: {failed} of {all} checks failed, {} sessions", checks.sessions)
}

fn one(
    result: &RuleResult,
    failure: &Failure,
    strict: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = match result.severity {
        _ if result.counts(strict) => "error",
        Severity::Info => "notice",
        _ => "warning",
    };
    let place = match &result.file {
        Some(file) => format!("file={},line={},", property(file), result.line),
        None => String::new(),
    };
    let session = match (failure.session, &failure.ends) {
        (Some(session), Some(ends)) => format!("session {session}, {ends}: "),
        _ => String::new(),
    };
    let hint = result.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
    let message = format!("{session}{}; expected {}{hint}", failure.message, result.expected());
    writeln!(out, "::{level} {place}title={}::{}", property(&result.name), data(&message))
}

/// What may stand behind `::`: no line end, and nothing that a terminal obeys.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| term::escaped(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// What may stand in `name=value`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
