//! A condition on sessions, as it is typed: an expression of policies that stands alone.

use serde_json::Value as Json;

use super::account::Account;
use super::checker::values;
use super::error::{PolicyError, Text};
use super::expression::{About, Expression, Scope, Verdict};
use crate::report::SessionReport;

/// An expression over the fields of a session, and what working it out may still cost.
#[derive(Debug)]
pub struct Condition {
    expression: Expression,
    text: Text,
    account: Account,
}

impl Condition {
    /// Reads an expression, as `--where` has it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with its column: syntax, a field that sessions do not have, or a value
    /// that a field never has.
    pub fn parse(written: &str) -> Result<Self, PolicyError> {
        // Errors are placed as in a policy, where quotes stand around an expression.
        let text = Text { source: "--where".to_owned(), text: format!("'{written}'") };
        let expression = Expression::parse(written, 0, About::Session, &text);
        let expression = expression.map_err(PolicyError::without_quotes)?;
        Ok(Self { expression, text, account: Account::default() })
    }

    /// Whether it is true of a session. Where the session lacks what it needs, it is not.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression, such as a comparison of a text and a number.
    pub fn holds(&self, session: &SessionReport) -> Result<bool, PolicyError> {
        // Maps with keys that are no text are the only thing that cannot be JSON, and there are none.
        let Ok(Json::Object(fields)) = serde_json::to_value(session) else { return Ok(false) };
        self.account.grant(fields.values().map(values).sum());
        let scope = Scope { fields: &fields, account: &self.account };
        let verdict = self.expression.is_true(&scope, &self.text);
        Ok(verdict.map_err(PolicyError::without_quotes)? == Verdict::True)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_column() {
        let error = Condition::parse("outcome == 'deliverd'").unwrap_err().to_string();
        assert!(error.starts_with("--where:1:12: "), "{error}");
        let error = Condition::parse("outcom == 'delivered'").unwrap_err().to_string();
        assert!(error.starts_with("--where:1:1: ") && error.contains("outcome"), "{error}");
    }
}
