//! No file of a room stands in a cycle with another: one may be read without the others that it does
//! not name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::lab;
use crate::walls::{sources, without_tests};

/// The rooms without cycles.
const ROOMS: &[&str] = &["report", "record", "judge", "redact"];

/// A file as its module: `["judge", "timing", "turns"]`.
type Module = Vec<String>;

/// The files of a room: the text of each, by its module.
fn files(room: &str) -> BTreeMap<Module, String> {
    let folder = lab::root().join("src").join(room);
    let top = folder.with_extension("rs");
    let inside = sources().into_iter().filter(|path| path.starts_with(&folder) || *path == top);
    inside.map(|path| (module(&path), without_tests(&path))).collect()
}

fn module(path: &Path) -> Module {
    let src = lab::root().join("src");
    let within = path.strip_prefix(src).expect("within src").with_extension("");
    let names = within.iter().map(|name| name.to_string_lossy().into_owned());
    names.collect()
}

/// What `use` lines name, groups taken apart, and paths inside the code.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (place, _) in code.match_indices(start) {
            // Who may see a thing (`pub(in crate::room)`) is no use of it.
            let is_other = code[..place].ends_with("::") || code[..place].ends_with("(in ");
            if !is_other {
                expand("", &code[place..], &mut found);
            }
        }
    }
    for line in code.split_inclusive('\n').filter(|line| line.contains("use ")) {
        let behind = line.split_once("use ").map_or("", |(_, path)| path);
        expand("", behind, &mut found);
    }
    found
}

/// `a::{b, c::d}` is `a::b` and `a::c::d`. Gives what is behind the path.
fn expand<'a>(before: &str, text: &'a str, found: &mut Vec<String>) -> &'a str {
    let end = text.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).unwrap_or(text.len());
    let (word, mut rest) = text.split_at(end);
    let path = format!("{before}{word}");
    if !path.ends_with("::") || !rest.starts_with('{') {
        found.push(path);
        return rest;
    }
    rest = &rest[1..];
    while !rest.is_empty() && !rest.starts_with('}') {
        rest = expand(&path, rest.trim_start(), found);
        rest =
            rest.split_once(',').filter(|(gap, _)| gap.trim().is_empty()).map_or(rest, |(_, r)| r);
        rest = rest.trim_start();
    }
    rest.get(1..).unwrap_or_default()
}

/// The file that a path in `of` leads to: that of the longest beginning which is a module.
fn target(path: &str, of: &Module, files: &BTreeMap<Module, String>) -> Option<Module> {
    let first = path.split("::").next()?;
    let mut at = if first == "crate" { Module::new() } else { of.clone() };
    let is_child = || files.contains_key(&[&of[..], &[first.to_owned()]].concat());
    if !["crate", "super", "self"].contains(&first) && !is_child() {
        return None;
    }
    for name in path.split("::") {
        match name {
            "crate" | "self" => {}
            "super" => _ = at.pop(),
            name => at.push(name.to_owned()),
        }
    }
    while !at.is_empty() && !files.contains_key(&at) {
        at.pop();
    }
    (!at.is_empty()).then_some(at)
}

/// Which file names which.
fn edges(room: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let files = files(room);
    assert!(!files.is_empty(), "{room} is no room");
    let of = |(module, code): (&Module, &String)| {
        let named = paths(code).into_iter().filter_map(|path| target(&path, module, &files));
        (module.clone(), named.filter(|named| named != module).collect())
    };
    files.iter().map(of).collect()
}

/// Takes away what names nothing that is left, until only cycles and what leads to them are left.
fn cycles(mut edges: BTreeMap<Module, BTreeSet<Module>>) -> BTreeMap<Module, BTreeSet<Module>> {
    loop {
        let left: BTreeSet<_> = edges.keys().cloned().collect();
        edges.values_mut().for_each(|named| named.retain(|one| left.contains(one)));
        let before = edges.len();
        edges.retain(|_, named| !named.is_empty());
        if edges.len() == before {
            return edges;
        }
    }
}

#[test]
fn no_file_stands_in_a_cycle_with_another() {
    for room in ROOMS {
        let found = cycles(edges(room));
        assert!(found.is_empty(), "{room}: {found:#?}");
    }
}

#[test]
fn a_cycle_is_found() {
    let module = |name: &str| vec!["room".to_owned(), name.to_owned()];
    let edge = |from: &str, to: &[&str]| (module(from), to.iter().map(|to| module(to)).collect());
    let round =
        BTreeMap::from([edge("a", &["b"]), edge("b", &["c"]), edge("c", &["b"]), edge("d", &[])]);
    assert_eq!(
        cycles(round).into_keys().collect::<Vec<_>>(),
        [module("a"), module("b"), module("c")]
    );
    let straight = BTreeMap::from([edge("a", &["b", "c"]), edge("b", &["c"]), edge("c", &[])]);
    assert!(cycles(straight).is_empty());
}

#[test]
fn paths_lead_to_the_file_that_has_what_they_name() {
    let files: BTreeMap<Module, String> =
        [vec!["r"], vec!["r", "a"], vec!["r", "a", "b"], vec!["r", "c"]]
            .map(|names| (names.into_iter().map(str::to_owned).collect(), String::new()))
            .into();
    let of = |path: &str| target(path, &vec!["r".to_owned(), "a".to_owned()], &files);
    let is = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Module>());
    assert_eq!(of("super::c::Thing"), is(&["r", "c"]));
    assert_eq!(of("crate::r::a::b::Thing"), is(&["r", "a", "b"]));
    assert_eq!(of("b::Thing"), is(&["r", "a", "b"]));
    assert_eq!(of("super::Thing"), is(&["r"]));
    assert_eq!(of("std::fmt"), None);
    assert_eq!(
        paths("use super::{c::{X, Y}, d};\n"),
        ["super::c::X", "super::c::Y", "super::d", "super::c::X", "super::c::Y", "super::d"]
    );
}
