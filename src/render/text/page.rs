//! The page: wraps lines, colours them, and writes them; or keeps them for another medium.

use std::io::{self, Write};

use super::Style;
use super::ink::Ink;
use super::line::{Cell, Line, runs};
use super::times::Times;
use super::wrap::{indent, wrapped};

/// The width below which nothing useful can be shown, so that no width is honoured less.
const NARROWEST: usize = 40;

/// What becomes of a line.
enum Sink<'a> {
    Text(&'a mut dyn Write),
    Lines(&'a mut Vec<Line>),
}

/// Where lines go.
pub(in crate::render) struct Page<'a> {
    out: Sink<'a>,
    colors: bool,
    width: usize,
    times: Times,
    detail: bool,
}

impl<'a> Page<'a> {
    /// A page that looks like `style`.
    pub(in crate::render) fn new(out: &'a mut dyn Write, style: &Style) -> Self {
        Self::of(Sink::Text(out), style)
    }

    /// A page that keeps its lines as they are, neither wrapped nor coloured.
    pub(in crate::render) fn keeping(lines: &'a mut Vec<Line>, style: &Style) -> Self {
        Self::of(Sink::Lines(lines), style)
    }

    fn of(out: Sink<'a>, style: &Style) -> Self {
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
    pub(in crate::render) fn put(&mut self, line: &Line) -> io::Result<()> {
        let out = match &mut self.out {
            Sink::Text(out) => &mut **out,
            Sink::Lines(lines) => {
                lines.push(line.clone());
                return Ok(());
            }
        };
        let indent = indent(line, self.width);
        for (i, range) in wrapped(line, self.width).into_iter().enumerate() {
            let cells = trimmed(line.cells.get(range).unwrap_or_default());
            if i > 0 && !cells.is_empty() {
                write!(out, "{:indent$}", "")?;
            }
            write_cells(cells, self.colors, out)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Writes an empty line.
    pub(in crate::render) fn blank(&mut self) -> io::Result<()> {
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
}

fn write_cells(cells: &[Cell], colors: bool, out: &mut dyn Write) -> io::Result<()> {
    for (ink, text) in runs(cells) {
        match ink.style() {
            style if colors => write!(out, "{style}{text}{style:#}")?,
            _ => out.write_all(text.as_bytes())?,
        }
    }
    Ok(())
}

/// Without the spaces at the end, which only a pager's search would see.
fn trimmed(cells: &[Cell]) -> &[Cell] {
    let end = cells.iter().rposition(|cell| cell.char != ' ').map_or(0, |last| last + 1);
    cells.get(..end).unwrap_or_default()
}
