//! Checks for people: a line a rule, and what failed below it.

use std::io::{self, Write};

use super::Style;
use super::duration::Duration;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::check::{BaselineResult, Change, Checks, Failure, RuleResult, Status};
use crate::report::Severity;

/// Failures of a rule that are shown; JSON and JUnit have more.
const MOST_FAILURES: usize = 10;

/// Writes the checks.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    for of_policy in checks.results.chunk_by(|a, b| a.policy == b.policy) {
        if let Some(first) = of_policy.first() {
            page.put(Line::default().ink(Ink::Strong).text(&first.policy))?;
        }
        of_policy.iter().try_for_each(|result| one(result, page))?;
        page.blank()?;
    }
    if let Some(result) = &checks.baseline {
        baseline(result, page)?;
    }
    totals(checks, page)
}

fn one(result: &RuleResult, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(7);
    match result.status {
        Status::Passed => line.inked(Ink::Good, "  ok   "),
        Status::Skipped => line.inked(Ink::Dim, "  --   "),
        Status::Failed if result.severity == Severity::Error => line.inked(Ink::Bad, "  FAIL "),
        Status::Failed => line.inked(Ink::Warn, "  warn "),
    };
    line.text(&result.name).ink(Ink::Dim);
    counts(result, &mut line);
    page.put(&line)?;
    for failure in result.failures.iter().take(MOST_FAILURES) {
        of_session(failure, page)?;
    }
    let shown = result.failures.len().min(MOST_FAILURES) as u64;
    let more = result.failures.len() as u64 + result.further_failures - shown;
    if more > 0 {
        page.put(Line::hanging(9).own("       ... and ").text(more).own(" more"))?;
    }
    if result.status != Status::Failed {
        return Ok(());
    }
    page.put(Line::hanging(17).inked(Ink::Dim, "       expected: ").text(result.expected()))?;
    let Some(hint) = &result.hint else { return Ok(()) };
    page.put(Line::hanging(13).inked(Ink::Dim, "       hint: ").text(hint))
}

fn counts(result: &RuleResult, line: &mut Line) {
    let skipped = result.sessions_skipped;
    line.own(" (").text(result.share()).own(")");
    if skipped > 0 {
        line.own(" (").text(skipped).own(" without the value)");
    }
}

fn of_session(failure: &Failure, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(9);
    line.own("       ");
    if let (Some(session), Some(ends)) = (failure.session, &failure.ends) {
        line.own("session ").text(session).own(", ").text(ends).own(": ");
    }
    page.put(line.text(&failure.message))
}

fn baseline(result: &BaselineResult, page: &mut Page<'_>) -> io::Result<()> {
    page.put(Line::default().ink(Ink::Strong).own("baseline ").text(&result.path))?;
    if result.changes.is_empty() {
        page.put(Line::default().inked(Ink::Good, "  ok   ").own("as stored"))?;
    }
    result.changes.iter().try_for_each(|change| changed(change, page))?;
    if result.further_changes > 0 {
        page.put(Line::default().own("  ... and ").text(result.further_changes).own(" more"))?;
    }
    page.blank()
}

/// As `diff -u` shows it: where, then what was, then what is.
fn changed(change: &Change, page: &mut Page<'_>) -> io::Result<()> {
    page.put(Line::hanging(4).own("  ").text(&change.path))?;
    if !change.was.is_null() {
        page.put(Line::hanging(6).ink(Ink::Bad).own("    - ").text(shown(change, &change.was)))?;
    }
    if !change.is.is_null() {
        page.put(Line::hanging(6).ink(Ink::Good).own("    + ").text(shown(change, &change.is)))?;
    }
    Ok(())
}

/// A value as JSON has it, a time with its unit.
fn shown(change: &Change, value: &serde_json::Value) -> String {
    match value.as_i64().filter(|_| change.path.ends_with("_ns")) {
        Some(ns) => Duration(ns).to_string(),
        None => value.to_string(),
    }
}

fn totals(checks: &Checks, page: &mut Page<'_>) -> io::Result<()> {
    let was_held = checks.results.iter().any(|result| result.status != Status::Skipped);
    let ink = match checks.passed {
        false => Ink::Bad,
        // Where nothing was captured, or nothing that a rule is about, nothing can fail.
        true if !was_held && checks.baseline.is_none() => Ink::Warn,
        true => Ink::Good,
    };
    page.put(Line::default().ink(ink).text(checks.sentence()))
}
