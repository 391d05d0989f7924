//! Text for people: one block a session as it ends, most important first, and the totals at the
//! end. Readable at 80 columns, in a pager, and without colours.

mod certificate;
pub mod check;
pub mod compare;
mod conversation;
mod duration;
mod findings;
mod grid;
mod heading;
mod ink;
mod line;
mod mails;
mod message;
mod page;
mod quality;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod timing;
mod tls;
mod wrap;

use std::io::{self, Write};

use super::{Renderer, Rest};
use crate::report::SessionReport;
use page::Page;
use table::Table;

/// Columns of a page unless told otherwise: the width of a terminal since 1978, and of a mail.
const WIDTH: usize = 80;

/// How the text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub colors: bool,
    /// The timing alone.
    pub timing_only: bool,
    /// Columns of a page.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { colors: false, timing_only: false, width: WIDTH }
    }
}

/// Writes sessions as they end, and what they add up to.
#[derive(Debug, Default)]
pub struct TextReport {
    style: Style,
    table: Table,
}

impl TextReport {
    /// A report that looks like `style`.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self { style, table: Table::default() }
    }

    fn write(&self, session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
        heading::title(session, page)?;
        if self.style.timing_only {
            page.blank()?;
            return timing::section(session, page);
        }
        heading::facts(session, page)?;
        findings::section(session, page)?;
        timeline::section(session, page)?;
        conversation::section(session, page)?;
        page.blank()?;
        timing::section(session, page)
    }
}

impl Renderer for TextReport {
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        self.table.add(&session);
        self.write(&session, &mut Page::new(out, &self.style))
    }

    /// Writes the totals, with a line a session if there were several.
    fn finish(&mut self, rest: Rest, out: &mut dyn Write) -> io::Result<()> {
        let page = &mut Page::new(out, &self.style);
        self.table.write(page)?;
        summary::section(&rest.summary, &rest.quality, &rest.findings, page)
    }
}
