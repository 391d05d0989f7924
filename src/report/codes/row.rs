//! A code, and the row that it stands for.

use std::fmt;

use serde::{Serialize, Serializer};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Something broke.
    Error,
    /// Something is likely to be wrong.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a code stands for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// Area, dot, name.
    pub(super) code: &'static str,
    /// How bad it is, unless the case says otherwise.
    pub(super) severity: Severity,
    /// What it says.
    pub(super) meaning: &'static str,
    /// What it is concluded from.
    pub(super) evidence: &'static str,
    /// What is usually behind it.
    pub(super) causes: &'static [&'static str],
    /// What to do, unless the case knows better: the hint of the finding.
    pub(super) advice: &'static str,
}

/// The code of a finding: one row of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub(super) &'static Row);

impl Code {
    /// Area, dot, name: `smtp.rejected`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.code
    }

    /// The part ahead of the dot: `smtp`.
    #[must_use]
    pub fn area(self) -> &'static str {
        self.name().split('.').next().unwrap_or_default()
    }

    /// How bad it is, unless the case says otherwise.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.0.severity
    }

    /// What it says.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// What it is concluded from.
    #[must_use]
    pub const fn evidence(self) -> &'static str {
        self.0.evidence
    }

    /// What is usually behind it.
    #[must_use]
    pub const fn causes(self) -> &'static [&'static str] {
        self.0.causes
    }

    /// What to do, unless the case knows better.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.0.advice
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
