//! SARIF 2.1.0 of checks, for code scanning: a rule of a policy is a rule, what failed a result with
//! its sessions folded. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::term;
use crate::check::{BaselineResult, Checks, RuleResult, Status};
use crate::report::Severity;

/// Writes the checks.
///
/// # Errors
///
/// What `out` says.
pub fn write(checks: &Checks, out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<_> = checks.results.iter().enumerate().map(rule).collect();
    let failed = checks.results.iter().enumerate();
    let failed = failed.filter(|(_, result)| result.status == Status::Failed);
    let mut results: Vec<_> = failed.map(|(at, result)| found(at, result, checks.strict)).collect();
    results.extend(checks.baseline.iter().filter(|b| !b.changes.is_empty()).map(of_baseline));
    results.extend(checks.is_empty.then(|| nothing(checks)));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "smtp-decrypt",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [{ "executionSuccessful": true, "exitCode": i32::from(!checks.passed) }],
            "results": results,
            "columnKind": "unicodeCodePoints",
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// The id of a rule: its place among all, so that two of one name are told apart.
fn id(at: usize, result: &RuleResult) -> String {
    format!("{}/{}", result.policy, at + 1)
}

fn rule((at, result): (usize, &RuleResult)) -> Json {
    let mut rule = json!({
        "id": id(at, result),
        "name": safe(&result.name),
        "shortDescription": { "text": safe(&result.name) },
        "fullDescription": { "text": safe(&format!("expected {}", result.expected())) },
        "defaultConfiguration": { "level": level(result.severity) },
    });
    if let (Some(hint), Some(fields)) = (&result.hint, rule.as_object_mut()) {
        fields.insert("help".to_owned(), json!({ "text": safe(hint) }));
    }
    rule
}

fn found(at: usize, result: &RuleResult, strict: bool) -> Json {
    let level = if result.counts(strict) { "error" } else { level(result.severity) };
    let mut found = json!({
        "ruleId": id(at, result),
        "ruleIndex": at,
        "level": level,
        "message": { "text": safe(&result.folded()) },
    });
    if let (Some(file), Some(fields)) = (&result.file, found.as_object_mut()) {
        fields.insert("locations".to_owned(), json!([place(file, result.line)]));
    }
    found
}

fn place(file: &str, line: usize) -> Json {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(file) },
        "region": { "startLine": line.max(1) },
    } })
}

/// A file name as a URI reference (RFC 3986 §2.1).
fn uri(file: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let shown =
        |byte: u8| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    file.replace('\\', "/").bytes().map(shown).collect()
}

fn of_baseline(baseline: &BaselineResult) -> Json {
    json!({
        "ruleId": "baseline",
        "level": "error",
        "message": { "text": safe(&baseline.folded()) },
        "locations": [place(&baseline.path, 1)],
    })
}

fn nothing(checks: &Checks) -> Json {
    json!({ "ruleId": "nothing-checked", "level": "error", "message": { "text": checks.sentence() } })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn safe(text: &str) -> String {
    term::escaped(text).into_owned()
}
