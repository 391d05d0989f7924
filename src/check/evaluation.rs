//! An expression is worked out over a session. The reader of CEL is the crate `cel`; its own
//! evaluation knows no limits, and null is an error in it. Here each step draws on the account of
//! the run, and fields of what is null are null, as people expect: `tls.version == "TLSv1.3"` is
//! false, and no error, of a session without TLS.

use std::rc::Rc;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, MapExpr, SelectExpr,
    operators,
};
use serde_json::{Map as JsonMap, Value as Json};

use super::account::{Account, Spent};
use super::function;
use super::operation;
use super::pattern::Patterns;
use super::value::{List, Map, Text, Value};

/// The fields that a report has only when it was asked for.
const OPTIONAL: &[&str] = &["body"];

/// What an element of a list costs.
const ELEMENT: usize = size_of::<Value<'_>>();

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// The session lacks what it needs; in words.
    Absent(String),
    /// The expression is wrong, at a node.
    Wrong(u64, String),
    /// It costs too much, at a node.
    Spent(u64, String),
}

impl Fault {
    /// Values that an operator or a function does not take. Null among them is no fault of the policy.
    pub(super) fn unfit(id: u64, what: &str, values: &[&Value<'_>]) -> Self {
        if values.iter().any(|value| matches!(value, Value::Null)) {
            return Self::Absent("a value that is null".to_owned());
        }
        let kinds: Vec<_> = values.iter().map(|value| value.kind()).collect();
        Self::Wrong(id, format!("`{what}` does not take {}", kinds.join(" and ")))
    }

    /// What an account says, at a node.
    pub(super) fn spent(id: u64) -> impl FnOnce(Spent) -> Self {
        move |spent| Self::Spent(id, format!("the expression {}", spent.0))
    }
}

/// The value of an expression, or why there is none.
pub(super) type Worked<'v> = Result<Value<'v>, Fault>;

/// One expression that is being worked out.
pub(super) struct Evaluation<'v> {
    fields: &'v JsonMap<String, Json>,
    bound: Vec<(&'v str, Value<'v>)>,
    pub(super) account: &'v Account,
    pub(super) patterns: &'v Patterns,
}

impl<'v> Evaluation<'v> {
    /// Over the fields of a session.
    pub(super) fn new(
        fields: &'v JsonMap<String, Json>,
        account: &'v Account,
        patterns: &'v Patterns,
    ) -> Self {
        account.begin();
        Self { fields, bound: Vec::new(), account, patterns }
    }

    /// The value of a node.
    pub(super) fn value(&mut self, node: &'v IdedExpr) -> Worked<'v> {
        self.account.step(1).map_err(Fault::spent(node.id))?;
        match &node.expr {
            Expr::Literal(literal) => constant(literal, node.id),
            Expr::Ident(name) => self.named(name, node.id),
            Expr::Select(select) => self.select(select, node.id),
            Expr::Call(call) => self.call(call, node.id),
            Expr::List(list) => self.list(&list.elements, node.id),
            Expr::Map(map) => self.map(map, node.id),
            Expr::Comprehension(made) => self.comprehension(made, node.id),
            Expr::Struct(_) | Expr::Unspecified => {
                Err(Fault::Wrong(node.id, "policies know no messages".to_owned()))
            }
        }
    }

    /// The truth of a node.
    fn truth(&mut self, node: &'v IdedExpr, what: &str) -> Result<bool, Fault> {
        match self.value(node)? {
            Value::Bool(is_so) => Ok(is_so),
            other => Err(Fault::unfit(node.id, what, &[&other])),
        }
    }

    fn named(&self, name: &str, id: u64) -> Worked<'v> {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(value.clone());
        }
        self.fields.get(name).map(Value::from).ok_or_else(|| {
            let names: Vec<_> = self.fields.keys().map(String::as_str).collect();
            Fault::Wrong(id, format!("there is no `{name}` here, but {}", names.join(", ")))
        })
    }

    fn select(&mut self, select: &'v SelectExpr, id: u64) -> Worked<'v> {
        let of = self.value(&select.operand)?;
        let name = select.field.as_str();
        if select.test {
            let Value::Map(map) = &of else { return Ok(Value::Bool(false)) };
            let is_there = map.field(name).is_some_and(|value| !matches!(value, Value::Null));
            return Ok(Value::Bool(is_there));
        }
        match of {
            Value::Null => Ok(Value::Null),
            Value::Map(map) => match map.field(name) {
                Some(value) => Ok(value),
                None if OPTIONAL.contains(&name) => Ok(Value::Null),
                None => {
                    let known = map.names();
                    Err(Fault::Wrong(id, format!("there is no field `{name}`; it has {known}")))
                }
            },
            other => Err(Fault::Wrong(id, format!("{} has no field `{name}`", other.kind()))),
        }
    }

    fn list(&mut self, elements: &'v [IdedExpr], id: u64) -> Worked<'v> {
        self.account.make(elements.len() * ELEMENT).map_err(Fault::spent(id))?;
        let items = elements.iter().map(|element| self.value(element));
        Ok(Value::list(items.collect::<Result<_, _>>()?))
    }

    fn map(&mut self, map: &'v MapExpr, id: u64) -> Worked<'v> {
        self.account.make(2 * map.entries.len() * ELEMENT).map_err(Fault::spent(id))?;
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            entries.push((self.value(&entry.key)?, self.value(&entry.value)?));
        }
        Ok(Value::Map(Map::Made(Rc::new(entries))))
    }

    fn call(&mut self, call: &'v CallExpr, id: u64) -> Worked<'v> {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                let chosen = if self.truth(condition, "?")? { then } else { otherwise };
                self.value(chosen)
            }
            (operators::LOGICAL_OR, [left, right]) => self.either(left, right, true),
            (operators::LOGICAL_AND, [left, right]) => self.either(left, right, false),
            (operators::LOGICAL_NOT, [of]) => Ok(Value::Bool(!self.truth(of, "!")?)),
            (operators::NOT_STRICTLY_FALSE, [of]) => match self.truth(of, "all") {
                Err(Fault::Spent(id, message)) => Err(Fault::Spent(id, message)),
                other => Ok(Value::Bool(other.unwrap_or(true))),
            },
            (operators::ADD, [left, right]) => {
                let left = self.taken(left)?;
                let right = self.value(right)?;
                operation::sum(self.account, left, right, id)
            }
            (operators::INDEX, [of, at]) => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                element(&of, &at, id)
            }
            (_, [left, right]) if operation::is_binary(name) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                operation::binary(self.account, name, &left, &right, id)
            }
            (operators::NEGATE, [of]) => operation::negative(&self.value(of)?, id),
            _ => {
                let target = call.target.as_deref().into_iter();
                let values = target.chain(&call.args).map(|node| self.value(node));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                function::call(self, name, &values, id)
            }
        }
    }

    /// `||` and `&&`: the side that decides (`decisive`) makes the other's fault unimportant.
    fn either(&mut self, left: &'v IdedExpr, right: &'v IdedExpr, decisive: bool) -> Worked<'v> {
        let what = if decisive { "||" } else { "&&" };
        let first = self.truth(left, what);
        if let Err(Fault::Spent(..)) = first {
            return first.map(Value::Bool);
        }
        if first == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        let second = self.truth(right, what);
        match (first, second) {
            (_, Ok(second)) if second == decisive => Ok(Value::Bool(decisive)),
            (_, Err(Fault::Spent(id, message))) => Err(Fault::Spent(id, message)),
            (Err(fault), _) => Err(fault),
            (Ok(_), second) => second.map(Value::Bool),
        }
    }

    /// The value of a node; what a loop gathers is taken out of its variable, so that adding an
    /// element copies nothing.
    fn taken(&mut self, node: &'v IdedExpr) -> Worked<'v> {
        let Expr::Ident(name) = &node.expr else { return self.value(node) };
        self.account.step(1).map_err(Fault::spent(node.id))?;
        match self.bound.iter_mut().rev().find(|(bound, _)| bound == name) {
            // Nobody can write such a name: it is the loop's own.
            Some((_, value)) if name.starts_with('@') => Ok(std::mem::replace(value, Value::Null)),
            _ => self.named(name, node.id),
        }
    }

    /// `all`, `exists`, `map` and `filter`, as the reader writes them.
    fn comprehension(&mut self, made: &'v ComprehensionExpr, id: u64) -> Worked<'v> {
        let range = self.value(&made.iter_range)?;
        let steps = Steps::new(&range, made.iter_range.id)?;
        let gathered = self.value(&made.accu_init)?;
        let depth = self.bound.len();
        self.bound.push((&made.accu_var, gathered));
        let result = self.looped(made, &steps, depth, id);
        self.bound.truncate(depth);
        result
    }

    fn looped(
        &mut self,
        made: &'v ComprehensionExpr,
        steps: &Steps<'v>,
        accumulator: usize,
        id: u64,
    ) -> Worked<'v> {
        for at in 0..steps.len() {
            let (first, second) = steps.at(at, made.iter_var2.is_some());
            self.bound.truncate(accumulator + 1);
            self.bound.push((&made.iter_var, first));
            if let Some(name) = &made.iter_var2 {
                self.bound.push((name, second));
            }
            if !self.truth(&made.loop_cond, "all")? {
                break;
            }
            let gathered = self.value(&made.loop_step)?;
            let Some(place) = self.bound.get_mut(accumulator) else {
                return Err(Fault::Wrong(id, "a loop without its variable".to_owned()));
            };
            place.1 = gathered;
        }
        self.bound.truncate(accumulator + 1);
        self.value(&made.result)
    }
}

/// What a loop goes through.
enum Steps<'v> {
    Elements(List<'v>),
    Entries(Vec<Value<'v>>, Map<'v>),
}

impl<'v> Steps<'v> {
    fn new(range: &Value<'v>, id: u64) -> Result<Self, Fault> {
        match range {
            Value::List(list) => Ok(Self::Elements(list.clone())),
            Value::Map(map) => Ok(Self::Entries(map.keys(), map.clone())),
            Value::Null => Err(Fault::Absent("the list".to_owned())),
            other => Err(Fault::Wrong(id, format!("{} is no list", other.kind()))),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Elements(list) => list.len(),
            Self::Entries(keys, _) => keys.len(),
        }
    }

    /// The variables of a step: an element or a key; of loops with two, index or key and value.
    fn at(&self, at: usize, are_two: bool) -> (Value<'v>, Value<'v>) {
        match self {
            Self::Elements(list) => {
                let item = list.at(at).unwrap_or(Value::Null);
                let index = i64::try_from(at).map_or(Value::Null, Value::Int);
                if are_two { (index, item) } else { (item, Value::Null) }
            }
            Self::Entries(keys, map) => {
                let key = keys.get(at).cloned().unwrap_or(Value::Null);
                let value = match &key {
                    Value::Text(name) if are_two => map.field(name.as_str()),
                    _ => None,
                };
                (key, value.unwrap_or(Value::Null))
            }
        }
    }
}

fn constant(literal: &LiteralValue, id: u64) -> Worked<'_> {
    Ok(match literal {
        LiteralValue::Null => Value::Null,
        LiteralValue::Boolean(is_so) => Value::Bool(*is_so.inner()),
        LiteralValue::Int(number) => Value::Int(*number.inner()),
        LiteralValue::UInt(number) => {
            Value::Int(i64::try_from(*number.inner()).unwrap_or(i64::MAX))
        }
        LiteralValue::Double(number) => Value::Float(*number.inner()),
        LiteralValue::String(text) => Value::Text(Text::Seen(text.inner())),
        LiteralValue::Bytes(_) => {
            return Err(Fault::Wrong(id, "a report has no bytes, only texts".to_owned()));
        }
    })
}

fn element<'v>(of: &Value<'v>, at: &Value<'_>, id: u64) -> Worked<'v> {
    let found = match (of, at) {
        (Value::Null, _) => None,
        (Value::List(list), Value::Int(at)) => usize::try_from(*at).ok().and_then(|at| list.at(at)),
        (Value::Map(map), Value::Text(name)) => map.field(name.as_str()),
        _ => {
            let message = "a list takes a whole number in brackets, an object a name";
            return Err(Fault::Wrong(id, message.to_owned()));
        }
    };
    Ok(found.unwrap_or(Value::Null))
}
