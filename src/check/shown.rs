//! What a failed expression found: the fields that it names, with their values.

use serde_json::Value as Json;

/// Bytes of a value that are shown.
const MOST_SHOWN: usize = 120;

/// Fields that are shown.
const MOST_FIELDS: usize = 6;

/// `tls.version is "TLSv1.0", outcome is "delivered"`.
pub(super) fn values(paths: &[Vec<String>], session: &Json) -> String {
    let found = paths.iter().filter_map(|path| {
        let value = path.iter().try_fold(session, |value, name| part(value, name))?;
        let name = path.join(".").replace(".[", "[");
        // That an object is there says nothing.
        if value.is_object() {
            return None;
        }
        Some(format!("{name} is {}", short(value)))
    });
    joined(found)
}

/// A field, or an element by `[0]`; of null, null.
fn part<'v>(value: &'v Json, name: &str) -> Option<&'v Json> {
    let index = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match (value, index) {
        (Json::Null, _) => Some(value),
        (value, Some(index)) => {
            Some(value.get(index.parse::<usize>().ok()?).unwrap_or(&Json::Null))
        }
        (value, None) => value.get(name),
    }
}

fn joined(found: impl Iterator<Item = String>) -> String {
    let found: Vec<_> = found.take(MOST_FIELDS).collect();
    if found.is_empty() { "it is not so".to_owned() } else { found.join(", ") }
}

/// Whether these are findings, which their codes stand for.
fn has_codes(items: &[Json]) -> bool {
    !items.is_empty() && items.iter().all(|item| item["code"].is_string())
}

fn short(value: &Json) -> String {
    match value {
        Json::Array(items) if has_codes(items) => {
            let codes = items.iter().filter_map(|item| item["code"].as_str());
            format!("[{}]", codes.take(MOST_FIELDS).collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) if items.len() > 4 => format!("a list of {}", items.len()),
        Json::Object(_) => "an object".to_owned(),
        Json::Number(number) if number.is_f64() => {
            format!("{:.3}", number.as_f64().unwrap_or_default())
        }
        value => {
            let text = value.to_string();
            match text.char_indices().nth(MOST_SHOWN) {
                Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}
