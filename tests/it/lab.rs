//! The captures of `testdata/` and the truth beside each.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::path;

#[path = "../../testdata/find.rs"]
mod find;

/// A capture of `testdata/` with its truth.
pub(crate) struct Lab {
    pub(crate) name: String,
    /// Its files in order: a rotated capture has several.
    pub(crate) files: Vec<PathBuf>,
    /// Its key list, where there is TLS to open.
    pub(crate) keys: Option<PathBuf>,
    /// Its key log, if one was kept.
    pub(crate) keylog: Option<PathBuf>,
    /// Nothing is missing from it on purpose.
    pub(crate) complete: bool,
    /// The truth, by connection.
    pub(crate) connections: Vec<Value>,
}

impl Lab {
    /// The options of its keys, and its files.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        let keys = self.keys.iter().flat_map(|keys| ["--keys", path(keys)]);
        let log = self.keylog.iter().flat_map(|log| ["--keylog", path(log)]);
        keys.chain(log).chain(self.files.iter().map(|file| path(file))).collect()
    }

    pub(crate) fn load(name: &str) -> Self {
        let truth = json(&testdata(&format!("{name}.json")));
        let files = truth["files"].as_array().expect("`files`");
        Self {
            name: name.to_string(),
            files: files.iter().map(|file| testdata(text(file))).collect(),
            keys: truth["keys"].as_str().map(testdata),
            keylog: truth["keylog"].as_str().map(testdata),
            complete: truth["complete"].as_bool().expect("`complete`"),
            connections: truth["connections"].as_array().expect("`connections`").clone(),
        }
    }

    /// Every capture of the folder, by name.
    pub(crate) fn all() -> Vec<Self> {
        names().iter().map(|name| Self::load(name)).collect()
    }

    /// The plaintext of a connection as its ends recorded it: `c2s` or `s2c`.
    pub(crate) fn stream(&self, connection: usize, direction: &str) -> Vec<u8> {
        let path = testdata(&format!("{}.{connection}.{direction}", self.name));
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// The names of all captures that have a truth.
pub(crate) fn names() -> Vec<String> {
    let folders = find::scenarios();
    folders.iter().filter_map(|folder| Some(folder.file_name()?.to_str()?.to_string())).collect()
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of `testdata/`, by its name alone or as an argument (`@NAME`).
pub(crate) fn testdata(name: &str) -> PathBuf {
    root().join(find::find(name.trim_start_matches('@')))
}

/// The same from the root of the project, as commands are given it and reports name it.
pub(crate) fn shown(name: &str) -> String {
    path(&find::find(name)).to_owned()
}

/// The arguments of a command: `@NAME` stands for the file of that name in `testdata/`.
pub(crate) fn arguments(given: &[&str]) -> Vec<String> {
    let argument = |word: &&str| word.strip_prefix('@').map_or_else(|| (*word).to_owned(), shown);
    given.iter().map(argument).collect()
}

pub(crate) fn read_text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&read_text(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a JSON string; empty for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The elements of a JSON array; none for anything else.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How many cases a property test tries: more where `CASES_TIMES` asks for it.
pub(crate) fn cases(usual: u32) -> u32 {
    let times = std::env::var("CASES_TIMES").ok().and_then(|times| times.parse().ok());
    usual * times.unwrap_or(1)
}
