//! A policy as TOML: rules about each session, and limits over all of them.

use serde::Deserialize;
use toml::Spanned;

use super::error::{PolicyError, Text};
use super::expression::{About, Expression};
use super::nearest::nearest;
use super::words;
use crate::report::Severity;

/// Rules and limits of a policy; more is no policy that people keep.
pub(super) const MOST_RULES: usize = 1_000;

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) name: String,
    pub(super) text: Text,
    pub(super) rules: Vec<Rule>,
    pub(super) limits: Vec<Limit>,
}

/// What is expected of each session.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) head: Head,
    pub(super) expect: Expression,
}

/// What is expected of all sessions together.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) head: Head,
    /// What percentiles are of.
    pub(super) value: Option<Expression>,
    pub(super) expect: Expression,
}

/// What rules and limits have in common.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) severity: Severity,
    pub(super) hint: Option<String>,
    /// The sessions that it is about; all, if there is none.
    pub(super) filter: Option<Expression>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(default, rename = "rule")]
    rules: Vec<Row>,
    #[serde(default, rename = "limit")]
    limits: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Spanned<String>,
    severity: Option<Spanned<String>>,
    #[serde(rename = "where")]
    filter: Option<Spanned<String>>,
    value: Option<Spanned<String>>,
    expect: Spanned<String>,
    hint: Option<String>,
}

impl Policy {
    /// That there are so many sessions at least.
    ///
    /// # Errors
    ///
    /// None: what is parsed is ours.
    pub fn of_count(least: u64) -> Result<Self, PolicyError> {
        let limit =
            format!("[[limit]]\nname = 'sessions: {least} at least'\nexpect = 'total >= {least}'");
        Self::parse("", &format!("name = 'the capture'\n{limit}\n"))
    }

    /// Reads a policy; `source` is its file name, for errors.
    ///
    /// # Errors
    ///
    /// What is wrong with it first, and where.
    pub fn parse(source: &str, text: &str) -> Result<Self, PolicyError> {
        let text = Text { source: source.to_owned(), text: text.to_owned() };
        let file: File = toml::from_str(&text.text).map_err(|error| {
            text.error(error.span().map_or(0, |span| span.start), words::of_toml(error.message()))
        })?;
        let asked = file.rules.len() + file.limits.len();
        if asked == 0 || asked > MOST_RULES {
            let message = format!("a policy has from 1 to {MOST_RULES} `[[rule]]` and `[[limit]]`");
            return Err(text.error(0, message));
        }
        let rules = file.rules.into_iter().map(|row| rule(row, &text)).collect::<Result<_, _>>()?;
        let limits =
            file.limits.into_iter().map(|row| limit(row, &text)).collect::<Result<_, _>>()?;
        Ok(Self { name: file.name.unwrap_or_else(|| source.to_owned()), text, rules, limits })
    }
}

fn rule(row: Row, text: &Text) -> Result<Rule, PolicyError> {
    if let Some(value) = &row.value {
        return Err(text.error(value.span().start, "`value` is for a `[[limit]]`"));
    }
    let expect = expression(&row.expect, About::Session, text)?;
    Ok(Rule { head: head(row, text)?, expect })
}

fn limit(row: Row, text: &Text) -> Result<Limit, PolicyError> {
    let value =
        row.value.as_ref().map(|value| expression(value, About::Session, text)).transpose()?;
    let expect = expression(&row.expect, About::Figures, text)?;
    Ok(Limit { head: head(row, text)?, value, expect })
}

fn expression(
    written: &Spanned<String>,
    about: About,
    text: &Text,
) -> Result<Expression, PolicyError> {
    Expression::parse(written.as_ref(), written.span().start, about, text)
}

fn head(row: Row, text: &Text) -> Result<Head, PolicyError> {
    let filter =
        row.filter.as_ref().map(|filter| expression(filter, About::Session, text)).transpose()?;
    let severity =
        row.severity.as_ref().map_or(Ok(Severity::Error), |name| severity(name, text))?;
    Ok(Head {
        line: text.error(row.name.span().start, "").line,
        name: row.name.into_inner(),
        severity,
        hint: row.hint,
        filter,
    })
}

fn severity(name: &Spanned<String>, text: &Text) -> Result<Severity, PolicyError> {
    let known = [Severity::Error, Severity::Warning, Severity::Info];
    let found = known.into_iter().find(|severity| severity.name() == name.as_ref());
    let names = known.map(Severity::name);
    found.ok_or_else(|| {
        let meant = nearest(name.as_ref(), &names);
        let meant = meant.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        let message = format!("`severity` is error, warning or info{meant}");
        text.error(name.span().start, message)
    })
}
