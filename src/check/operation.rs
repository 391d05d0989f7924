//! Operators of expressions on two values.

use std::cmp::Ordering;
use std::rc::Rc;

use cel::common::ast::operators;

use super::account::Account;
use super::evaluation::{Fault, Worked};
use super::value::{List, Map, Text, Value};

/// Whether [`binary`] knows an operator.
pub(super) fn is_binary(name: &str) -> bool {
    written(name).is_some()
}

/// An operator as people write it.
fn written(name: &str) -> Option<&'static str> {
    Some(match name {
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::LESS => "<",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::GREATER_EQUALS => ">=",
        operators::IN => "in",
        operators::SUBSTRACT => "-",
        operators::MULTIPLY => "*",
        operators::DIVIDE => "/",
        operators::MODULO => "%",
        _ => return None,
    })
}

/// What an operator makes of two values.
pub(super) fn binary<'v>(
    account: &Account,
    name: &str,
    left: &Value<'v>,
    right: &Value<'v>,
    id: u64,
) -> Worked<'v> {
    let what = written(name).unwrap_or(name);
    let is_so = match what {
        "==" => equal(account, left, right, id)?,
        "!=" => !equal(account, left, right, id)?,
        "in" => contains(account, left, right, id)?,
        "<" => order(account, what, left, right, id)?.is_lt(),
        "<=" => order(account, what, left, right, id)?.is_le(),
        ">" => order(account, what, left, right, id)?.is_gt(),
        ">=" => order(account, what, left, right, id)?.is_ge(),
        _ => return reckoned(what, left, right, id),
    };
    Ok(Value::Bool(is_so))
}

/// `+` of numbers, texts and lists.
pub(super) fn sum<'v>(account: &Account, left: Value<'v>, right: Value<'v>, id: u64) -> Worked<'v> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            account.make(left.len() + right.len()).map_err(Fault::spent(id))?;
            account.read(left).and_then(|()| account.read(right)).map_err(Fault::spent(id))?;
            Ok(Value::text([left, right].concat()))
        }
        (Value::List(left), Value::List(right)) => joined(account, left, &right, id),
        (left, right) => reckoned("+", &left, &right, id),
    }
}

/// Two lists as one. The first is used as it is if nobody else has it.
fn joined<'v>(account: &Account, left: List<'v>, right: &List<'v>, id: u64) -> Worked<'v> {
    let (mut items, copied) = match left {
        List::Made(items) => match Rc::try_unwrap(items) {
            Ok(items) => (items, 0),
            Err(shared) => (shared.to_vec(), shared.len()),
        },
        List::Seen(seen) => (seen.iter().map(Value::from).collect(), seen.len()),
    };
    let more = copied + right.len();
    account.make(more * size_of::<Value<'_>>()).map_err(Fault::spent(id))?;
    account.step(more as u64).map_err(Fault::spent(id))?;
    items.extend((0..right.len()).filter_map(|at| right.at(at)));
    Ok(Value::list(items))
}

/// A number with the other sign.
pub(super) fn negative<'v>(of: &Value<'_>, id: u64) -> Worked<'v> {
    match of {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(|| beyond(id)),
        Value::Float(number) => Ok(Value::Float(-number)),
        other => Err(Fault::unfit(id, "-", &[other])),
    }
}

fn beyond(id: u64) -> Fault {
    Fault::Wrong(id, "the number is beyond 64 bits".to_owned())
}

fn reckoned<'v>(what: &str, left: &Value<'_>, right: &Value<'_>, id: u64) -> Worked<'v> {
    let number = match (left, right) {
        (Value::Int(left), Value::Int(right)) => {
            if *right == 0 && matches!(what, "/" | "%") {
                return Err(Fault::Wrong(id, "a number is divided by zero".to_owned()));
            }
            let number = match what {
                "+" => left.checked_add(*right),
                "-" => left.checked_sub(*right),
                "*" => left.checked_mul(*right),
                "/" => left.checked_div(*right),
                _ => left.checked_rem(*right),
            };
            return number.map(Value::Int).ok_or_else(|| beyond(id));
        }
        (Value::Float(left), Value::Float(right)) => match what {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            _ => {
                return Err(Fault::unfit(id, what, &[&Value::Float(*left), &Value::Float(*right)]));
            }
        },
        _ => return Err(Fault::unfit(id, what, &[left, right])),
    };
    Ok(Value::Float(number))
}

/// The order of two numbers, texts or truths.
fn order(
    account: &Account,
    what: &str,
    left: &Value<'_>,
    right: &Value<'_>,
    id: u64,
) -> Result<Ordering, Fault> {
    let found = match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            account.read(left.as_str()).map_err(Fault::spent(id))?;
            Some(left.as_str().cmp(right.as_str()))
        }
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => numeric(left, right),
    };
    found.ok_or_else(|| Fault::unfit(id, what, &[left, right]))
}

fn numeric(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Int(left), Value::Float(right)) => (*left as f64).partial_cmp(right),
        (Value::Float(left), Value::Int(right)) => left.partial_cmp(&(*right as f64)),
        _ => None,
    }
}

/// Whether two values are the same. Those of different types never are, but for numbers.
pub(super) fn equal(
    account: &Account,
    left: &Value<'_>,
    right: &Value<'_>,
    id: u64,
) -> Result<bool, Fault> {
    account.step(1).map_err(Fault::spent(id))?;
    match (left, right) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Text(left), Value::Text(right)) => same_text(account, left, right, id),
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::List(left), Value::List(right)) => same_lists(account, left, right, id),
        (Value::Map(left), Value::Map(right)) => same_maps(account, left, right, id),
        _ => Ok(numeric(left, right).is_some_and(Ordering::is_eq)),
    }
}

fn same_text(account: &Account, left: &Text<'_>, right: &Text<'_>, id: u64) -> Result<bool, Fault> {
    let (left, right) = (left.as_str(), right.as_str());
    if left.len() != right.len() {
        return Ok(false);
    }
    account.read(left).map_err(Fault::spent(id))?;
    Ok(left == right)
}

fn same_lists(
    account: &Account,
    left: &List<'_>,
    right: &List<'_>,
    id: u64,
) -> Result<bool, Fault> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for at in 0..left.len() {
        let (Some(left), Some(right)) = (left.at(at), right.at(at)) else { return Ok(false) };
        if !equal(account, &left, &right, id)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_maps(account: &Account, left: &Map<'_>, right: &Map<'_>, id: u64) -> Result<bool, Fault> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for key in left.keys() {
        account.step(right.len() as u64).map_err(Fault::spent(id))?;
        let Value::Text(name) = &key else { return Ok(false) };
        let (Some(left), Some(right)) = (left.field(name.as_str()), right.field(name.as_str()))
        else {
            return Ok(false);
        };
        if !equal(account, &left, &right, id)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains(
    account: &Account,
    item: &Value<'_>,
    container: &Value<'_>,
    id: u64,
) -> Result<bool, Fault> {
    match container {
        Value::List(list) => {
            for at in 0..list.len() {
                let Some(element) = list.at(at) else { break };
                if equal(account, item, &element, id)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => {
            account.step(map.len() as u64).map_err(Fault::spent(id))?;
            Ok(matches!(item, Value::Text(name) if map.field(name.as_str()).is_some()))
        }
        other => Err(Fault::unfit(id, "in", &[item, other])),
    }
}
