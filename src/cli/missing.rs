//! Captures that are not there: one line each is all there is to say.

use std::io;
use std::path::{Path, PathBuf};

use super::mistyped;
use super::output;

/// Whether there is none of them; says so.
pub(super) fn are_all(captures: &[PathBuf]) -> bool {
    let missing: Vec<_> = captures.iter().filter_map(|path| Some((path, missing(path)?))).collect();
    if missing.is_empty() || missing.len() < captures.len() {
        return false;
    }
    for (path, error) in missing {
        complain(path, &error);
    }
    true
}

fn missing(path: &Path) -> Option<io::Error> {
    if path == Path::new("-") {
        return None;
    }
    path.metadata().err().filter(|error| error.kind() == io::ErrorKind::NotFound)
}

fn complain(path: &Path, error: &io::Error) {
    output::complain(&format!("{}: cannot be read: {error}", path.display()));
    if let Some(command) = mistyped::command(&path.display().to_string()) {
        output::hint(&format!("did you mean the command `{command}`?"));
    }
}
