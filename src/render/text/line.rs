//! A line before it is wrapped. There are two ways to put text on it, and both are safe: words of
//! this program must be literals, and everything else is escaped, wherever it came from. So nothing
//! off the wire can reach a terminal because somebody forgot.

use std::fmt::Display;

use super::ink::Ink;
use super::wrap::columns;
use crate::render::term;

/// The column behind the labels of facts.
pub(super) const LABELS: usize = 13;

/// A character and how it looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) char: char,
    pub(super) ink: Ink,
}

/// A line of any length; continued under `hang` where the page ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) cells: Vec<Cell>,
    pub(super) hang: usize,
    ink: Ink,
    column: usize,
}

impl Line {
    /// An empty line whose continuations are indented by `hang` columns.
    pub(super) fn hanging(hang: usize) -> Self {
        Self { hang, ..Self::default() }
    }

    /// A line of facts with a label before them.
    pub(super) fn labelled(label: &'static str) -> Self {
        let mut line = Self::hanging(LABELS);
        line.ink(Ink::Dim).own(label).tab(LABELS).ink(Ink::Plain);
        line
    }

    /// More facts under the same label.
    pub(super) fn unlabelled() -> Self {
        let mut line = Self::hanging(LABELS);
        line.tab(LABELS);
        line
    }

    /// Adds words in an ink of their own.
    pub(super) fn inked(&mut self, ink: Ink, words: &'static str) -> &mut Self {
        let before = self.ink;
        self.ink(ink).own(words).ink(before)
    }

    /// What follows is written in `ink`.
    pub(super) fn ink(&mut self, ink: Ink) -> &mut Self {
        self.ink = ink;
        self
    }

    /// Adds words of this program.
    pub(super) fn own(&mut self, words: &'static str) -> &mut Self {
        self.push(words)
    }

    /// Adds anything else, escaped: what came off the wire, out of a file, or was computed.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        self.push(&term::escaped(&text.to_string()))
    }

    /// Adds `text` so that it ends before the column `end`, behind at least one space if anything
    /// stands before it.
    pub(super) fn right(&mut self, end: usize, text: impl Display) -> &mut Self {
        let text = text.to_string();
        let width = text.chars().map(columns).sum::<usize>();
        let least = usize::from(self.column > 0);
        let gap = end.saturating_sub(self.column + width).max(least);
        self.fill(self.column + gap, ' ').text(text)
    }

    /// Goes to a column, or on by one space if it is past it.
    pub(super) fn tab(&mut self, column: usize) -> &mut Self {
        self.fill(column.max(self.column + 1), ' ')
    }

    /// Repeats a character up to a column.
    pub(super) fn fill(&mut self, column: usize, char: char) -> &mut Self {
        while self.column < column {
            self.cell(char);
        }
        self
    }

    /// Adds the items with `separator` between them; beyond `most`, how many more there are.
    pub(super) fn list<T: Display>(
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

    fn push(&mut self, harmless: &str) -> &mut Self {
        harmless.chars().for_each(|char| self.cell(char));
        self
    }

    fn cell(&mut self, char: char) {
        self.cells.push(Cell { char, ink: self.ink });
        self.column += columns(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &Line) -> String {
        line.cells.iter().map(|cell| cell.char).collect()
    }

    #[test]
    fn all_that_is_no_literal_is_escaped() {
        let mut line = Line::default();
        line.own("a ").text("\u{1b}[31m\n").list(&["\r", "b", "c"], ", ", 2);
        assert_eq!(shown(&line), "a \\x1b[31m\\n\\r, b and 1 more");
    }

    #[test]
    fn columns_are_aligned_and_never_run_together() {
        let mut line = Line::default();
        line.right(6, "12").tab(8).own("x").right(3, "wide").tab(2).own("y");
        assert_eq!(shown(&line), "    12  x wide y");
    }
}
