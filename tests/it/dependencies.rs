//! What the program is built of, held to `deny.toml`: licences, sources and duplicates. `cargo deny`
//! reads the same file and needs hundreds of packages of its own; this asks `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::lab::{self, items, text};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What cargo says of every package that a build of ours takes.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--all-features", "--format-version", "1"])
        .current_dir(lab::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Packages of others; a package without a source is one of ours.
fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    items(&metadata["packages"]).iter().filter(|package| !package["source"].is_null())
}

fn policy() -> toml::Table {
    lab::read_text(&lab::root().join("deny.toml")).parse().expect("TOML")
}

/// `MIT/Apache-2.0` is how licences were once written: either will do.
fn is_allowed(licence: &str, allowed: &BTreeSet<&str>) -> bool {
    let is_listed = |wanted: &LicenseReq| allowed.contains(wanted.to_string().as_str());
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|known| known.evaluate(is_listed))
}

#[test]
fn every_licence_is_one_that_the_policy_allows() {
    let policy = policy();
    let listed = policy["licenses"]["allow"].as_array().expect("a list");
    let allowed: BTreeSet<_> = listed.iter().filter_map(toml::Value::as_str).collect();
    assert!(!is_allowed("GPL-3.0-only", &allowed) && !is_allowed("MIT AND MPL-2.0", &allowed));
    let metadata = metadata();
    let refused: Vec<_> = packages(&metadata)
        .filter(|package| !package["license"].as_str().is_some_and(|l| is_allowed(l, &allowed)))
        .map(|package| format!("{}: {}", text(&package["name"]), package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_package_comes_from_the_registry() {
    let metadata = metadata();
    let others: Vec<_> = packages(&metadata)
        .filter(|package| package["source"] != CRATES_IO)
        .map(|package| text(&package["id"]))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(packages(&metadata).count() > 100);
}

#[test]
fn no_package_is_there_in_two_versions_without_a_reason() {
    let metadata = metadata();
    let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
    for package in packages(&metadata) {
        versions.entry(text(&package["name"])).or_default().insert(text(&package["version"]));
    }
    versions.retain(|_, versions| versions.len() > 1);
    let found: BTreeSet<_> = versions.keys().copied().collect();
    let policy = policy();
    let skipped = policy["bans"]["skip"].as_array().expect("a list");
    let known: BTreeSet<_> = skipped.iter().filter_map(|skip| skip["crate"].as_str()).collect();
    assert!(skipped.iter().all(|skip| skip["reason"].as_str().is_some_and(|why| !why.is_empty())));
    assert_eq!(found, known, "deny.toml lists duplicates with their reasons: {versions:#?}");
}
