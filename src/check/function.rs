//! Functions of expressions. `duration` is whole nanoseconds, as the times of a report are.

use super::evaluation::{Evaluation, Fault, Worked};
use super::pattern::{Pattern, STEPS_TO_COMPILE};
use super::value::Value;

/// Those that there are.
const NAMES: &str = "size, contains, startsWith, endsWith, matches, int, double, string, min, max, \
                     duration, has, all, exists, exists_one, map and filter";

/// The value of a function; the receiver of a method is the first argument.
pub(super) fn call<'v>(
    evaluation: &Evaluation<'v>,
    name: &str,
    values: &[Value<'v>],
    id: u64,
) -> Worked<'v> {
    let read = |text: &str| evaluation.account.read(text).map_err(Fault::spent(id));
    match (name, values) {
        ("size", [Value::Text(text)]) => {
            read(text.as_str())?;
            Ok(count(text.as_str().chars().count()))
        }
        ("size", [Value::List(list)]) => Ok(count(list.len())),
        ("size", [Value::Map(map)]) => Ok(count(map.len())),
        ("contains" | "startsWith" | "endsWith", [Value::Text(text), Value::Text(part)]) => {
            let (text, part) = (text.as_str(), part.as_str());
            read(text)?;
            Ok(Value::Bool(match name {
                "contains" => text.contains(part),
                "startsWith" => text.starts_with(part),
                _ => text.ends_with(part),
            }))
        }
        ("matches", [Value::Text(text), Value::Text(pattern)]) => {
            matches(evaluation, text.as_str(), pattern.as_str(), id)
        }
        ("duration", [Value::Text(text)]) => {
            nanoseconds(text.as_str()).map(Value::Int).ok_or_else(|| {
                let message = "expected a time such as \"500ms\" or \"1.5s\"";
                Fault::Wrong(id, message.to_owned())
            })
        }
        ("int" | "uint" | "double" | "string", [value]) => converted(evaluation, name, value, id),
        ("min" | "max", [Value::List(list)]) => {
            let items: Vec<_> = (0..list.len()).filter_map(|at| list.at(at)).collect();
            evaluation.account.step(items.len() as u64).map_err(Fault::spent(id))?;
            extreme(name, &items, id)
        }
        ("min" | "max", values) => extreme(name, values, id),
        ("size" | "contains" | "startsWith" | "endsWith" | "matches" | "duration", values) => {
            Err(Fault::unfit(id, name, &values.iter().collect::<Vec<_>>()))
        }
        _ => Err(Fault::Wrong(id, format!("there is no function `{name}` here, but {NAMES}"))),
    }
}

fn count<'v>(count: usize) -> Value<'v> {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn matches<'v>(evaluation: &Evaluation<'v>, text: &str, written: &str, id: u64) -> Worked<'v> {
    let account = evaluation.account;
    let made;
    let pattern = match evaluation.patterns.get(written) {
        Some(pattern) => pattern,
        None => {
            account.step(STEPS_TO_COMPILE).map_err(Fault::spent(id))?;
            made = Pattern::new(written).map_err(|message| Fault::Wrong(id, message))?;
            &made
        }
    };
    account.step(pattern.steps(text)).map_err(Fault::spent(id))?;
    Ok(Value::Bool(pattern.is_in(text)))
}

fn converted<'v>(evaluation: &Evaluation<'v>, to: &str, value: &Value<'v>, id: u64) -> Worked<'v> {
    let no_number = |_| Fault::Wrong(id, format!("`{to}` needs a number"));
    Ok(match (to, value) {
        ("string", Value::Text(_)) => value.clone(),
        ("string", Value::Int(number)) => made(evaluation, number.to_string(), id)?,
        ("string", Value::Float(number)) => made(evaluation, number.to_string(), id)?,
        ("string", Value::Bool(is_so)) => made(evaluation, is_so.to_string(), id)?,
        ("int" | "uint", Value::Int(number)) => Value::Int(*number),
        ("int" | "uint", Value::Float(number)) => Value::Int(*number as i64),
        ("int" | "uint", Value::Text(text)) => {
            Value::Int(text.as_str().parse().map_err(|_: std::num::ParseIntError| no_number(()))?)
        }
        ("double", Value::Int(number)) => Value::Float(*number as f64),
        ("double", Value::Float(number)) => Value::Float(*number),
        ("double", Value::Text(text)) => {
            let number = text.as_str().parse();
            Value::Float(number.map_err(|_: std::num::ParseFloatError| no_number(()))?)
        }
        _ => return Err(Fault::unfit(id, to, &[value])),
    })
}

fn made<'v>(evaluation: &Evaluation<'v>, text: String, id: u64) -> Worked<'v> {
    evaluation.account.make(text.len()).map_err(Fault::spent(id))?;
    Ok(Value::text(text))
}

/// The least or largest of some numbers.
fn extreme<'v>(name: &str, values: &[Value<'v>], id: u64) -> Worked<'v> {
    let mut found: Option<&Value<'v>> = None;
    for value in values {
        let of = |value: &Value<'_>| match value {
            Value::Int(number) => Ok(*number as f64),
            Value::Float(number) => Ok(*number),
            other => Err(Fault::unfit(id, name, &[other])),
        };
        let number = of(value)?;
        let is_further = match found.map(of).transpose()? {
            None => true,
            Some(known) if name == "min" => number < known,
            Some(known) => number > known,
        };
        if is_further {
            found = Some(value);
        }
    }
    Ok(found.cloned().unwrap_or(Value::Null))
}

/// Nanoseconds of a time as CEL writes it: `500ms`, `1.5s`, `1m30s`.
fn nanoseconds(text: &str) -> Option<i64> {
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
