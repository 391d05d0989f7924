//! What a policy says, rule by rule: the fields that it names, with their types and values.

use serde_json::Value as Json;

use super::expression::Expression;
use super::fields;
use super::policy::{Head, Policy};

/// The rules and limits of a policy, each with its fields.
#[must_use]
pub fn explain(policy: &Policy) -> String {
    let mut text = format!("policy {}\n", policy.name);
    for rule in &policy.rules {
        head("rule", &rule.head, &mut text);
        line("expect", &rule.expect, &mut text);
        let both = rule.head.filter.iter().chain([&rule.expect]);
        named(both, &mut text);
    }
    for limit in &policy.limits {
        head("limit", &limit.head, &mut text);
        if let Some(value) = &limit.value {
            line("value", value, &mut text);
        }
        line("expect", &limit.expect, &mut text);
        text.push_str(&format!("  figures:  {}\n", fields::FIGURES.join(", ")));
        named(limit.head.filter.iter().chain(&limit.value), &mut text);
    }
    text
}

fn head(kind: &str, head: &Head, text: &mut String) {
    text.push_str(&format!(
        "\n{kind} \"{}\" (line {}, {})\n",
        head.name,
        head.line,
        head.severity.name()
    ));
    match &head.filter {
        Some(filter) => line("where", filter, text),
        None => text.push_str("  where:    every session\n"),
    }
}

fn line(name: &str, expression: &Expression, text: &mut String) {
    let written: Vec<_> = expression.written.split_whitespace().collect();
    text.push_str(&format!("  {:<9} {}\n", format!("{name}:"), written.join(" ")));
}

/// The fields of some expressions, each once, with type and values.
fn named<'e>(expressions: impl Iterator<Item = &'e Expression>, text: &mut String) {
    let mut told: Vec<&[String]> = Vec::new();
    for path in expressions.flat_map(|expression| &expression.paths) {
        if told.contains(&path.as_slice()) {
            continue;
        }
        told.push(path);
        if let Some(shape) = shape(path) {
            let name = path.join(".").replace(".[", "[");
            text.push_str(&format!("    {name}: {}\n", described(shape)));
        }
    }
}

/// The schema of a path from the session on; None of what is bound in a loop.
fn shape(path: &[String]) -> Option<&'static Json> {
    path.iter().try_fold(fields::session(), |of, name| match name.starts_with('[') {
        true => fields::element(of),
        false => fields::field(of, name),
    })
}

fn described(shape: &'static Json) -> String {
    let kind = fields::kind(shape).unwrap_or("a value");
    let values = fields::values(shape);
    if !values.is_empty() {
        return format!("{kind}, one of {}", values.join(", "));
    }
    let names = fields::names(shape);
    match names.is_empty() {
        true => kind.to_owned(),
        false => format!("{kind} with {}", names.join(", ")),
    }
}
