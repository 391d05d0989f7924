//! Regular expressions of policies: compiled once, and no larger than a text can be searched with.

use std::collections::HashMap;

use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use regex::{Regex, RegexBuilder};

use super::tree;

/// Bytes that a compiled regular expression may take: what bounds the work for each byte of text.
pub(super) const MAX_COMPILED: usize = 1 << 20;

/// Steps that compiling one costs, where its text is known only as it is worked out.
pub(super) const STEPS_TO_COMPILE: u64 = 100_000;

/// A regular expression, and how many steps sixteen bytes of text may cost with it.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    weight: u64,
}

/// Those of an expression that its text has, by their text.
pub(super) type Patterns = HashMap<String, Pattern>;

impl Pattern {
    /// Compiles one.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn new(written: &str) -> Result<Self, String> {
        const SIZES: [usize; 4] = [16 << 10, 64 << 10, 256 << 10, MAX_COMPILED];
        let mut wrong = String::new();
        for size in SIZES {
            match RegexBuilder::new(written).size_limit(size).build() {
                Ok(regex) => return Ok(Self { regex, weight: (size >> 12) as u64 }),
                Err(regex::Error::CompiledTooBig(_)) => {
                    wrong = "the regular expression is too large".to_owned();
                }
                Err(error) => return Err(said(&error)),
            }
        }
        Err(wrong)
    }

    /// Whether it is found in a text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The steps that searching a text may take.
    pub(super) fn steps(&self, text: &str) -> u64 {
        1 + (text.len() as u64).saturating_mul(self.weight) / 16
    }
}

/// The last line of the message: those before show the text.
fn said(error: &regex::Error) -> String {
    let message = error.to_string();
    let last = message.lines().last().unwrap_or_default();
    format!("no regular expression: {}", last.trim_start_matches("error: "))
}

/// The patterns that stand in an expression, or the node of the first that is wrong.
pub(super) fn of(expr: &IdedExpr) -> Result<Patterns, (u64, String)> {
    let mut patterns = Patterns::new();
    let mut wrong = None;
    tree::each(expr, &mut |node| {
        let Some((written, id)) = written(node).filter(|_| wrong.is_none()) else { return };
        match Pattern::new(written) {
            Ok(pattern) => {
                patterns.insert(written.to_owned(), pattern);
            }
            Err(message) => wrong = Some((id, message)),
        }
    });
    wrong.map_or(Ok(patterns), Err)
}

/// The text of `x.matches("text")`.
fn written(node: &IdedExpr) -> Option<(&str, u64)> {
    let Expr::Call(call) = &node.expr else { return None };
    let last = call.args.last().filter(|_| call.func_name == "matches")?;
    match &last.expr {
        Expr::Literal(LiteralValue::String(text)) => Some((text.inner(), last.id)),
        _ => None,
    }
}
