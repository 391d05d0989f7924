//! What is odd, with a stable code each.

use serde::Serialize;

use super::codes::{Code, Severity};

/// One odd thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its code: area, dot, name.
    pub code: Code,
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
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
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

/// A finding with the severity and hint that its code has.
pub(crate) fn finding(code: Code, message: impl Into<String>) -> Finding {
    Finding::new(code, code.severity(), message).hint(code.advice())
}
