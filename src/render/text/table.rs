//! One line a session, where there were several.

use std::io;

use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::wrap::width;
use crate::report::SessionReport;

/// Sessions that are listed; the totals count them all. Memory may not grow with the capture.
const MOST_ROWS: usize = 1_000;

/// Columns: number, client, server, protocol, TLS, outcome, verdict.
const COLUMNS: usize = 7;

const TITLES: [&str; COLUMNS] =
    ["id", "client", "server", "protocol", "TLS", "outcome", "decryption"];

/// The sessions so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<[String; COLUMNS]>,
    omitted: u64,
}

impl Table {
    /// Notes a session.
    pub(super) fn add(&mut self, session: &SessionReport) {
        if self.rows.len() < MOST_ROWS {
            self.rows.push(row(session));
        } else {
            self.omitted += 1;
        }
    }

    /// Writes the sessions, if there are so many at least.
    pub(super) fn write(&self, least: usize, page: &mut Page<'_>) -> io::Result<()> {
        if self.rows.len() < least {
            return Ok(());
        }
        page.rule("== Sessions ")?;
        let starts = self.starts();
        let titles = TITLES.map(str::to_owned);
        page.put(&aligned(&titles, Ink::Dim, &starts))?;
        for row in &self.rows {
            page.put(&aligned(row, Ink::Plain, &starts))?;
        }
        if self.omitted > 0 {
            page.put(Line::default().own("... and ").text(self.omitted).own(" more"))?;
        }
        page.blank()
    }

    /// Where each column begins, and where the last one ends.
    fn starts(&self) -> Vec<usize> {
        let widest = |i: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(i));
            cells.map(|cell| width(cell)).chain(TITLES.get(i).map(|title| width(title))).max()
        };
        let mut starts = vec![0];
        for i in 0..COLUMNS {
            let start = starts.last().copied().unwrap_or_default();
            starts.push(start + widest(i).unwrap_or_default() + 1);
        }
        starts
    }
}

fn row(session: &SessionReport) -> [String; COLUMNS] {
    let tls = session.tls.as_ref();
    let version = tls.map(|tls| tls.version.as_deref().unwrap_or("?").replacen("TLSv", "", 1));
    let verdict = tls.map(|tls| match tls.decryption.reason {
        Some(reason) => reason.name(),
        None => tls.decryption.status.name(),
    });
    [
        session.id.to_string(),
        session.client.0.to_string(),
        session.server.0.to_string(),
        session.protocol.name().to_owned(),
        version.unwrap_or_else(|| "-".into()),
        session.outcome.name().to_owned(),
        verdict.unwrap_or("-").to_owned(),
    ]
}

/// The cells under each other; what is too wide for the page goes on under the client.
fn aligned(cells: &[String; COLUMNS], ink: Ink, starts: &[usize]) -> Line {
    let hang = starts.get(1).copied().unwrap_or_default();
    let mut line = Line::hanging(hang);
    line.ink(ink);
    for (i, (cell, &start)) in cells.iter().zip(starts).enumerate() {
        match i {
            0 => line.right(hang.saturating_sub(1), cell),
            _ => line.tab(start).text(cell),
        };
    }
    line
}
