//! Expressions of the Common Expression Language: read by the crate `cel`, worked out over JSON here.

use std::collections::HashMap;

use cel::IdedExpr;
use serde_json::{Map, Value as Json};

use super::account::Account;
use super::error::{PolicyError, Text};
use super::evaluation::{Evaluation, Fault, Worked};
use super::fields;
use super::pattern::{self, Patterns};
use super::reading::{self, Read};
use super::tree;
use super::value::Value;

/// An expression of a policy, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    expr: IdedExpr,
    patterns: Patterns,
    /// Character of the expression at which each node stands.
    places: HashMap<u64, usize>,
    /// Byte of the policy at which its string begins.
    start: usize,
    pub(super) written: String,
    /// The fields that it names.
    pub(super) paths: Vec<Vec<String>>,
}

/// What an expression is worked out over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A session of the report.
    Session,
    /// The figures of a limit.
    Figures,
}

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    True,
    False,
    /// It needs a value that the session does not have; which one, in words.
    Absent(String),
}

impl Expression {
    /// Reads an expression whose TOML string begins at `start`.
    pub(super) fn parse(
        written: &str,
        start: usize,
        about: About,
        text: &Text,
    ) -> Result<Self, PolicyError> {
        let error = |(at, message): (usize, String)| text.error(text.within(start, at), message);
        let Read { expr, places } = reading::read(written).map_err(error)?;
        let fits = match about {
            About::Session => fields::about_session(&expr),
            About::Figures => fields::about_figures(&expr),
        };
        fits.map_err(|(id, message)| error((places.get(&id).copied().unwrap_or(0), message)))?;
        let patterns = pattern::of(&expr)
            .map_err(|(id, message)| error((places.get(&id).copied().unwrap_or(0), message)))?;
        let mut paths = Vec::new();
        tree::paths(&expr, &mut paths);
        Ok(Self { expr, patterns, places, start, written: written.to_owned(), paths })
    }

    /// Its truth in `scope`.
    pub(super) fn is_true(&self, scope: &Scope<'_>, text: &Text) -> Result<Verdict, PolicyError> {
        match self.value(scope) {
            Ok(Value::Bool(true)) => Ok(Verdict::True),
            Ok(Value::Bool(false)) => Ok(Verdict::False),
            Ok(Value::Null) => Ok(Verdict::Absent("its value".to_owned())),
            Ok(other) => {
                let message = format!("the expression is {}, not true or false", other.kind());
                Err(self.error(0, message, text))
            }
            Err(fault) => self.failed(fault, text).map(Verdict::Absent),
        }
    }

    /// Its value as a number, for limits; None where it is absent.
    pub(super) fn number(
        &self,
        scope: &Scope<'_>,
        text: &Text,
    ) -> Result<Option<i64>, PolicyError> {
        match self.value(scope) {
            Ok(Value::Int(number)) => Ok(Some(number)),
            Ok(Value::Bool(is_so)) => Ok(Some(i64::from(is_so))),
            Ok(Value::Null) => Ok(None),
            Ok(other) => {
                let message = format!("the value is {}, not a whole number", other.kind());
                Err(self.error(0, message, text))
            }
            Err(fault) => self.failed(fault, text).map(|_| None),
        }
    }

    fn value<'v>(&'v self, scope: &Scope<'v>) -> Worked<'v> {
        Evaluation::new(scope.fields, scope.account, &self.patterns).value(&self.expr)
    }

    /// What is not there is no error of the policy; anything else is.
    fn failed(&self, fault: Fault, text: &Text) -> Result<String, PolicyError> {
        match fault {
            Fault::Absent(what) => Ok(what),
            Fault::Wrong(id, message) | Fault::Spent(id, message) => {
                let at = self.places.get(&id).copied();
                Err(self.error(at.unwrap_or(0), message, text))
            }
        }
    }

    fn error(&self, at: usize, message: impl Into<String>, text: &Text) -> PolicyError {
        text.error(text.within(self.start, at), message)
    }
}

/// What an expression may name, and what working it out may cost.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The variables.
    pub(super) fields: &'a Map<String, Json>,
    pub(super) account: &'a Account,
}
