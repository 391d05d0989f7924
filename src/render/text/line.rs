//! A line before it is wrapped. There are two ways to put text on it, and both are safe: words of
//! this program must be literals, and everything else is escaped, wherever it came from. So nothing
//! off the wire can reach a terminal because somebody forgot.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::iter::repeat_n;
use std::ops::Range;

use super::ink::Ink;
use super::wrap::{columns, width};
use crate::render::term;

/// The column behind the labels of facts.
pub(in crate::render) const LABELS: usize = 13;

/// Bytes that most lines have room in, so that they grow but once.
const USUAL: usize = 120;

/// A line of any length; continued under `hang` where the page ends.
#[derive(Clone, Debug, Default)]
pub(in crate::render) struct Line {
    text: String,
    /// The inks in their order, and the byte of the text at which each begins.
    inks: Vec<(usize, Ink)>,
    pub(in crate::render) hang: usize,
    ink: Ink,
    column: usize,
}

impl Line {
    /// An empty line whose continuations are indented by `hang` columns.
    pub(in crate::render) fn hanging(hang: usize) -> Self {
        Self { text: String::with_capacity(USUAL), hang, ..Self::default() }
    }

    /// A line of facts with a label before them.
    pub(in crate::render) fn labelled(label: &'static str) -> Self {
        let mut line = Self::hanging(LABELS);
        line.ink(Ink::Dim).own(label).tab(LABELS).ink(Ink::Plain);
        line
    }

    /// More facts under the same label.
    pub(in crate::render) fn unlabelled() -> Self {
        let mut line = Self::hanging(LABELS);
        line.tab(LABELS);
        line
    }

    /// Adds words in an ink of their own.
    pub(in crate::render) fn inked(&mut self, ink: Ink, words: &'static str) -> &mut Self {
        let before = self.ink;
        self.ink(ink).own(words).ink(before)
    }

    /// What follows is written in `ink`.
    pub(in crate::render) fn ink(&mut self, ink: Ink) -> &mut Self {
        self.ink = ink;
        self
    }

    /// Adds words of this program.
    pub(in crate::render) fn own(&mut self, words: &'static str) -> &mut Self {
        let start = self.text.len();
        self.text.push_str(words);
        self.added(start)
    }

    /// Adds anything else, escaped: what came off the wire, out of a file, or was computed.
    pub(in crate::render) fn text(&mut self, text: impl Display) -> &mut Self {
        let start = self.text.len();
        self.put(text);
        self.added(start)
    }

    /// Adds `text` so that it ends before the column `end`, behind at least one space if anything
    /// stands before it.
    pub(in crate::render) fn right(&mut self, end: usize, text: impl Display) -> &mut Self {
        let start = self.text.len();
        self.put(text);
        let least = usize::from(self.column > 0);
        let gap = end.saturating_sub(self.column + width(self.behind(start))).max(least);
        (0..gap).for_each(|_| self.text.insert(start, ' '));
        self.added(start)
    }

    /// Goes to a column, or on by one space if it is past it.
    pub(in crate::render) fn tab(&mut self, column: usize) -> &mut Self {
        self.fill(column.max(self.column + 1), ' ')
    }

    /// Repeats a character up to a column.
    pub(in crate::render) fn fill(&mut self, column: usize, char: char) -> &mut Self {
        let (start, room) = (self.text.len(), column.saturating_sub(self.column));
        self.text.extend(repeat_n(char, room.div_ceil(columns(char))));
        self.added(start)
    }

    /// Adds the items with `separator` between them; beyond `most`, how many more there are.
    pub(in crate::render) fn list<T: Display>(
        &mut self,
        items: &[T],
        separator: &'static str,
        most: usize,
    ) -> &mut Self {
        for (i, item) in items.iter().take(most).enumerate() {
            self.own(if i == 0 { "" } else { separator }).text(item);
        }
        match items.len().saturating_sub(most) {
            0 => self,
            more => self.own(" and ").text(more).own(" more"),
        }
    }

    /// What stands on it.
    pub(in crate::render) fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands on a part of it, run by run of one ink.
    pub(in crate::render) fn runs(&self, part: Range<usize>) -> impl Iterator<Item = (Ink, &str)> {
        let ends = self.inks.iter().skip(1).map(|&(start, _)| start).chain([self.text.len()]);
        self.inks.iter().zip(ends).filter_map(move |(&(start, ink), end)| {
            let run = self.text.get(start.max(part.start)..end.min(part.end))?;
            (!run.is_empty()).then_some((ink, run))
        })
    }

    fn put(&mut self, text: impl Display) {
        let start = self.text.len();
        // A string has room for everything.
        let _ = write!(self.text, "{text}");
        if let Cow::Owned(safe) = term::escaped(self.behind(start)) {
            self.text.truncate(start);
            self.text.push_str(&safe);
        }
    }

    fn behind(&self, start: usize) -> &str {
        self.text.get(start..).unwrap_or_default()
    }

    /// What stands behind `start` was added just now: its ink and its columns.
    fn added(&mut self, start: usize) -> &mut Self {
        self.column += width(self.behind(start));
        let is_new = self.inks.last().is_none_or(|&(_, ink)| ink != self.ink);
        if is_new && start < self.text.len() {
            self.inks.push((start, self.ink));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_no_literal_is_escaped() {
        let mut line = Line::default();
        line.own("a ").text("\u{1b}[31m\n").list(&["\r", "b", "c"], ", ", 2);
        assert_eq!(line.as_str(), "a \\x1b[31m\\n\\r, b and 1 more");
    }

    #[test]
    fn columns_are_aligned_and_never_run_together() {
        let mut line = Line::default();
        line.right(6, "12").tab(8).own("x").right(3, "wide").tab(2).own("y");
        assert_eq!(line.as_str(), "    12  x wide y");
    }

    #[test]
    fn a_part_of_a_line_keeps_its_inks() {
        let mut line = Line::default();
        line.own("plain ").inked(Ink::Bad, "bad").own(" plain").own("er");
        let runs: Vec<_> = line.runs(3..11).collect();
        assert_eq!(runs, [(Ink::Plain, "in "), (Ink::Bad, "bad"), (Ink::Plain, " p")]);
    }
}
