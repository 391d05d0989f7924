//! What is odd, and what it means: each code is explained once a page, and linked from everywhere.

use std::collections::BTreeSet;

use askama::Template;

use super::inked::class;
use crate::render::text::ink::Ink;
use crate::report::{Cause, Code, Diagnosis, Finding, Likelihood, SessionReport, codes};

/// The findings of a session or of the capture, worst first.
#[derive(Debug, Template)]
#[template(path = "findings.html")]
pub(super) struct Findings<'a> {
    findings: &'a [Finding],
}

impl<'a> Findings<'a> {
    /// The list of `findings`.
    pub(super) fn new(findings: &'a [Finding]) -> Self {
        Self { findings }
    }

    fn class(&self, finding: &Finding) -> &'static str {
        class(Ink::of_severity(finding.severity))
    }
}

/// Why a session failed.
#[derive(Debug, Template)]
#[template(path = "diagnosis.html")]
pub(super) struct Why<'a> {
    diagnosis: &'a Diagnosis,
}

impl<'a> Why<'a> {
    /// The causes of `diagnosis`.
    pub(super) fn new(diagnosis: &'a Diagnosis) -> Self {
        Self { diagnosis }
    }

    fn likelihood(&self, cause: &Cause) -> &'static str {
        match cause.likelihood {
            Likelihood::Certain => "certain",
            Likelihood::Likely => "likely",
            Likelihood::Possible => "possible",
        }
    }
}

/// The codes that occur on a page, explained.
#[derive(Debug, Template)]
#[template(path = "codes.html")]
pub(super) struct Glossary {
    rows: Vec<Code>,
}

impl Glossary {
    /// The rows of all codes that stand on the page.
    pub(super) fn new<'a>(
        sessions: impl Iterator<Item = &'a SessionReport>,
        findings: &'a [Finding],
    ) -> Self {
        let mut used: BTreeSet<_> = findings.iter().map(|finding| finding.code).collect();
        for session in sessions {
            used.extend(session.findings.iter().map(|finding| finding.code));
            if let Some(diagnosis) = &session.diagnosis {
                used.insert(diagnosis.cause.code);
                used.extend(diagnosis.alternatives.iter().map(|cause| cause.code));
            }
        }
        Self { rows: codes::all().filter(|row| used.contains(row)).collect() }
    }

    /// Whether there is nothing to explain.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
