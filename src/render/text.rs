//! Text for people: one block a session as it ends, most important first, and the totals at the
//! end. Readable at 80 columns, in a pager, and without colours.

pub(in crate::render) mod certificate;
pub mod check;
pub mod compare;
pub(in crate::render) mod conversation;
mod deliveries;
pub(in crate::render) mod duration;
mod findings;
pub(in crate::render) mod grid;
pub(in crate::render) mod heading;
pub(in crate::render) mod hex;
pub(in crate::render) mod ink;
pub mod keys;
pub(in crate::render) mod line;
pub(in crate::render) mod mails;
pub(in crate::render) mod message;
pub(in crate::render) mod packets;
pub(in crate::render) mod page;
mod quality;
pub(super) mod spread;
pub(in crate::render) mod summary;
mod table;
#[cfg(test)]
pub(in crate::render) mod tests;
pub(in crate::render) mod timeline;
pub(in crate::render) mod times;
pub(in crate::render) mod timing;
pub(in crate::render) mod tls;
mod wrap;

use std::io::{self, Write};

use super::{Conclusion, Renderer};
use crate::report::SessionReport;
use page::Page;
use spread::Spread;
use table::Table;
pub use times::Times;

/// Columns of a page unless told otherwise: the width of a terminal since 1978, and of a mail.
const WIDTH: usize = 80;

/// Bytes of rendered sessions that are held back so that the list can stand first: 4 MiB, some
/// thousand sessions, as many as the list has rows; of more, the list stands at the end.
pub(super) const MOST_HELD: usize = 4 << 20;

/// How the text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub colors: bool,
    /// Columns of a page.
    pub width: usize,
    /// How moments are shown.
    pub times: Times,
    /// Lists are shown whole, and what else is left out.
    pub detail: bool,
    /// Several sessions are listed ahead of the first, which then waits for the last.
    pub list_first: bool,
    /// What is shown; everything if nothing is named.
    pub views: Views,
}

/// Views that stand alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Views {
    /// A line a session.
    pub list: bool,
    /// The way of each mail.
    pub deliveries: bool,
    /// How long each phase took, and over many sessions how that spreads.
    pub timing: bool,
    /// A line a packet.
    pub packets: bool,
    /// The application's bytes in hex.
    pub hex: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colors: false,
            width: WIDTH,
            times: Times::default(),
            detail: false,
            list_first: false,
            views: Views::default(),
        }
    }
}

/// Writes sessions as they end, and what they add up to.
#[derive(Debug, Default)]
pub struct TextReport {
    style: Style,
    table: Table,
    spread: Spread,
    held: Vec<u8>,
    /// Too much to hold: the rest comes as sessions end.
    overflowed: bool,
}

impl TextReport {
    /// A report that looks like `style`.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self { style, ..Self::default() }
    }

    fn write(&self, session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
        let views = self.style.views;
        if views.list || views.deliveries {
            return Ok(());
        }
        heading::title(session, page)?;
        if views == Views::default() {
            return whole(session, page);
        }
        if views.timing {
            page.blank()?;
            timing::section(session, page)?;
        }
        if views.packets {
            return packets::section(session, views.hex, page);
        }
        if views.hex { hex::section(session, page) } else { Ok(()) }
    }

    /// The tables over all sessions.
    fn overview(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.style.views.deliveries {
            return Ok(());
        }
        let least = if self.style.views.list { 1 } else { 2 };
        self.table.write(least, page)?;
        if self.style.views.timing { self.spread.write(page) } else { Ok(()) }
    }
}

fn whole(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    heading::facts(session, page)?;
    findings::section(session, page)?;
    timeline::section(session, page)?;
    conversation::section(session, page)?;
    page.blank()?;
    timing::section(session, page)
}

impl Renderer for TextReport {
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        self.table.add(&session);
        if self.style.views.timing {
            self.spread.add(&session);
        }
        if !self.style.list_first || self.overflowed {
            return self.write(&session, &mut Page::new(out, &self.style));
        }
        let mut held = std::mem::take(&mut self.held);
        self.write(&session, &mut Page::new(&mut held, &self.style))?;
        self.overflowed = held.len() > MOST_HELD;
        if self.overflowed {
            return out.write_all(&held);
        }
        self.held = held;
        Ok(())
    }

    /// Writes the totals, with a line a session if there were several.
    fn finish(&mut self, rest: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        let list_first = self.style.list_first && !self.overflowed;
        if list_first {
            self.overview(&mut Page::new(out, &self.style))?;
            out.write_all(&std::mem::take(&mut self.held))?;
        }
        let page = &mut Page::new(out, &self.style);
        if !list_first {
            self.overview(page)?;
        }
        if self.style.views.deliveries {
            deliveries::section(&rest.deliveries, page)?;
        }
        summary::section(&rest.summary, &rest.quality, &rest.findings, page)
    }
}
