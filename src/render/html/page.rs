//! The shell of a page: everything it needs is in it, and its policy forbids anything else.

use std::io::{self, Write};

use askama::Template;
use base64_simd::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::report::Generator;

/// How pages look.
const STYLE: &str = include_str!("report.css");

/// Sorting, filtering and folding. Without it everything is there, in the order of the capture.
const SCRIPT: &str = include_str!("report.js");

#[derive(Template)]
#[template(path = "head.html")]
struct Head<'a> {
    title: &'a str,
    style: &'static str,
    style_source: String,
    script_source: String,
}

#[derive(Template)]
#[template(path = "foot.html")]
struct Footer {
    script: &'static str,
    generator: Generator,
}

/// Writes a page around what `body` writes.
///
/// # Errors
///
/// What `out` says.
pub(super) fn write(
    title: &str,
    out: &mut dyn Write,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let head =
        Head { title, style: STYLE, style_source: source(STYLE), script_source: source(SCRIPT) };
    put(&head, out)?;
    body(out)?;
    put(&Footer { script: SCRIPT, generator: Generator::default() }, out)
}

/// Writes a template.
///
/// # Errors
///
/// What `out` says.
pub(super) fn put(template: &impl Template, out: &mut dyn Write) -> io::Result<()> {
    Template::write_into(template, out)
}

/// What a Content-Security-Policy calls an inline element of these very characters (CSP Level 3
/// §2.3.1).
fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode_to_string(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_element_is_named_by_its_digest() {
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert_eq!(source("alert(1)"), "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
    }

    #[test]
    fn a_page_names_nothing_outside_itself() {
        let mut page = Vec::new();
        write("a <title>", &mut page, |_| Ok(())).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("<title>a &#60;title&#62;</title>"));
        assert!(page.contains("default-src 'none'; style-src &#39;sha256-"));
        for outside in ["http:", "https:", "@import", "url(", "src="] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
