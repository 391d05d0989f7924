//! The handshakes as a timeline: TCP, STARTTLS, TLS, a line a packet.

use std::io;

use super::grid::{Grid, Instant};
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::report::{Layer, SessionReport, TimelineEntry, TimelineEvent};
use crate::role::Role;

/// Lines that are shown at the beginning; a lossy transfer has more than anybody reads.
const MOST_LINES: usize = 100;

/// Lines that are shown of the end behind those: how it was closed.
const LAST_LINES: usize = 10;

/// Writes what happened below SMTP.
pub(super) fn section(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let rows = rows(session.timeline.iter().filter(|entry| belongs(entry)));
    if rows.is_empty() {
        return Ok(());
    }
    page.heading(if session.tls.is_some() { "Handshake" } else { "Connection" })?;
    let grid = &mut Grid::new(session, page.times());
    page.put(&grid.header())?;
    let most = if page.detail() { usize::MAX } else { MOST_LINES };
    let omitted = most..rows.len().saturating_sub(LAST_LINES);
    for (i, row) in rows.iter().enumerate() {
        if i == omitted.start && !omitted.is_empty() {
            let mut line = grid.untimed(0);
            line.ink(Ink::Dim).own("... ").text(omitted.len()).own(" lines are left out");
            page.put(&line)?;
        }
        if !omitted.contains(&i) {
            page.put(&row.line(grid))?;
        }
    }
    Ok(())
}

/// What one packet brought, or a run of retransmissions.
pub(in crate::render) struct Row<'a> {
    pub(in crate::render) at: Instant,
    pub(in crate::render) from: Option<Role>,
    /// With how often each came in a row.
    pub(in crate::render) entries: Vec<(&'a TimelineEntry, usize)>,
}

/// The entries, packet by packet.
pub(in crate::render) fn rows<'a>(
    timeline: impl Iterator<Item = &'a TimelineEntry>,
) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for entry in timeline {
        match rows.last_mut().filter(|row| row.takes(entry)) {
            Some(row) => row.push(entry),
            None => rows.push(Row::new(entry)),
        }
    }
    rows
}

fn belongs(entry: &TimelineEntry) -> bool {
    entry.event.layer() != Layer::Smtp
        || matches!(entry.event, TimelineEvent::SmtpStarttls | TimelineEvent::SmtpStarttlsReply)
}

impl<'a> Row<'a> {
    fn new(entry: &'a TimelineEntry) -> Self {
        let at = Instant { t_ns: entry.t_ns, frame: entry.frame };
        Self { at, from: entry.from, entries: vec![(entry, 1)] }
    }

    fn takes(&self, entry: &TimelineEntry) -> bool {
        let is_again = entry.event == TimelineEvent::TcpRetransmission
            && matches!(self.entries[..], [(only, _)] if only.event == entry.event);
        self.from == entry.from && (self.at.frame == entry.frame || is_again)
    }

    fn push(&mut self, entry: &'a TimelineEntry) {
        match self.entries.last_mut() {
            Some((last, count)) if same(last, entry) => *count += 1,
            _ => self.entries.push((entry, 1)),
        }
    }

    fn line(&self, grid: &mut Grid) -> Line {
        let mut line = grid.line(self.at, ARROW);
        if let Some(role) = self.from {
            line.ink(Ink::of_role(role)).own(arrow(role)).ink(Ink::Plain);
        }
        for (i, &(entry, count)) in self.entries.iter().enumerate() {
            line.own(if i == 0 { "" } else { ", " });
            describe(entry, &mut line);
            if count > 1 {
                line.own(", ").text(count).own(" times");
            }
        }
        line
    }
}

fn same(a: &TimelineEntry, b: &TimelineEntry) -> bool {
    a.event == b.event && a.detail == b.detail
}

/// The width of an arrow.
pub(super) const ARROW: usize = 6;

pub(super) fn arrow(from: Role) -> &'static str {
    match from {
        Role::Client => "C ->  ",
        Role::Server => "<- S  ",
    }
}

/// The name that RFCs give to what happened, and what more there is to say.
pub(super) fn describe(entry: &TimelineEntry, line: &mut Line) {
    let detail = entry.detail.as_deref().unwrap_or_default();
    match entry.event {
        TimelineEvent::SmtpStarttlsReply => line.text(detail),
        TimelineEvent::TlsAlert if detail == "encrypted" => line.own("alert (encrypted)"),
        TimelineEvent::TlsAlert => {
            line.inked(Ink::Bad, "alert ").ink(Ink::Bad).text(detail).ink(Ink::Plain)
        }
        // That it is encrypted is no news: the verdict says whether it was read.
        TimelineEvent::TlsFinished => line.own("Finished"),
        TimelineEvent::TcpGap => line.inked(Ink::Bad, "gap").own(": ").text(detail),
        TimelineEvent::TcpRst => line.inked(Ink::Bad, "RST"),
        event if detail.is_empty() => line.own(name(event)),
        event => line.own(name(event)).own(" (").text(detail).own(")"),
    };
}

pub(in crate::render) fn name(event: TimelineEvent) -> &'static str {
    match event {
        TimelineEvent::TcpSyn => "SYN",
        TimelineEvent::TcpSynAck => "SYN+ACK",
        TimelineEvent::TcpEstablished => "ACK",
        TimelineEvent::TcpFin => "FIN",
        TimelineEvent::TcpRetransmission => "retransmission",
        TimelineEvent::SmtpStarttls => "STARTTLS",
        TimelineEvent::TlsFirstProtectedRecord => "first protected record",
        TimelineEvent::TlsFirstApplicationData => "first application data",
        TimelineEvent::TlsCloseNotify => "close_notify",
        other => other.handshake_message().unwrap_or_else(|| other.name()),
    }
}
