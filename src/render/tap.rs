//! Checks in the Test Anything Protocol, version 14: a line a check, what failed below it.
//! <https://testanything.org/tap-version-14-specification.html>

use std::io::{self, Write};

use super::term;
use crate::check::{Checks, RuleResult, Status};

/// Writes the checks.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 14")?;
    writeln!(out, "1..{}", checks.tests())?;
    for (at, result) in checks.results.iter().enumerate() {
        one(at + 1, result, checks.strict, out)?;
    }
    let mut at = checks.results.len();
    if let Some(baseline) = &checks.baseline {
        at += 1;
        let is_as_stored = baseline.changes.is_empty();
        let ok = if is_as_stored { "ok" } else { "not ok" };
        writeln!(out, "{ok} {at} - baseline {}", name(&baseline.path))?;
        if !is_as_stored {
            diagnostic(&baseline.folded(), out)?;
        }
    }
    if checks.is_empty {
        writeln!(out, "not ok {} - something was checked", at + 1)?;
    }
    writeln!(out, "# {}", name(&checks.sentence()))
}

fn one(at: usize, result: &RuleResult, strict: bool, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("{}: {}", name(&result.policy), name(&result.name));
    match result.status {
        Status::Passed => writeln!(out, "ok {at} - {title}"),
        Status::Skipped => writeln!(out, "ok {at} - {title} # SKIP no session that it is about"),
        Status::Failed if result.counts(strict) => {
            writeln!(out, "not ok {at} - {title}")?;
            diagnostic(&result.folded(), out)
        }
        Status::Failed => {
            writeln!(out, "ok {at} - {title}")?;
            writeln!(out, "# {}: {}", result.severity.name(), name(&result.folded()))
        }
    }
}

/// A YAML block below the line of a test.
fn diagnostic(message: &str, out: &mut dyn Write) -> io::Result<()> {
    let quoted = serde_json::to_string(&term::escaped(message))?;
    writeln!(out, "  ---\n  message: {quoted}\n  ...")
}

/// What may stand in a line of TAP: `#` begins a directive.
fn name(text: &str) -> String {
    term::escaped(text).replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}
