//! The page: wraps lines, colours them, and writes them; or keeps them for another medium.

use std::io::{self, Write};
use std::ops::Range;

use super::Style;
use super::ink::Ink;
use super::line::Line;
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
        for (i, range) in wrapped(line, self.width).enumerate() {
            // Spaces at the end only a pager's search would see.
            let text = line.as_str().get(range.clone()).unwrap_or_default().trim_end_matches(' ');
            if i > 0 && !text.is_empty() {
                write!(out, "{:indent$}", "")?;
            }
            match self.colors {
                true => write_colored(line, range.start..range.start + text.len(), out)?,
                false => out.write_all(text.as_bytes())?,
            }
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

fn write_colored(line: &Line, part: Range<usize>, out: &mut dyn Write) -> io::Result<()> {
    line.runs(part).try_for_each(|(ink, text)| {
        let style = ink.style();
        write!(out, "{style}{text}{style:#}")
    })
}
