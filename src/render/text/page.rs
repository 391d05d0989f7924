//! The page: wraps lines, colours them, and writes them.

use std::io::{self, Write};

use super::Style;
use super::ink::Ink;
use super::line::{Cell, Line};
use super::times::Times;
use super::wrap::{indent, wrapped};

/// The width below which nothing useful can be shown, so that no width is honoured less.
const NARROWEST: usize = 40;

/// Where lines go.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    colors: bool,
    width: usize,
    times: Times,
    detail: bool,
}

impl<'a> Page<'a> {
    /// A page that looks like `style`.
    pub(super) fn new(out: &'a mut dyn Write, style: &Style) -> Self {
        Self {
            out,
            colors: style.colors,
            width: style.width.max(NARROWEST),
            times: style.times,
            detail: style.detail,
        }
    }

    /// Its columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How moments are shown.
    pub(super) fn times(&self) -> Times {
        self.times
    }

    /// Whether lists are shown whole.
    pub(super) fn detail(&self) -> bool {
        self.detail
    }

    /// Writes a line.
    pub(super) fn put(&mut self, line: &Line) -> io::Result<()> {
        let indent = indent(line, self.width);
        for (i, range) in wrapped(line, self.width).into_iter().enumerate() {
            let cells = trimmed(line.cells.get(range).unwrap_or_default());
            if i > 0 && !cells.is_empty() {
                write!(self.out, "{:indent$}", "")?;
            }
            self.cells(cells)?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Writes an empty line.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.put(&Line::default())
    }

    /// Writes a heading over what follows, behind an empty line.
    pub(super) fn heading(&mut self, words: &'static str) -> io::Result<()> {
        self.blank()?;
        self.put(Line::default().ink(Ink::Strong).own(words))
    }

    /// Writes a heading that fills a line; a pager finds it with `/^==`.
    pub(super) fn rule(&mut self, words: &'static str) -> io::Result<()> {
        let mut line = Line::default();
        line.ink(Ink::Strong).own(words).fill(self.width, '=');
        self.put(&line)
    }

    fn cells(&mut self, cells: &[Cell]) -> io::Result<()> {
        for run in cells.chunk_by(|a, b| a.ink == b.ink) {
            let text: String = run.iter().map(|cell| cell.char).collect();
            match run.first().map(|cell| cell.ink.style()) {
                Some(style) if self.colors => write!(self.out, "{style}{text}{style:#}")?,
                _ => self.out.write_all(text.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// Without the spaces at the end, which only a pager's search would see.
fn trimmed(cells: &[Cell]) -> &[Cell] {
    let end = cells.iter().rposition(|cell| cell.char != ' ').map_or(0, |last| last + 1);
    cells.get(..end).unwrap_or_default()
}
