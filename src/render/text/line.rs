//! A line before it is wrapped. There are two ways to put text on it, and both are safe: words of
//! this program must be literals, and everything else is escaped, wherever it came from. So nothing
//! off the wire can reach a terminal because somebody forgot.

use std::fmt::Display;

use super::ink::Ink;
use super::wrap::columns;
use crate::render::term;

/// The column behind the labels of facts.
pub(in crate::render) const LABELS: usize = 13;

/// A character and how it looks.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Cell {
    pub(in crate::render) char: char,
    pub(in crate::render) ink: Ink,
}

/// A line of any length; continued under `hang` where the page ends.
#[derive(Clone, Debug, Default)]
pub(in crate::render) struct Line {
    pub(in crate::render) cells: Vec<Cell>,
    pub(in crate::render) hang: usize,
    ink: Ink,
    column: usize,
}

impl Line {
    /// An empty line whose continuations are indented by `hang` columns.
    pub(in crate::render) fn hanging(hang: usize) -> Self {
        Self { hang, ..Self::default() }
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
        self.push(words)
    }

    /// Adds anything else, escaped: what came off the wire, out of a file, or was computed.
    pub(in crate::render) fn text(&mut self, text: impl Display) -> &mut Self {
        self.push(&term::escaped(&text.to_string()))
    }

    /// Adds `text` so that it ends before the column `end`, behind at least one space if anything
    /// stands before it.
    pub(in crate::render) fn right(&mut self, end: usize, text: impl Display) -> &mut Self {
        let text = text.to_string();
        let width = text.chars().map(columns).sum::<usize>();
        let least = usize::from(self.column > 0);
        let gap = end.saturating_sub(self.column + width).max(least);
        self.fill(self.column + gap, ' ').text(text)
    }

    /// Goes to a column, or on by one space if it is past it.
    pub(in crate::render) fn tab(&mut self, column: usize) -> &mut Self {
        self.fill(column.max(self.column + 1), ' ')
    }

    /// Repeats a character up to a column.
    pub(in crate::render) fn fill(&mut self, column: usize, char: char) -> &mut Self {
        while self.column < column {
            self.cell(char);
        }
        self
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

    /// What stands on it, run by run of one ink.
    pub(in crate::render) fn runs(&self) -> impl Iterator<Item = (Ink, String)> {
        runs(&self.cells)
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

/// Cells of one ink together.
pub(in crate::render) fn runs(cells: &[Cell]) -> impl Iterator<Item = (Ink, String)> {
    let runs = cells.chunk_by(|a, b| a.ink == b.ink);
    let text = |run: &[Cell]| run.iter().map(|cell| cell.char).collect();
    runs.filter_map(move |run| Some((run.first()?.ink, text(run))))
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
