//! What an expression may name and compare, by the schema of the report: a misspelt field, a value
//! that a field never has and a comparison of other kinds are errors before any session is read.

use std::sync::OnceLock;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
};
use serde_json::Value as Json;

use super::nearest::{nearest, or_nearest};

/// The schema that the report is held to.
const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// What the expectation of a limit may name.
pub(super) const FIGURES: &[&str] =
    &["count", "max", "mean", "min", "p50", "p90", "p95", "p99", "share", "sum", "total"];

/// Fields that a report has only when it was asked for.
const OPTIONAL: &[&str] = &["body"];

/// How far references of the schema are followed.
const MOST_REFERENCES: usize = 16;

/// A node of the expression, and what is wrong with it.
pub(super) type Misfit = (u64, String);

fn schema() -> &'static Json {
    static READ: OnceLock<Json> = OnceLock::new();
    READ.get_or_init(|| serde_json::from_str(SCHEMA).unwrap_or(Json::Null))
}

/// The schema of a session.
pub(super) fn session() -> &'static Json {
    plain(&schema()["$defs"]["session"])
}

/// Of a value that may be null, what it is else; references followed.
fn plain(of: &'static Json) -> &'static Json {
    let mut at = of;
    for _ in 0..MOST_REFERENCES {
        if let Some(name) = at["$ref"].as_str() {
            at = schema().pointer(name.trim_start_matches('#')).unwrap_or(&Json::Null);
        } else if let Some(choices) = at["anyOf"].as_array() {
            let real: Vec<_> = choices.iter().filter(|one| one["type"] != "null").collect();
            match real.as_slice() {
                [one] => at = one,
                _ => break,
            }
        } else {
            break;
        }
    }
    at
}

/// What kind of value a schema describes, in words.
pub(super) fn kind(of: &Json) -> Option<&'static str> {
    let named = |name: &str| {
        Some(match name {
            "string" => "a text",
            "integer" | "number" => "a number",
            "boolean" => "true or false",
            "array" => "a list",
            "object" => "an object",
            _ => return None,
        })
    };
    match &of["type"] {
        Json::String(name) => named(name),
        Json::Array(names) => {
            let mut real = names.iter().filter_map(Json::as_str).filter(|name| *name != "null");
            let first = real.next();
            first.filter(|_| real.next().is_none()).and_then(named)
        }
        _ if of["enum"].is_array() => Some("a text"),
        _ => None,
    }
}

/// The values that a field may have, where they are listed.
pub(super) fn values(of: &Json) -> Vec<&str> {
    let listed = of["enum"].as_array().into_iter().flatten();
    listed.filter_map(Json::as_str).collect()
}

/// The names of the fields of an object.
pub(super) fn names(of: &'static Json) -> Vec<&'static str> {
    of["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// The schema of a field.
pub(super) fn field(of: &'static Json, name: &str) -> Option<&'static Json> {
    Some(plain(of.get("properties")?.get(name)?))
}

/// The schema of a list's elements.
pub(super) fn element(of: &'static Json) -> Option<&'static Json> {
    Some(plain(of.get("items")?))
}

/// Looks at an expression about a session.
pub(super) fn about_session(node: &IdedExpr) -> Result<(), Misfit> {
    Reader { bound: Vec::new(), figures: false }.shape(node).map(|_| ())
}

/// Looks at what is expected of figures.
pub(super) fn about_figures(node: &IdedExpr) -> Result<(), Misfit> {
    Reader { bound: Vec::new(), figures: true }.shape(node).map(|_| ())
}

/// What is known of a value without working it out.
type Shape = Option<&'static Json>;

struct Reader<'e> {
    bound: Vec<(&'e str, Shape)>,
    figures: bool,
}

impl<'e> Reader<'e> {
    fn shape(&mut self, node: &'e IdedExpr) -> Result<Shape, Misfit> {
        match &node.expr {
            Expr::Ident(name) => self.named(name, node.id),
            Expr::Select(select) => self.select(select, node.id),
            Expr::Call(call) => self.call(call, node.id),
            Expr::Comprehension(made) => self.comprehension(made),
            Expr::List(list) => {
                list.elements.iter().try_for_each(|element| self.shape(element).map(|_| ()))?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn named(&self, name: &str, id: u64) -> Result<Shape, Misfit> {
        if let Some((_, shape)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(*shape);
        }
        let known = if self.figures { FIGURES.to_vec() } else { names(session()) };
        if !known.contains(&name) {
            let meant = or_nearest(name, &known);
            return Err((id, format!("there is no `{name}` here{meant}")));
        }
        Ok(field(session(), name).filter(|_| !self.figures))
    }

    fn select(&mut self, select: &'e SelectExpr, id: u64) -> Result<Shape, Misfit> {
        let Some(of) = self.shape(&select.operand)? else { return Ok(None) };
        let name = select.field.as_str();
        if let Some(found) = field(of, name) {
            return Ok((!select.test).then_some(found));
        }
        let known = names(of);
        match kind(of) {
            Some("an object") if known.is_empty() || OPTIONAL.contains(&name) => Ok(None),
            Some("an object") => {
                let meant = or_nearest(name, &known);
                Err((id, format!("there is no field `{name}`{meant}")))
            }
            Some(kind) => Err((id, format!("{kind} has no field `{name}`"))),
            None => Ok(None),
        }
    }

    fn call(&mut self, call: &'e CallExpr, id: u64) -> Result<Shape, Misfit> {
        let target = call.target.as_deref().into_iter();
        let parts: Vec<&IdedExpr> = target.chain(&call.args).collect();
        let shapes = parts.iter().map(|part| self.shape(part)).collect::<Result<Vec<_>, _>>()?;
        match (call.func_name.as_str(), parts.as_slice(), shapes.as_slice()) {
            (operators::INDEX, _, [Some(of), _]) => Ok(element(of)),
            (operators::CONDITIONAL, ..) => Ok(None),
            (operators::IN, [left, right], [shape, range]) => {
                if let (Expr::List(list), Some(shape)) = (&right.expr, shape) {
                    list.elements.iter().try_for_each(|one| fits(shape, one, one.id))?;
                }
                if let Some(item) = range.and_then(element) {
                    fits(item, left, id)?;
                }
                Ok(None)
            }
            (name, [left, right], [a, b]) if COMPARISONS.contains(&name) => {
                a.map_or(Ok(()), |shape| fits(shape, right, id))?;
                b.map_or(Ok(()), |shape| fits(shape, left, id))?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn comprehension(&mut self, made: &'e ComprehensionExpr) -> Result<Shape, Misfit> {
        let range = self.shape(&made.iter_range)?;
        let depth = self.bound.len();
        self.bound.push((&made.accu_var, None));
        let item = range.and_then(element);
        match &made.iter_var2 {
            None => self.bound.push((&made.iter_var, item)),
            Some(second) => self.bound.extend([(made.iter_var.as_str(), None), (second, item)]),
        }
        for part in [&made.accu_init, &made.loop_cond, &made.loop_step, &made.result] {
            self.shape(part)?;
        }
        self.bound.truncate(depth);
        Ok(None)
    }
}

/// Operators whose two sides are of one kind.
const COMPARISONS: &[&str] = &[
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
];

/// Whether a constant is one that such a field can have; `operator` is where the two meet.
fn fits(shape: &'static Json, constant: &IdedExpr, operator: u64) -> Result<(), Misfit> {
    let Expr::Literal(literal) = &constant.expr else { return Ok(()) };
    let (is, written) = match literal {
        LiteralValue::String(text) => ("a text", text.inner().to_owned()),
        LiteralValue::Int(number) => ("a number", number.inner().to_string()),
        LiteralValue::UInt(number) => ("a number", number.inner().to_string()),
        LiteralValue::Double(number) => ("a number", number.inner().to_string()),
        LiteralValue::Boolean(is_so) => ("true or false", is_so.inner().to_string()),
        LiteralValue::Null | LiteralValue::Bytes(_) => return Ok(()),
    };
    if let Some(kind) = kind(shape).filter(|kind| *kind != is) {
        let message = format!("the field is {kind}, and is compared with {is}, {written}");
        return Err((operator, message));
    }
    let known = values(shape);
    if known.is_empty() || known.contains(&written.as_str()) {
        return Ok(());
    }
    let meant = match nearest(&written, &known) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => String::new(),
    };
    let message =
        format!("the field is never \"{written}\"{meant}; it is one of {}", known.join(", "));
    Err((constant.id, message))
}
