//! Key material that cannot be used: where it stands, in one line with what is wrong.

use std::fmt;
use std::path::Path;

use super::problem::Problem;

/// Where in which file something stands. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, if one line is to blame.
    pub line: Option<u32>,
    /// The column, if one column is to blame.
    pub column: Option<u32>,
}

impl Place {
    /// The file as a whole.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self { file: path.display().to_string(), line: None, column: None }
    }
}

impl fmt::Display for Place {
    /// `file:line:column`, as far as they are known; control characters of a name are escaped,
    /// because this line goes to a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

/// A key list or key file that cannot be used. `Display` is one line that begins with the place;
/// [`KeyError::hint`] says what to do. Neither ever holds a password or a key byte.
#[derive(Debug, thiserror::Error)]
#[error("{}{at}: {problem}", prefix(row.as_ref()))]
pub struct KeyError {
    /// The row of a key list that named the file, if one did.
    pub row: Option<Place>,
    /// Where the fault is.
    pub at: Place,
    /// What it is.
    pub problem: Problem,
}

impl KeyError {
    pub(super) fn new(at: Place, problem: Problem) -> Self {
        Self { row: None, at, problem }
    }

    /// The same fault, with the list row that led to the file.
    pub(super) fn named_by(self, row: Place) -> Self {
        Self { row: Some(row), ..self }
    }

    /// Line and column in the file that the user named.
    pub(super) fn position(&self) -> (Option<u32>, Option<u32>) {
        let named = self.row.as_ref().unwrap_or(&self.at);
        (named.line, named.column)
    }

    /// What the user can do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        self.problem.hint(&printable(&self.at.file))
    }
}

/// A fault inside a text whose file name the caller knows.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn at_line(line: u32, problem: Problem) -> Self {
        Self { line: Some(line), column: None, problem }
    }

    pub(super) fn in_file(self, path: &Path) -> KeyError {
        let Self { line, column, problem } = self;
        KeyError::new(Place { line, column, ..Place::file(path) }, problem)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self { line: None, column: None, problem }
    }
}

fn prefix(row: Option<&Place>) -> String {
    row.map(|place| format!("{place}: ")).unwrap_or_default()
}

/// `text` with its control characters escaped.
pub(super) fn printable(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_its_places_and_a_hint() {
        let at = Place { line: Some(7), ..Place::file(Path::new("pki/ec.key")) };
        let row = Place { line: Some(3), column: Some(20), ..Place::file(Path::new("keys.list")) };
        let error = KeyError::new(at, Problem::NotRsa("an EC".into())).named_by(row);
        assert_eq!(
            error.to_string(),
            "keys.list:3:20: pki/ec.key:7: an EC key cannot decrypt any key exchange"
        );
        assert!(error.hint().contains("--keylog"));
    }

    #[test]
    fn a_name_with_control_characters_cannot_move_the_cursor() {
        let place = Place::file(Path::new("a\x1b[2Jb\n.key"));
        assert_eq!(place.to_string(), "a\\u{1b}[2Jb\\n.key");
    }
}
