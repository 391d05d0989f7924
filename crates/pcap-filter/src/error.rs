//! What is wrong with an expression, and where.

use std::fmt;
use std::ops::Range;

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// What was expected, or what cannot be.
    pub message: String,
    /// The bytes of the expression that it is about; empty at its end.
    pub at: Range<usize>,
}

impl FilterError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }

    /// The column where it begins in `expression`, from 1, in characters.
    #[must_use]
    pub fn column(&self, expression: &str) -> usize {
        let before = expression.get(..self.at.start).unwrap_or(expression);
        before.chars().count() + 1
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FilterError {}
