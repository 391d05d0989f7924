//! What is wrong with a policy, and where: file, line and column, also within an expression.

use std::fmt;

/// An error of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The file, or the name of a built-in policy.
    pub(super) source: String,
    pub(super) line: usize,
    pub(super) column: usize,
    /// What is wrong, and what to do.
    pub(super) message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.source, self.line, self.column, self.message)
    }
}

impl std::error::Error for PolicyError {}

impl PolicyError {
    /// The same where the text has a quote in front that nobody typed.
    pub(super) fn without_quotes(self) -> Self {
        let column =
            if self.line == 1 { self.column.saturating_sub(1).max(1) } else { self.column };
        Self { column, ..self }
    }
}

/// The text of a policy, for finding places in it.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) source: String,
    pub(super) text: String,
}

impl Text {
    /// An error at a byte of the text.
    pub(super) fn error(&self, byte: usize, message: impl Into<String>) -> PolicyError {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        PolicyError { source: self.source.clone(), line, column, message: message.into() }
    }

    /// The byte of the text at which the character `at` of a TOML string stands, whose quotes
    /// begin at `start` (TOML 1.0, "String").
    pub(super) fn within(&self, start: usize, at: usize) -> usize {
        let raw = self.text.get(start..).unwrap_or_default();
        let quotes =
            ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| raw.starts_with(quotes));
        let Some(quotes) = quotes else { return start };
        let mut byte = start + quotes.len();
        if quotes.len() == 3 {
            // A line end right behind three quotes is not of the string.
            byte += raw.get(3..).map_or(0, |rest| {
                if rest.starts_with('\n') {
                    1
                } else if rest.starts_with("\r\n") {
                    2
                } else {
                    0
                }
            });
        }
        for _ in 0..at {
            let rest = self.text.get(byte..).unwrap_or_default();
            let mut chars = rest.chars();
            let Some(first) = chars.next() else { break };
            byte += first.len_utf8();
            if first == '\\' && quotes.starts_with('"') {
                byte += chars.next().map_or(0, char::len_utf8);
            }
        }
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_every_kind_of_string() {
        for (raw, at, byte) in
            [("'abc'", 1, 2), ("\"a\\\"c\"", 2, 4), ("'''\nab'''", 1, 5), ("\"\"\"ab\"\"\"", 0, 3)]
        {
            let text = Text { source: "p".into(), text: raw.into() };
            assert_eq!(text.within(0, at), byte, "{raw}");
        }
    }
}
