//! What a finding's code means: for a terminal, and as the page `docs/findings.md`.

use std::fmt::Write as _;

use crate::report::codes::{self, Code};

/// Columns of a line.
const WIDTH: usize = 80;

/// The headings of the page, by area.
const AREAS: &[(&str, &str)] = &[
    ("capture", "The capture"),
    ("tcp", "TCP"),
    ("tls", "TLS"),
    ("smtp", "SMTP"),
    ("keys", "Key material"),
];

/// One code for a terminal, lines of at most 80 columns where words allow.
#[must_use]
pub fn explained(code: Code) -> String {
    let mut out = format!("{} ({})\n\n", code.name(), code.severity().name());
    section(&mut out, "", code.meaning());
    section(&mut out, "Evidence: ", code.evidence());
    let _ = writeln!(out, "Usual causes:");
    for cause in code.causes() {
        wrapped(&mut out, "  * ", "    ", cause);
    }
    out.push('\n');
    section(&mut out, "What to do: ", code.advice());
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Every code with its meaning, for a terminal.
#[must_use]
pub fn listed() -> String {
    codes::all().fold(String::new(), |mut out, code| {
        wrapped(&mut out, &format!("{:<32} ", code.name()), &" ".repeat(33), code.meaning());
        out
    })
}

/// The page of all codes.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(HEAD);
    for (area, title) in AREAS {
        let _ = write!(out, "\n## {title}\n");
        for code in codes::all().filter(|code| code.area() == *area) {
            entry(&mut out, code);
        }
    }
    out
}

const HEAD: &str = "# Findings

What each finding's code means. This page is made of the table in `src/report/codes/`, and a test
holds it to that; `smtp-decrypt --explain CODE` prints one entry, `--explain list` all codes.

The severity is what the code usually has. A finding that names the cause of a failed session is an
`error` and stands first.
";

fn entry(out: &mut String, code: Code) {
    let _ = write!(out, "\n### `{}`\n\n", code.name());
    let _ = writeln!(out, "{} Severity: `{}`.\n", code.meaning(), code.severity().name());
    let _ = writeln!(out, "* Evidence: {}", lowered(code.evidence()));
    let _ = writeln!(out, "* Usual causes: {}.", code.causes().join("; "));
    let _ = writeln!(out, "* What to do: {}.", code.advice().trim_end_matches('.'));
}

/// The first letter small, unless it begins a name.
fn lowered(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let is_name = word.chars().skip(1).any(char::is_uppercase) || word.len() < 2 && word != "A";
    match text.chars().next().filter(|_| !is_name) {
        Some(first) => first.to_lowercase().chain(text.chars().skip(1)).collect(),
        None => text.to_owned(),
    }
}

fn section(out: &mut String, label: &str, text: &str) {
    wrapped(out, label, "", text);
    out.push('\n');
}

/// Words in lines of at most [`WIDTH`] columns; the lines after the first begin with `hang`.
fn wrapped(out: &mut String, first: &str, hang: &str, text: &str) {
    let mut line = first.to_owned();
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() > WIDTH && !line.trim().is_empty() {
            let _ = writeln!(out, "{}", line.trim_end());
            line = hang.to_owned();
        }
        line.push_str(word);
        line.push(' ');
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the page is kept.
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");

    #[test]
    fn the_page_is_made_of_the_table() {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, page()).unwrap();
        }
        let kept = std::fs::read_to_string(PAGE).unwrap();
        assert!(kept == page(), "docs/findings.md is old: UPDATE_DOCS=1 cargo test the_page");
    }

    #[test]
    fn an_entry_fits_eighty_columns() {
        for code in codes::all() {
            for line in explained(code).lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn the_list_fits_eighty_columns() {
        let list = listed();
        assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
        assert_eq!(
            list.lines().filter(|line| !line.starts_with(' ')).count(),
            codes::all().count()
        );
    }

    #[test]
    fn an_entry_says_what_to_do() {
        let text = explained(codes::TLS_UNKNOWN_CA);
        assert!(text.starts_with("tls.unknown_ca (error)\n\nA side does not trust"), "{text}");
        assert!(text.contains("What to do: let the server send the whole chain"), "{text}");
    }
}
