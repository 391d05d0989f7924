//! The one table of what each finding's code means. `--explain CODE` prints a row, and
//! `docs/findings.md` is made of it.

mod capture;
mod keys;
mod peers;
mod smtp;
mod tcp;
mod tls;
mod trust;
mod verdict;

use super::findings::{Code, Finding, Severity};

/// Every code, area by area.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [
        capture::CODES,
        tcp::CODES,
        tls::CODES,
        trust::CODES,
        verdict::CODES,
        smtp::CODES,
        peers::CODES,
        keys::CODES,
    ]
    .into_iter()
    .flatten()
}

/// The row of a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Code> {
    all().find(|row| row.code == code)
}

/// A finding with the severity and hint that its code has.
pub(crate) fn finding(code: &'static str, message: impl Into<String>) -> Finding {
    let Some(row) = explain(code) else {
        return Finding::new(code, Severity::Warning, message);
    };
    Finding::new(code, row.severity, message).hint(row.advice)
}

#[cfg(test)]
mod tests;
