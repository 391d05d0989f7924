//! Lines of the text as HTML: the same words, with a class for each ink.

use std::io;
use std::ops::Range;

use askama::Template;

use crate::render::text::Style;
use crate::render::text::ink::Ink;
use crate::render::text::line::{LABELS, Line};
use crate::render::text::page::Page;

/// Words with their inks.
#[derive(Debug, Template)]
#[template(path = "inked.html")]
pub(super) struct Inked {
    runs: Vec<(&'static str, String)>,
}

impl Inked {
    /// A whole line.
    pub(super) fn new(line: &Line) -> Self {
        Self::part(line, 0..line.as_str().len())
    }

    /// Words of one ink.
    pub(super) fn words(words: impl Into<String>) -> Self {
        Self { runs: vec![("", words.into())] }
    }

    fn part(line: &Line, part: Range<usize>) -> Self {
        Self { runs: line.runs(part).map(|(ink, text)| (class(ink), text.to_owned())).collect() }
    }
}

/// The class of an ink.
pub(super) fn class(ink: Ink) -> &'static str {
    match ink {
        Ink::Plain => "",
        Ink::Strong => "strong",
        Ink::Dim => "dim",
        Ink::Client => "client",
        Ink::Server => "server",
        Ink::Good => "good",
        Ink::Warn => "warn",
        Ink::Bad => "bad",
        Ink::Border => "border",
    }
}

/// A label, and what stands behind it.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) lines: Vec<Inked>,
}

/// The labelled lines that a section of the text writes.
pub(super) fn facts(
    detail: bool,
    section: impl FnOnce(&mut Page<'_>) -> io::Result<()>,
) -> Vec<Fact> {
    let mut lines = Vec::new();
    let style = Style { detail, ..Style::default() };
    // A page that keeps its lines refuses none.
    let _ = section(&mut Page::keeping(&mut lines, &style));
    let mut facts: Vec<Fact> = Vec::new();
    for line in lines.iter().filter(|line| !line.as_str().is_empty()) {
        let text = line.as_str();
        let border = text.char_indices().nth(LABELS).map_or(text.len(), |(at, _)| at);
        let label = text.get(..border).unwrap_or_default().trim();
        let words = Inked::part(line, border..text.len());
        match facts.last_mut() {
            Some(fact) if label.is_empty() => fact.lines.push(words),
            _ => facts.push(Fact { label: label.to_owned(), lines: vec![words] }),
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_label_belong_to_the_one_before() {
        let facts = facts(false, |page| {
            page.put(Line::labelled("Outcome").inked(Ink::Good, "delivered").own(": <1>"))?;
            page.put(Line::unlabelled().own("more"))?;
            page.blank()?;
            page.put(Line::labelled("TCP").own("closed"))
        });
        let labels: Vec<_> = facts.iter().map(|fact| (&fact.label[..], fact.lines.len())).collect();
        assert_eq!(labels, [("Outcome", 2), ("TCP", 1)]);
        let first = facts[0].lines[0].to_string();
        assert_eq!(first, "<span class=\"good\">delivered</span>: &#60;1&#62;");
    }
}
