//! Why a session failed: the likeliest cause, and others that the capture does not exclude.

use serde::Serialize;

use super::codes::Code;

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Likelihood {
    /// An end says so itself.
    Certain,
    /// What was seen fits best with it.
    Likely,
    /// It is not excluded.
    Possible,
}

/// What may have made a session fail.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// The code of the finding that goes with it.
    pub code: Code,
    /// How sure it is.
    pub likelihood: Likelihood,
    /// The cause and its evidence.
    pub message: String,
    /// Where it shows.
    pub frame: Option<u64>,
    /// What to do about it, where the case knows better than its code.
    pub hint: Option<String>,
}

impl Cause {
    pub(crate) fn new(code: Code, likelihood: Likelihood, message: impl Into<String>) -> Self {
        Self { code, likelihood, message: message.into(), frame: None, hint: None }
    }

    pub(crate) fn at(self, frame: impl Into<Option<u64>>) -> Self {
        Self { frame: frame.into(), ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Why a session failed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The likeliest cause.
    #[serde(flatten)]
    pub cause: Cause,
    /// Others, the likelier first.
    pub alternatives: Vec<Cause>,
}
