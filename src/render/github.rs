//! Annotations of GitHub Actions: a line for each rule that fails, its sessions folded, and a sentence
//! at the end.
//! <https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions>

use std::io::{self, Write};

use super::term;
use crate::check::{Checks, RuleResult, Status};
use crate::report::Severity;

/// Writes the annotations.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, out: &mut dyn Write) -> io::Result<()> {
    for result in checks.results.iter().filter(|result| result.status == Status::Failed) {
        one(result, checks.strict, out)?;
    }
    let baseline = checks.baseline.as_ref().filter(|baseline| !baseline.changes.is_empty());
    if let Some(baseline) = baseline {
        let file = property(&baseline.path);
        writeln!(out, "::error file={file},title=baseline::{}", data(&baseline.folded()))?;
    }
    if checks.is_empty {
        writeln!(out, "::error title=nothing was checked::{}", data(&checks.sentence()))?;
    }
    writeln!(out, "{}", data(&checks.sentence()))
}

fn one(result: &RuleResult, strict: bool, out: &mut dyn Write) -> io::Result<()> {
    let level = match result.severity {
        _ if result.counts(strict) => "error",
        Severity::Info => "notice",
        _ => "warning",
    };
    let place = match &result.file {
        Some(file) => format!("file={},line={},", property(file), result.line),
        None => String::new(),
    };
    let message = result.folded();
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
