//! The tree of an expression: how large it may be, and what it names.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// Bytes of an expression.
pub(super) const MAX_WRITTEN: usize = 16 << 10;

/// Signs of an expression outside of its texts, commas apart. The reader recurses by them.
pub(super) const MAX_SIGNS: usize = 1_000;

/// How deep the tree of an expression is. Working it out recurses by that.
pub(super) const MAX_DEPTH: usize = 100;

/// The character at which a text is too large for an expression, and what is too large.
pub(super) fn oversize(written: &str) -> Option<(usize, String)> {
    if written.len() > MAX_WRITTEN {
        return Some((0, format!("the expression is longer than {MAX_WRITTEN} bytes")));
    }
    let (at, _) = signs(written).nth(MAX_SIGNS)?;
    Some((at, format!("the expression has more than {MAX_SIGNS} operators, dots and brackets")))
}

/// What nests an expression, by character. Texts and comments count as none, and `in` as one.
fn signs(written: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut before = ' ';
    written.chars().enumerate().filter(move |&(_, c)| {
        let escaped = std::mem::replace(&mut before, c) == '\\';
        if let Some(open) = quote {
            if c == open && !escaped {
                quote = None;
            }
            // An escaped backslash escapes nothing.
            if escaped {
                before = ' ';
            }
            return false;
        }
        if matches!(c, '"' | '\'') {
            quote = Some(c);
            return false;
        }
        c == 'i' || !(c.is_alphanumeric() || c.is_whitespace() || matches!(c, ',' | '_'))
    })
}

/// The first node that is too deep.
pub(super) fn too_deep(node: &IdedExpr) -> Option<u64> {
    below(node, MAX_DEPTH)
}

fn below(node: &IdedExpr, depth: usize) -> Option<u64> {
    let Some(depth) = depth.checked_sub(1) else { return Some(node.id) };
    parts(node).into_iter().find_map(|part| below(part, depth))
}

/// Tells of each node.
pub(super) fn each(node: &IdedExpr, tell: &mut dyn FnMut(&IdedExpr)) {
    tell(node);
    parts(node).into_iter().for_each(|part| each(part, tell));
}

/// The fields that an expression names, each once, from the session on.
pub(super) fn paths(node: &IdedExpr, found: &mut Vec<Vec<String>>) {
    match path(&node.expr) {
        Some(path) if !found.contains(&path) => found.push(path),
        Some(_) => {}
        None => parts(node).into_iter().for_each(|part| paths(part, found)),
    }
}

fn path(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) => {
            let mut path = path(&select.operand.expr)?;
            path.push(select.field.clone());
            Some(path)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [of, at] = call.args.as_slice() else { return None };
            let Expr::Literal(LiteralValue::Int(at)) = &at.expr else { return None };
            let mut path = path(&of.expr)?;
            path.push(format!("[{}]", at.inner()));
            Some(path)
        }
        _ => None,
    }
}

/// The nodes right below one.
fn parts(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Select(select) => vec![&*select.operand],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(made) => {
            vec![&made.iter_range, &made.accu_init, &made.loop_cond, &made.loop_step, &made.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => {
            let entries = map.entries.iter().filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                EntryExpr::StructField(_) => None,
            });
            entries.flatten().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_commas_nest_nothing() {
        let of = |written: &str| signs(written).count();
        assert_eq!(of(r#"a in ["(((", '+++', "\"((", "\\"]"#), 3, "in and two brackets");
        assert_eq!(of("a.b(c) + 1"), 4);
        assert!(
            oversize(&"1+".repeat(MAX_SIGNS + 1)).is_some_and(|(at, _)| at == 2 * MAX_SIGNS + 1)
        );
        assert!(oversize(&"'a',".repeat(MAX_SIGNS)).is_none());
    }
}
