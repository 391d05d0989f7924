//! A text becomes the tree of an expression. The reader of the crate `cel` recurses by what nests in
//! a text, some tens of kilobytes of stack a level, so it has a stack of its own.

use std::collections::HashMap;
use std::thread;

use cel::IdedExpr;
use cel::parser::{ParseErrors, Parser};

use super::{tree, words};

/// Bytes of stack for the reader: twice what the largest expression takes of it.
const STACK: usize = 32 << 20;

/// A tree, and the character of the text at which each node stands.
pub(super) struct Read {
    pub(super) expr: IdedExpr,
    pub(super) places: HashMap<u64, usize>,
}

/// Why a text is no expression, and at which character.
pub(super) type Unread = (usize, String);

/// Reads an expression.
pub(super) fn read(written: &str) -> Result<Read, Unread> {
    if let Some(oversize) = tree::oversize(written) {
        return Err(oversize);
    }
    thread::scope(|scope| {
        let reader =
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parsed(written));
        let failed = |_| (0, "the expression cannot be read".to_owned());
        reader.map_err(|error| (0, error.to_string()))?.join().unwrap_or_else(|_| Err(failed(())))
    })
}

fn parsed(written: &str) -> Result<Read, Unread> {
    let parsed = Parser::default().parse_with_source_info(written);
    let (expr, info) = parsed.map_err(|errors| said(written, &errors))?;
    let place = |id| info.offset_for(id).map(|(at, _)| at as usize);
    if let Some(id) = tree::too_deep(&expr) {
        let message = format!("the expression nests deeper than {} levels", tree::MAX_DEPTH);
        return Err((place(id).unwrap_or(0), message));
    }
    let mut places = HashMap::new();
    tree::each(&expr, &mut |node| {
        if let Some(at) = place(node.id) {
            places.insert(node.id, at);
        }
    });
    Ok(Read { expr, places })
}

fn said(written: &str, errors: &ParseErrors) -> Unread {
    let first = errors.errors.first();
    let at = first.map_or(0, |error| char_at(written, error.pos));
    let message = words::of_expression(first.map_or("", |error| error.msg.as_str()));
    let hint = if has_unit(written) { UNITS } else { "" };
    let message: String = message.chars().take(MOST_SAID).collect();
    (at, format!("this is no expression: {message}{hint}"))
}

/// Characters of the reader's message: it may quote all of the text.
const MOST_SAID: usize = 300;

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

/// The character at line and column, both counted from 1 (columns from 0 in some errors).
fn char_at(written: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let before: usize =
        written.split_inclusive('\n').take(line - 1).map(|l| l.chars().count()).sum();
    before + usize::try_from(column - 1).unwrap_or(0)
}
