//! The conversation in the order in which it passed, on both sides of the border where TLS begins.

pub(in crate::render) mod entry;

use std::io;

use super::grid::{Grid, Instant};
use super::ink::Ink;
use super::line::Line;
use super::message;
use super::page::Page;
use crate::report::{
    ConversationExchange, MailReport, SessionReport, SmtpReport, TimelineEntry, TimelineEvent,
    TlsReport,
};
use crate::role::Role;
use entry::{Entry, entries};

/// Characters of a line that are shown: as many as SMTP allows in one (RFC 5321 §4.5.3.1.6).
const MOST_CHARS: usize = 1_000;

/// The width of `C: `.
const SPEAKER: usize = 3;

/// Writes what was said.
pub(super) fn section(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let entries = entries(session);
    if entries.is_empty() {
        return Ok(());
    }
    page.heading("Conversation")?;
    let grid = &mut Grid::new(session, page.times());
    if session.smtp.is_some() {
        page.put(&grid.header())?;
    }
    for (at, entry) in &entries {
        match entry {
            Entry::Border(tls) => border(tls, page)?,
            Entry::Command(exchange) => command(*at, exchange, grid, page)?,
            Entry::Message(mail) => body(*at, *mail, grid, page)?,
            Entry::Reply(exchange) => reply(*at, exchange, grid, page)?,
            Entry::Event(event) => note(*at, event, grid, page)?,
        }
    }
    session.tls.as_ref().map_or(Ok(()), |tls| closed(tls, grid, page))?;
    session.smtp.as_ref().map_or(Ok(()), |smtp| omitted(smtp, grid, page))
}

fn border(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(3);
    line.ink(Ink::Border);
    if tls.handshake_complete {
        line.own("-- TLS from here: ").text(tls.version.as_deref().unwrap_or("version unknown"));
        if let Some(suite) = tls.cipher_suite_openssl.or(tls.cipher_suite.as_deref()) {
            line.own(" ").text(suite);
        }
    } else {
        line.own("-- TLS handshake from here, not finished in the capture");
    }
    page.put(line.own(" ").fill(page.width(), '-'))
}

fn command(
    at: Instant,
    exchange: &ConversationExchange,
    grid: &mut Grid,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let text = exchange.command.as_deref().unwrap_or_default();
    page.put(clipped(text, &mut spoken(at, Role::Client, grid)))
}

fn body(
    at: Instant,
    mail: Option<&MailReport>,
    grid: &mut Grid,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let mut line = spoken(at, Role::Client, grid);
    line.own("[message");
    if let Some(mail) = mail {
        message::measure(mail, line.own(", "));
    }
    page.put(line.own("]"))?;
    mail.map_or(Ok(()), |mail| message::body(mail, grid, page))
}

fn reply(
    at: Instant,
    exchange: &ConversationExchange,
    grid: &mut Grid,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let Some(reply) = &exchange.reply else { return Ok(()) };
    for text in &reply.lines {
        page.put(clipped(text, &mut spoken(at, Role::Server, grid)))?;
    }
    Ok(())
}

/// What is no text: bytes that were not captured, and alerts.
fn note(
    at: Instant,
    event: &TimelineEntry,
    grid: &mut Grid,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let mut line = match event.from {
        Some(role) => spoken(at, role, grid),
        None => grid.line(at, SPEAKER),
    };
    line.ink(Ink::Bad).own(if event.event == TimelineEvent::TlsAlert { "[alert " } else { "[" });
    page.put(line.text(event.detail.as_deref().unwrap_or_default()).own("]"))
}

/// Adds what was said, as far as that is readable; what is left off is counted.
fn clipped<'l>(text: &str, line: &'l mut Line) -> &'l mut Line {
    match text.char_indices().nth(MOST_CHARS) {
        None => line.text(text),
        Some((end, _)) => {
            let (shown, rest) = text.split_at(end);
            line.text(shown).inked(Ink::Dim, " [").text(rest.chars().count());
            line.inked(Ink::Dim, " more characters]")
        }
    }
}

/// A line that somebody says.
fn spoken(at: Instant, from: Role, grid: &mut Grid) -> Line {
    let mut line = grid.line(at, SPEAKER);
    line.ink(Ink::of_role(from)).own(match from {
        Role::Client => "C: ",
        Role::Server => "S: ",
    });
    line
}

/// What passed behind the border and was not read.
fn closed(tls: &TlsReport, grid: &Grid, page: &mut Page<'_>) -> io::Result<()> {
    let (all, open) = (tls.decryption.protected_records, tls.decryption.records);
    let is_silent = all.client + all.server == 0 || open.client + open.server > 0;
    let Some(reason) = tls.decryption.reason.filter(|_| !is_silent) else { return Ok(()) };
    let mut line = grid.untimed(0);
    line.ink(Ink::Dim).own("[protected records: ").text(all.client).own(" of the client, ");
    line.text(all.server).own(" of the server; not decrypted: ").own(reason.name());
    page.put(line.own("]"))
}

fn omitted(smtp: &SmtpReport, grid: &Grid, page: &mut Page<'_>) -> io::Result<()> {
    if smtp.omitted_exchanges == 0 {
        return Ok(());
    }
    let mut line = grid.untimed(0);
    line.ink(Ink::Dim).own("[").text(smtp.omitted_exchanges).own(" more commands were not kept]");
    page.put(&line)
}
