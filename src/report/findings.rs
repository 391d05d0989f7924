//! What is odd, with a stable code each.

use serde::Serialize;

/// How bad it is.
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
#[derive(Debug)]
pub struct Code {
    /// Area, dot, name.
    pub code: &'static str,
    /// How bad it is, unless the case says otherwise.
    pub severity: Severity,
    /// What it says.
    pub meaning: &'static str,
    /// What it is concluded from.
    pub evidence: &'static str,
    /// What is usually behind it.
    pub causes: &'static [&'static str],
    /// What to do, unless the case knows better: the hint of the finding.
    pub advice: &'static str,
}

/// One odd thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its code: area, dot, name.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it shows; null if in no single frame.
    pub frame: Option<u64>,
    /// What was seen.
    pub message: String,
    /// What to do about it; null if nothing.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without frame and hint.
    #[must_use]
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, frame: None, message: message.into(), hint: None }
    }

    /// With the frame where it shows.
    #[must_use]
    pub fn at(self, frame: impl Into<Option<u64>>) -> Self {
        Self { frame: frame.into(), ..self }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
