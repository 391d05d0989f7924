//! ARCHITECTURE.md is a map: it names every folder of the source, and every file that it sends to exists.

use std::path::{Path, PathBuf};

use crate::lab;
use crate::walls::sources;

fn map() -> String {
    lab::read_text(&lab::root().join("ARCHITECTURE.md"))
}

/// What stands between backticks, outside of blocks.
fn quoted(page: &str) -> Vec<String> {
    let outside = page.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Every source of the program and of its crates.
fn all_sources() -> Vec<PathBuf> {
    let root = lab::root();
    sources().iter().filter_map(|path| path.strip_prefix(root).ok()).map(Path::to_owned).collect()
}

#[test]
fn the_map_names_every_folder_of_the_source() {
    let names: Vec<_> =
        quoted(&map()).iter().map(|name| name.trim_end_matches('/').to_owned()).collect();
    let is_named = |folder: &str| {
        names.iter().any(|name| {
            let words = name.split([' ', '/']).map(|word| word.trim_end_matches(".rs"));
            words.into_iter().any(|word| word == folder)
        })
    };
    let folders = all_sources().into_iter().filter_map(|path| path.parent().map(Path::to_owned));
    let missing: std::collections::BTreeSet<_> = folders
        .filter(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            !matches!(name, "src" | "tests") && !is_named(name)
        })
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}

#[test]
fn every_file_that_the_map_sends_to_exists() {
    let root = lab::root();
    let sources = all_sources();
    let exists =
        |name: &str| root.join(name).exists() || sources.iter().any(|path| path.ends_with(name));
    let is_file = |name: &&String| name.ends_with(".rs") && !name.contains([' ', '*', '<']);
    let missing: Vec<_> =
        quoted(&map()).into_iter().filter(|name| is_file(&name) && !exists(name)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md sends to {missing:?}");
}
