//! Values of expressions: what a session has is borrowed, and what an expression makes is shared.

use std::rc::Rc;

use serde_json::{Map as JsonMap, Value as Json};

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text<'v>),
    List(List<'v>),
    Map(Map<'v>),
}

/// A text of the session or of the policy, or one that was made.
#[derive(Clone, Debug)]
pub(super) enum Text<'v> {
    Seen(&'v str),
    Made(Rc<str>),
}

/// A list of the session, or one that was made.
#[derive(Clone, Debug)]
pub(super) enum List<'v> {
    Seen(&'v [Json]),
    Made(Rc<Vec<Value<'v>>>),
}

/// An object of the session, or a map that was made.
#[derive(Clone, Debug)]
pub(super) enum Map<'v> {
    Seen(&'v JsonMap<String, Json>),
    Made(Rc<Vec<(Value<'v>, Value<'v>)>>),
}

impl<'v> From<&'v Json> for Value<'v> {
    /// Whole numbers are ints, so that they can be reckoned with.
    fn from(json: &'v Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(is_so) => Self::Bool(*is_so),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Self::Int(number),
                None => Self::Float(number.as_f64().unwrap_or(f64::MAX)),
            },
            Json::String(text) => Self::Text(Text::Seen(text)),
            Json::Array(items) => Self::List(List::Seen(items)),
            Json::Object(fields) => Self::Map(Map::Seen(fields)),
        }
    }
}

impl<'v> Value<'v> {
    /// A list that was made.
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(List::Made(Rc::new(items)))
    }

    /// A text that was made.
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    /// The name of its type in CEL.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "double",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl Text<'_> {
    /// Its characters.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Seen(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl<'v> List<'v> {
    /// How many elements it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Seen(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    /// One of them.
    pub(super) fn at(&self, at: usize) -> Option<Value<'v>> {
        match self {
            Self::Seen(items) => items.get(at).map(Value::from),
            Self::Made(items) => items.get(at).cloned(),
        }
    }
}

impl<'v> Map<'v> {
    /// How many keys it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Seen(fields) => fields.len(),
            Self::Made(entries) => entries.len(),
        }
    }

    /// What stands under a name.
    pub(super) fn field(&self, name: &str) -> Option<Value<'v>> {
        match self {
            Self::Seen(fields) => fields.get(name).map(Value::from),
            Self::Made(entries) => entries.iter().find_map(|(key, value)| match key {
                Value::Text(key) if key.as_str() == name => Some(value.clone()),
                _ => None,
            }),
        }
    }

    /// Its keys in order.
    pub(super) fn keys(&self) -> Vec<Value<'v>> {
        match self {
            Self::Seen(fields) => fields.keys().map(|key| Value::Text(Text::Seen(key))).collect(),
            Self::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    /// The names of its fields, for a message.
    pub(super) fn names(&self) -> String {
        let keys = self.keys();
        let mut names: Vec<_> = keys
            .iter()
            .filter_map(|key| match key {
                Value::Text(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        names.join(", ")
    }
}
