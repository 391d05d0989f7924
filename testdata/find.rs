//! Finds a file of `testdata/` by its name, so that no test knows topics. The unit tests and
//! `tests/it` include this file.

use std::fs;
use std::path::{Path, PathBuf};

/// Where `testdata/TOPIC/NAME/NAME.*` is, from the root of the project; a name that belongs to no
/// scenario (`pki/server.key`) is meant as it stands.
pub(crate) fn find(file: &str) -> PathBuf {
    let name = file.split('.').next();
    let folder =
        scenarios().into_iter().find(|folder| folder.file_name().and_then(|n| n.to_str()) == name);
    folder.unwrap_or_else(|| "testdata".into()).join(file)
}

/// The folder of every scenario: those that hold a truth of their name.
pub(crate) fn scenarios() -> Vec<PathBuf> {
    let mut found: Vec<_> =
        folders("testdata".as_ref()).iter().flat_map(|topic| folders(topic)).collect();
    found.retain(|folder| truth(folder).is_some_and(|truth| truth.is_file()));
    found.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    found
}

fn truth(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(format!("{}.json", folder.file_name()?.to_str()?)))
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
