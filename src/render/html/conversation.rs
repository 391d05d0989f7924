//! What was said, in two colours, with the border where TLS begins. Message bodies are folded.

use askama::Template;

use super::inked::{Fact, Inked, facts};
use crate::render::text::conversation::entry::{Entry, entries};
use crate::render::text::grid::Instant;
use crate::render::text::heading::status_words;
use crate::render::text::line::Line;
use crate::render::text::mails;
use crate::render::text::message::measure;
use crate::render::text::times::Times;
use crate::report::{MailReport, SessionReport, TimelineEntry, TimelineEvent, TlsReport};
use crate::role::Role;

/// Entries that are shown; the JSON has more.
const MOST_ENTRIES: usize = 300;

/// Lines of a revealed body that are shown.
const MOST_LINES: usize = 1_000;

/// Characters of a line that are shown: as many as SMTP allows in one (RFC 5321 §4.5.3.1.6).
const MOST_CHARS: usize = 1_000;

/// The conversation of a session.
#[derive(Debug, Template)]
#[template(path = "conversation.html")]
pub(super) struct Conversation {
    turns: Vec<Turn>,
    omitted: u64,
    /// What passed inside TLS and was not read.
    closed: Option<String>,
}

/// Something that was said, or happened.
#[derive(Debug)]
struct Turn {
    time: String,
    frame: Option<u64>,
    from: Option<Role>,
    is_sealed: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    Border(String),
    Lines(Vec<String>),
    Mail(Mail),
    Note(String),
}

/// A mail: its measure, what it was, and what it said if that was asked for.
#[derive(Debug)]
struct Mail {
    measure: Inked,
    facts: Vec<Fact>,
    body: Vec<String>,
    further_lines: usize,
}

impl Conversation {
    /// The conversation of a session.
    pub(super) fn new(session: &SessionReport, times: Times) -> Self {
        let entries = entries(session);
        let omitted = session.smtp.as_ref().map_or(0, |smtp| smtp.omitted_exchanges);
        let further = entries.len().saturating_sub(MOST_ENTRIES) as u64;
        let (mut turns, mut is_sealed) = (Vec::new(), false);
        for (at, entry) in entries.iter().take(MOST_ENTRIES) {
            is_sealed |= matches!(entry, Entry::Border(_));
            turns.extend(turn(*at, entry, is_sealed, session, times));
        }
        let closed = session.tls.as_ref().and_then(closed);
        Self { turns, omitted: omitted + further, closed }
    }

    /// Whether there is anything to show.
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

fn turn(
    at: Instant,
    entry: &Entry<'_>,
    is_sealed: bool,
    session: &SessionReport,
    times: Times,
) -> Option<Turn> {
    let (from, what) = match entry {
        Entry::Border(tls) => (None, What::Border(border(tls))),
        Entry::Command(exchange) => {
            let text = exchange.command.as_deref().unwrap_or_default();
            (Some(Role::Client), What::Lines(vec![clipped(text)]))
        }
        Entry::Message(mail) => (Some(Role::Client), What::Mail(Mail::new(*mail, session))),
        Entry::Reply(exchange) => {
            let lines = exchange.reply.as_ref()?.lines.iter().map(|line| clipped(line)).collect();
            (Some(Role::Server), What::Lines(lines))
        }
        Entry::Event(event) => (event.from, What::Note(note(event))),
    };
    let is_timed = from.is_some();
    Some(Turn {
        time: if is_timed { times.of(session.start, at.t_ns) } else { String::new() },
        frame: Some(at.frame).filter(|&frame| is_timed && frame > 0),
        from,
        is_sealed,
        what,
    })
}

/// What was agreed on where TLS begins.
fn border(tls: &TlsReport) -> String {
    if !tls.handshake_complete {
        return "TLS handshake from here, not finished in the capture".to_owned();
    }
    let version = tls.version.as_deref().unwrap_or("version unknown");
    let suite = tls.cipher_suite_openssl.or(tls.cipher_suite.as_deref()).unwrap_or_default();
    format!("TLS from here: {version} {suite}, {}", status_words(tls.decryption.status).1)
}

/// Bytes that were not captured, and alerts.
fn note(event: &TimelineEntry) -> String {
    let kind = if event.event == TimelineEvent::TlsAlert { "alert " } else { "" };
    format!("{kind}{}", event.detail.as_deref().unwrap_or_default())
}

fn closed(tls: &TlsReport) -> Option<String> {
    let (all, open) = (tls.decryption.protected_records, tls.decryption.records);
    let is_silent = all.client + all.server == 0 || open.client + open.server > 0;
    let reason = tls.decryption.reason.filter(|_| !is_silent)?;
    Some(format!(
        "protected records: {} of the client, {} of the server; not decrypted: {}",
        all.client,
        all.server,
        reason.name()
    ))
}

/// What was said, as far as that is readable; what is left off is counted.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => {
            let (shown, rest) = text.split_at(end);
            format!("{shown} [{} more characters]", rest.chars().count())
        }
    }
}

impl Mail {
    fn new(mail: Option<&MailReport>, session: &SessionReport) -> Self {
        let Some(mail) = mail else {
            let (facts, body) = (Vec::new(), Vec::new());
            return Self { measure: Inked::words("message"), facts, body, further_lines: 0 };
        };
        let mut line = Line::default();
        measure(mail, line.own("message, "));
        let mails = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.mails);
        let number = mails.iter().position(|other| std::ptr::eq(other, mail)).unwrap_or(0);
        let body = mail.body.as_deref().unwrap_or_default();
        Self {
            measure: Inked::new(&line),
            facts: facts(false, |page| mails::one(number, mail, page)),
            body: body.lines().take(MOST_LINES).map(clipped).collect(),
            further_lines: body.lines().count().saturating_sub(MOST_LINES),
        }
    }
}
