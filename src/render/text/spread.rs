//! The timing of many sessions: how each phase spreads, over all, by server and by outcome.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use super::duration::Duration;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::timing::phases;
use crate::report::{MOST_EXACT, Outcome, Percentiles, SessionReport};

/// Servers that have a table of their own; the sessions of others only count for all.
pub(in crate::render) const MOST_SERVERS: usize = 100;

/// Where the columns end.
const COUNT_END: usize = 38;
const COLUMN: usize = 11;

/// The sessions so far.
#[derive(Debug, Default)]
pub(super) struct Spread {
    all: Group,
    by_server: BTreeMap<SocketAddr, Group>,
    by_outcome: BTreeMap<Outcome, Group>,
    other_servers: u64,
}

/// Sessions that have something in common.
#[derive(Debug, Default)]
struct Group {
    sessions: u64,
    rows: Vec<(&'static str, Percentiles)>,
}

impl Spread {
    /// Takes a session.
    pub(super) fn add(&mut self, session: &SessionReport) {
        self.all.add(session);
        self.by_outcome.entry(session.outcome).or_default().add(session);
        let has_room = self.by_server.len() < MOST_SERVERS;
        match self.by_server.get_mut(&session.server.0) {
            Some(group) => group.add(session),
            None if has_room => self.by_server.entry(session.server.0).or_default().add(session),
            None => self.other_servers += 1,
        }
    }

    /// Writes the tables, if there are several sessions.
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.all.sessions < 2 {
            return Ok(());
        }
        page.rule("== Timing of the sessions shown ")?;
        self.all.write(page)?;
        if self.all.sessions > MOST_EXACT as u64 {
            let mut line = Line::default();
            line.ink(Ink::Dim).own("  p50 and p95 of more than ").text(MOST_EXACT);
            page.put(line.own(" durations are up to 1.6 % too high"))?;
        }
        if self.by_server.len() > 1 {
            for (server, group) in &self.by_server {
                let mut line = Line::default();
                line.ink(Ink::Strong).own("To ").text(server);
                group.titled(&line, page)?;
            }
        }
        if self.other_servers > 0 {
            page.blank()?;
            let mut line = Line::default();
            page.put(line.text(self.other_servers).own(" sessions to further servers"))?;
        }
        if self.by_outcome.len() > 1 {
            for (outcome, group) in &self.by_outcome {
                let mut line = Line::default();
                line.ink(Ink::Strong).own("Outcome ").own(outcome.name());
                group.titled(&line, page)?;
            }
        }
        page.blank()
    }
}

impl Group {
    fn add(&mut self, session: &SessionReport) {
        self.sessions += 1;
        let rows = rows(session);
        if self.rows.is_empty() {
            self.rows = rows.iter().map(|(name, _)| (*name, Percentiles::default())).collect();
        }
        for ((_, row), (_, ns)) in self.rows.iter_mut().zip(rows) {
            ns.into_iter().for_each(|ns| row.add(ns));
        }
    }

    fn titled(&self, title: &Line, page: &mut Page<'_>) -> io::Result<()> {
        page.blank()?;
        page.put(title)?;
        self.write(page)
    }

    fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut header = Line::default();
        header.ink(Ink::Dim).right(COUNT_END, "sessions");
        for (i, name) in ["p50", "p95", "max"].into_iter().enumerate() {
            header.right(COUNT_END + (i + 1) * COLUMN, name);
        }
        page.put(&header)?;
        let mut some = self.rows.iter().filter(|(_, row)| row.count() > 0);
        some.try_for_each(|(name, row)| page.put(&line(name, row)))
    }
}

fn line(name: &'static str, row: &Percentiles) -> Line {
    let mut line = Line::default();
    line.own("  ").own(name).ink(Ink::Dim).right(COUNT_END, row.count()).ink(Ink::Plain);
    for (i, ns) in [row.at(50), row.at(95), row.max()].into_iter().enumerate() {
        line.right(COUNT_END + (i + 1) * COLUMN, Duration(ns));
    }
    line
}

/// The phases of a session, then all of it and its three parts.
fn rows(session: &SessionReport) -> Vec<(&'static str, Option<i64>)> {
    let (timing, split) = (&session.timing, session.timing.attribution);
    let whole = [
        ("whole session", timing.total_ns),
        ("  waiting for the client", split.client_ns),
        ("  waiting for the server", split.server_ns),
        ("  waiting for the network", split.network_ns),
    ];
    let whole = whole.into_iter().map(|(name, ns)| (name, Some(ns)));
    phases(timing).into_iter().chain(whole).collect()
}
