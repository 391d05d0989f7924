//! Fields of what is null are null, as people expect: `tls.version == "TLSv1.3"` is false, and no
//! error, of a session without TLS. CEL alone would stop at `tls.version`. The tree of an expression
//! is changed so that fields and indices are taken by functions of ours.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use cel::objects::Key;
use cel::{Context, ExecutionError, Value};

/// Names that nobody can write.
const FIELD: &str = "@field";
const INDEX: &str = "@index";
const EACH: &str = "@each";
const HAS: &str = "@has";

/// How an error says that something is not there.
pub(super) const ABSENT: &str = "absent: ";

/// The fields that a report has only when it was asked for.
const OPTIONAL: &[&str] = &["body"];

/// The expression with null-safe fields, indices and loops.
pub(super) fn rewritten(node: IdedExpr) -> IdedExpr {
    let IdedExpr { id, expr } = node;
    IdedExpr { id, expr: rewritten_expr(id, expr) }
}

fn boxed(node: IdedExpr) -> Box<IdedExpr> {
    Box::new(rewritten(node))
}

fn rewritten_expr(id: u64, expr: Expr) -> Expr {
    match expr {
        Expr::Select(SelectExpr { operand, field, test }) => {
            let field = literal(LiteralValue::String(field.into()));
            let function = if test { HAS } else { FIELD };
            call(function, vec![rewritten(*operand), field, number(id)])
        }
        Expr::Call(mut made) => {
            made.target = made.target.map(|target| boxed(*target));
            made.args = made.args.into_iter().map(rewritten).collect();
            if made.func_name == operators::INDEX {
                made.args.push(number(id));
                return call(INDEX, made.args);
            }
            Expr::Call(made)
        }
        Expr::Comprehension(mut made) => {
            let range = IdedExpr { id: made.iter_range.id, expr: Expr::default() };
            let range_id = range.id;
            let written = std::mem::replace(&mut made.iter_range, range);
            made.iter_range.expr = call(EACH, vec![rewritten(written), number(range_id)]);
            for part in
                [&mut made.accu_init, &mut made.loop_cond, &mut made.loop_step, &mut made.result]
            {
                *part = rewritten(std::mem::take(part));
            }
            Expr::Comprehension(made)
        }
        Expr::List(mut list) => {
            list.elements = list.elements.into_iter().map(rewritten).collect();
            Expr::List(list)
        }
        Expr::Map(mut map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    entry.key = rewritten(std::mem::take(&mut entry.key));
                    entry.value = rewritten(std::mem::take(&mut entry.value));
                }
            }
            Expr::Map(map)
        }
        other => other,
    }
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

fn literal(value: LiteralValue) -> IdedExpr {
    IdedExpr { id: 0, expr: Expr::Literal(value) }
}

fn number(id: u64) -> IdedExpr {
    literal(LiteralValue::Int(i64::try_from(id).unwrap_or(0).into()))
}

/// Tells of each node.
pub(super) fn each_id(node: &IdedExpr, tell: &mut dyn FnMut(u64)) {
    tell(node.id);
    parts(node).into_iter().for_each(|part| each_id(part, tell));
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

/// Whether an error says no more than that a value is null.
pub(super) fn is_about_null(error: &ExecutionError) -> bool {
    let is_null = |value: &Value| matches!(value, Value::Null);
    match error {
        ExecutionError::NoSuchOverload(overload) => {
            overload.argument_types().iter().any(|name| name.contains("null"))
        }
        ExecutionError::ValuesNotComparable(a, b)
        | ExecutionError::UnsupportedBinaryOperator(_, a, b) => is_null(a) || is_null(b),
        ExecutionError::UnsupportedTargetType { target }
        | ExecutionError::NotSupportedAsMethod { target, .. } => is_null(target),
        ExecutionError::UnexpectedType { got, .. } => got.to_ascii_lowercase().contains("null"),
        _ => false,
    }
}

/// Adds the functions that [`rewritten`] puts in, and `duration`: nanoseconds, as the report's
/// times are.
pub(super) fn declare(context: &mut Context<'_, '_>) {
    // A name can be taken only by the standard library, which has none of these.
    let _ = context.add_function(FIELD, field);
    let _ = context.add_function(INDEX, index);
    let _ = context.add_function(EACH, each);
    let _ = context.add_function(HAS, has);
    let _ = context.add_function("duration", duration);
}

fn problem(id: i64, message: &str) -> ExecutionError {
    ExecutionError::function_error("field", format!("{id}\t{message}"))
}

fn field(of: Value, name: std::sync::Arc<String>, id: i64) -> Result<Value, ExecutionError> {
    match &of {
        Value::Null => Ok(Value::Null),
        Value::Map(map) => match map.get(&Key::String(name.clone())) {
            Some(value) => Ok(value.clone()),
            None if OPTIONAL.contains(&name.as_str()) => Ok(Value::Null),
            None => Err(problem(id, &format!("there is no field `{name}`; it has {}", names(map)))),
        },
        other => Err(problem(id, &format!("{} has no field `{name}`", other.type_of()))),
    }
}

fn names(map: &cel::objects::Map) -> String {
    let mut names: Vec<_> = map.map.keys().map(ToString::to_string).collect();
    names.sort();
    names.join(", ")
}

fn index(of: Value, at: Value, id: i64) -> Result<Value, ExecutionError> {
    match (&of, &at) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::List(items), Value::Int(at)) => {
            let item = usize::try_from(*at).ok().and_then(|at| items.get(at));
            Ok(item.cloned().unwrap_or(Value::Null))
        }
        (Value::Map(map), Value::String(name)) => {
            Ok(map.get(&Key::String(name.clone())).cloned().unwrap_or(Value::Null))
        }
        _ => Err(problem(id, "a list takes a whole number in brackets, an object a name")),
    }
}

fn each(of: Value, id: i64) -> Result<Value, ExecutionError> {
    match of {
        Value::List(_) | Value::Map(_) => Ok(of),
        Value::Null => Err(ExecutionError::function_error("each", format!("{ABSENT}the list"))),
        other => Err(problem(id, &format!("{} is no list", other.type_of()))),
    }
}

fn has(of: Value, name: std::sync::Arc<String>, _id: i64) -> bool {
    match &of {
        Value::Map(map) => {
            map.get(&Key::String(name)).is_some_and(|value| !matches!(value, Value::Null))
        }
        _ => false,
    }
}

/// Nanoseconds of `500ms`, `1.5s`, `1m30s` (as CEL writes durations).
fn duration(text: std::sync::Arc<String>) -> Result<i64, ExecutionError> {
    nanoseconds(&text).ok_or_else(|| {
        ExecutionError::function_error("duration", "expected a time such as \"500ms\" or \"1.5s\"")
    })
}

/// Nanoseconds of a time as CEL writes it.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number * unit(rest.get(..end)?)?;
        rest = rest.get(end..)?;
    }
    let ns = if negative { -total } else { total };
    (ns.abs() < 9e18).then_some(ns.round() as i64)
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ns" => 1.0,
        "us" | "\u{b5}s" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 6e10,
        "h" => 3.6e12,
        _ => return None,
    })
}
