//! The JSON documents against the schemas that ship with the program, and both against the manual.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::{Value, json};
use smtp_decrypt::report::Reason;

use crate::lab::{self, Lab};
use crate::run::Runner;
use crate::walls;

const SCHEMA_PATH: &str = "docs/report.schema.json";
const MANUAL_PATH: &str = "docs/report.md";

/// What each finding means.
const FINDINGS_PATH: &str = "docs/findings.md";

static SCHEMA: LazyLock<Value> = LazyLock::new(|| lab::json(&lab::root().join(SCHEMA_PATH)));

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(&SCHEMA));

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.build(schema).expect("a schema of draft 2020-12")
}

/// What the schema says against a report.
fn complaints(report: &Value) -> Vec<String> {
    complaints_of(&VALIDATOR, report)
}

fn complaints_of(validator: &Validator, document: &Value) -> Vec<String> {
    let say = |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path);
    validator.iter_errors(document).map(say).take(20).collect()
}

/// Fails unless the report is what the schema describes.
pub(crate) fn assert_valid(report: &Value) {
    let complaints = complaints(report);
    assert!(complaints.is_empty(), "not as docs/report.schema.json says: {complaints:#?}");
}

/// Fails unless a document of `command` is what the schema of that name describes.
pub(crate) fn assert_valid_of(command: &str, document: &impl Serialize) {
    let path = format!("docs/{command}.schema.json");
    let schema = lab::json(&lab::root().join(&path));
    let document = serde_json::to_value(document).expect("JSON");
    let complaints = complaints_of(&validator(&schema), &document);
    assert!(complaints.is_empty(), "not as {path} says: {complaints:#?}");
}

fn a_report() -> Value {
    let lab = Lab::load("tls12_aes128_sha");
    Runner::with_keys_of(&lab).report_and_streams(&lab.files).0
}

#[test]
fn the_schema_is_a_valid_one_of_draft_2020_12() {
    assert!(jsonschema::meta::is_valid(&SCHEMA));
    assert_eq!(SCHEMA["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn every_report_of_testdata_is_as_the_schema_says() {
    for lab in Lab::all() {
        // The runner validates.
        let (report, _) = Runner::with_keys_of(&lab).report_and_streams(&lab.files);
        assert!(!lab::items(&report["sessions"]).is_empty(), "{}", lab.name);
    }
}

/// Each change alone must be noticed, or the schema is blind there.
#[test]
fn the_schema_refuses_what_the_contract_does_not_allow() {
    let changes: [(&str, Value); 16] = [
        ("/schema", json!("smtp-decrypt/report/v2")),
        ("/sessions/0/outcome", json!("fine")),
        ("/sessions/0/protocol", json!("http")),
        ("/sessions/0/start", json!("2026-11-21T23:58:54.458863Z")),
        ("/sessions/0/client/port", json!("25")),
        ("/sessions/0/client/ip", json!("example.org")),
        ("/sessions/0/duration_ns", json!(1.5)),
        ("/sessions/0/timeline/0/event", json!("tcp.hello")),
        ("/sessions/0/timeline/0/frame", json!(0)),
        ("/sessions/0/timeline/0/t_ns", json!(-1)),
        ("/sessions/0/tls/decryption/status", json!("opened")),
        ("/sessions/0/tls/decryption/reason", json!("bad_luck")),
        ("/sessions/0/tls/cipher_suite_id", json!("0x2f")),
        ("/sessions/0/smtp/mails/0/sha256", json!("abc")),
        ("/sessions/0/smtp/exchanges/1/reply/lines", json!([])),
        ("/summary/outcomes", json!({ "fine": 1 })),
    ];
    let good = a_report();
    for (place, value) in changes {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap_or_else(|| panic!("no {place}")) = value;
        assert!(!complaints(&bad).is_empty(), "{place} may be anything");
    }
}

#[test]
fn the_schema_refuses_a_missing_or_an_undocumented_field_anywhere() {
    let good = a_report();
    let mut places = Vec::new();
    collect_objects(&good, String::new(), &mut places);
    for place in places.iter().filter(|place| !is_tally(place)) {
        let names: Vec<_> =
            good.pointer(place).and_then(Value::as_object).expect("an object").keys().collect();
        let mut more = good.clone();
        more.pointer_mut(place).expect("the same")["surprise"] = json!(1);
        assert!(!complaints(&more).is_empty(), "{place} may have further fields");
        for name in names {
            let mut less = good.clone();
            less.pointer_mut(place).and_then(Value::as_object_mut).expect("it").remove(name);
            assert!(!complaints(&less).is_empty(), "{place}/{name} may be missing");
        }
    }
}

/// Counts by name, which list only what occurs.
fn is_tally(place: &str) -> bool {
    ["outcomes", "protocols", "decryption", "reasons"]
        .iter()
        .any(|name| place == format!("/summary/{name}"))
}

/// The places of one object of each kind: the first of each array stands for the others.
fn collect_objects(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                collect_objects(field, format!("{place}/{name}"), found);
            }
            found.push(place);
        }
        Value::Array(values) => {
            if let Some(first) = values.first() {
                collect_objects(first, format!("{place}/0"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_schema_lists_every_reason_code() {
    let listed: BTreeSet<_> =
        lab::items(&SCHEMA["$defs"]["reason"]["enum"]).iter().map(lab::text).collect();
    let known: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(listed, known);
}

#[test]
fn the_schema_lists_every_timeline_event_of_the_program() {
    let events = &SCHEMA["$defs"]["timeline_entry"]["properties"]["event"]["enum"];
    let listed: BTreeSet<_> = lab::items(events).iter().map(lab::text).collect();
    let recorder = walls::without_tests(&lab::root().join("src/record/recorder.rs"));
    for code in codes(&recorder).filter(|code| *code != "tls.not_tls") {
        assert!(listed.contains(code), "{code} is noted in a timeline, but not in the schema");
    }
}

#[test]
fn the_manual_explains_every_field_of_the_schema() {
    let manual = lab::read_text(&lab::root().join(MANUAL_PATH));
    let mut names = BTreeSet::new();
    collect_names(&SCHEMA, &mut names);
    let missing: Vec<_> =
        names.iter().filter(|name| !manual.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{MANUAL_PATH} does not name {missing:?}");
}

fn collect_names<'v>(schema: &'v Value, names: &mut BTreeSet<&'v str>) {
    if let Some(properties) = schema["properties"].as_object() {
        names.extend(properties.keys().map(String::as_str));
    }
    let children: Vec<&Value> = match schema {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(values) => values.iter().collect(),
        _ => return,
    };
    children.into_iter().for_each(|child| collect_names(child, names));
}

#[test]
fn the_manual_names_every_value_that_the_schema_lists() {
    let manual = lab::read_text(&lab::root().join(MANUAL_PATH));
    let mut values = BTreeSet::new();
    collect_values(&SCHEMA, &mut values);
    let missing: Vec<_> =
        values.iter().filter(|value| !manual.contains(&format!("`{value}`"))).collect();
    assert!(missing.is_empty(), "{MANUAL_PATH} does not name {missing:?}");
}

fn collect_values<'v>(schema: &'v Value, values: &mut BTreeSet<&'v str>) {
    values.extend(lab::items(&schema["enum"]).iter().filter_map(Value::as_str));
    let children: Vec<&Value> = match schema {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(values) => values.iter().collect(),
        _ => return,
    };
    children.into_iter().for_each(|child| collect_values(child, values));
}

#[test]
fn the_manual_names_every_finding_and_event_of_the_program() {
    let pages = [MANUAL_PATH, FINDINGS_PATH].map(|page| lab::read_text(&lab::root().join(page)));
    let manual = pages.concat();
    let mut missing = BTreeSet::new();
    // What `compare` calls by such names are fields of the report.
    let is_comparison =
        |path: &PathBuf| path.components().any(|part| part.as_os_str() == "compare");
    for path in walls::sources().iter().filter(|path| !is_comparison(path)) {
        let code = walls::without_tests(path);
        missing.extend(
            codes(&code)
                .filter(|code| !manual.contains(&format!("`{code}`")))
                .map(ToString::to_string),
        );
    }
    assert!(missing.is_empty(), "{MANUAL_PATH} and {FINDINGS_PATH} do not name {missing:?}");
}

/// String literals that are a code: area, dot, name.
fn codes(source: &str) -> impl Iterator<Item = &str> {
    let areas = ["capture", "tcp", "tls", "smtp", "keys"];
    source.split('"').filter(move |literal| {
        literal.split_once('.').is_some_and(|(area, name)| {
            areas.contains(&area)
                && !name.is_empty()
                && !["html", "list", "keys_list", "keylog_file"].contains(&name)
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
    })
}
