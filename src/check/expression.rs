//! Expressions of the Common Expression Language, by the crate `cel`, over JSON.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::parser::Parser;
use cel::{Context, ExecutionError, IdedExpr, Value};
use serde_json::Value as Json;

use super::error::{PolicyError, Text};
use super::null_safe::{self, ABSENT};

/// An expression of a policy, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    expr: IdedExpr,
    /// Character of the expression at which each node stands.
    places: HashMap<u64, usize>,
    /// Byte of the policy at which its string begins.
    start: usize,
    pub(super) written: String,
    /// The fields that it names.
    pub(super) paths: Vec<Vec<String>>,
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
    pub(super) fn parse(written: &str, start: usize, text: &Text) -> Result<Self, PolicyError> {
        let parsed = Parser::default().parse_with_source_info(written);
        let (expr, info) = parsed.map_err(|errors| {
            let first = errors.errors.first();
            let at = first.map_or(0, |error| char_at(written, error.pos));
            let message = first.map_or("no expression", |error| error.msg.as_str());
            let hint = if has_unit(written) { UNITS } else { "" };
            text.error(text.within(start, at), format!("not an expression: {message}{hint}"))
        })?;
        let mut places = HashMap::new();
        null_safe::each_id(&expr, &mut |id| {
            if let Some((at, _)) = info.offset_for(id) {
                places.insert(id, at as usize);
            }
        });
        let mut paths = Vec::new();
        null_safe::paths(&expr, &mut paths);
        let written = written.to_owned();
        Ok(Self { expr: null_safe::rewritten(expr), places, start, written, paths })
    }

    /// Its truth in `scope`.
    pub(super) fn is_true(&self, scope: &Scope<'_>, text: &Text) -> Result<Verdict, PolicyError> {
        match Value::resolve(&self.expr, &scope.context) {
            Ok(Value::Bool(true)) => Ok(Verdict::True),
            Ok(Value::Bool(false)) => Ok(Verdict::False),
            Ok(Value::Null) => Ok(Verdict::Absent("its value".to_owned())),
            Ok(other) => {
                let message = format!("the expression is {}, not true or false", other.type_of());
                Err(self.error(0, message, text))
            }
            Err(error) => self.failed(&error, scope, text),
        }
    }

    /// Its value as a number, for limits; None where it is absent.
    pub(super) fn number(
        &self,
        scope: &Scope<'_>,
        text: &Text,
    ) -> Result<Option<i64>, PolicyError> {
        match Value::resolve(&self.expr, &scope.context) {
            Ok(Value::Int(number)) => Ok(Some(number)),
            Ok(Value::UInt(number)) => Ok(i64::try_from(number).ok()),
            Ok(Value::Bool(is_so)) => Ok(Some(i64::from(is_so))),
            Ok(Value::Null) => Ok(None),
            Ok(other) => {
                let message = format!("the value is {}, not a whole number", other.type_of());
                Err(self.error(0, message, text))
            }
            Err(error) => self.failed(&error, scope, text).map(|_| None),
        }
    }

    /// Nothing there is no error of the policy; anything else is.
    fn failed(
        &self,
        error: &ExecutionError,
        scope: &Scope<'_>,
        text: &Text,
    ) -> Result<Verdict, PolicyError> {
        if let ExecutionError::FunctionError { message, .. } = error {
            if let Some(what) = message.strip_prefix(ABSENT) {
                return Ok(Verdict::Absent(what.to_owned()));
            }
            let located = message.split_once('\t');
            if let Some((id, message)) = located {
                let at = id.parse().ok().and_then(|id: u64| self.places.get(&id).copied());
                return Err(self.error(at.unwrap_or(0), message, text));
            }
        }
        if null_safe::is_about_null(error) {
            return Ok(Verdict::Absent("a value that is null".to_owned()));
        }
        Err(self.error(0, said(error, scope), text))
    }

    fn error(&self, at: usize, message: impl Into<String>, text: &Text) -> PolicyError {
        text.error(text.within(self.start, at), message)
    }
}

/// What is told of `timing.rcpt_ns < 500ms`.
const UNITS: &str = "; times are whole nanoseconds, which duration(\"500ms\") is too";

/// Whether there is a number with a unit of time outside of texts.
fn has_unit(written: &str) -> bool {
    let outside = written.split(['"', '\'']).step_by(2);
    let mut words = outside.flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    words.any(|word| {
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        unit.len() < word.len() && ["ns", "us", "ms", "s", "m", "h"].contains(&unit)
    })
}

/// Never with the values: they may be anybody's.
fn said(error: &ExecutionError, scope: &Scope<'_>) -> String {
    match error {
        ExecutionError::UndeclaredReference(name) => {
            format!("there is no `{name}` here, but {}", scope.names.join(", "))
        }
        ExecutionError::NoSuchOverload(_) | ExecutionError::FunctionError { .. } => {
            error.to_string()
        }
        ExecutionError::ValuesNotComparable(a, b) => {
            format!("{} cannot be compared with {}", a.type_of(), b.type_of())
        }
        ExecutionError::UnsupportedBinaryOperator(name, a, b) => {
            format!("{name} does not take {} and {}", a.type_of(), b.type_of())
        }
        _ => "the expression cannot be worked out for this session".to_owned(),
    }
}

/// The character at line and column, both counted from 1 (columns from 0 in some errors).
fn char_at(written: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let before: usize =
        written.split_inclusive('\n').take(line - 1).map(|l| l.chars().count()).sum();
    before + usize::try_from(column - 1).unwrap_or(0)
}

/// What an expression may name: the functions of policies, and variables.
pub(super) struct Scope<'a> {
    context: Context<'a, 'a>,
    /// The variables.
    names: Vec<&'a str>,
}

impl<'a> Scope<'a> {
    /// These variables.
    pub(super) fn new(variables: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let mut context = Context::default();
        null_safe::declare(&mut context);
        let mut scope = Self { context, names: Vec::new() };
        for (name, value) in variables {
            scope.names.push(name);
            scope.context.add_variable_from_value(name, value);
        }
        scope
    }

    /// The fields of an object as variables.
    pub(super) fn of_fields(object: &'a Json) -> Self {
        let fields = object.as_object().into_iter().flatten();
        Self::new(fields.map(|(name, value)| (name.as_str(), value_of(value))))
    }
}

/// JSON as CEL has it; whole numbers are ints, so that they can be reckoned with.
pub(super) fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(is_so) => Value::Bool(*is_so),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::MAX)),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(value_of).collect())),
        Json::Object(fields) => {
            let key = |name: &String| Key::String(Arc::new(name.clone()));
            let map: HashMap<_, _> = fields.iter().map(|(k, v)| (key(k), value_of(v))).collect();
            Value::Map(Map::from(map))
        }
    }
}
