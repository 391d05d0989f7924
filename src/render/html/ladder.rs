//! Both ends of a session, and an arrow for whatever passed between them: TCP, TLS, SMTP.

use askama::Template;

use super::inked::Inked;
use crate::render::text::duration::Duration;
use crate::render::text::line::Line;
use crate::render::text::packets::{say, told};
use crate::render::text::timeline::{Row, rows};
use crate::render::text::times::Times;
use crate::report::{Layer, SessionReport, TimelineEntry, TimelineEvent};
use crate::role::Role;

/// Rungs that are drawn at the beginning: a long transfer has more than anybody reads.
const MOST_RUNGS: usize = 120;

/// Rungs that are drawn of the end behind those: how it was closed.
const LAST_RUNGS: usize = 20;

/// A wait is long if it takes a fifth of the session or more, and a millisecond at least.
const LONG_SHARE: i64 = 5;
const LONG_NS: i64 = 1_000_000;

/// The ladder of a session.
#[derive(Debug, Template)]
#[template(path = "ladder.html")]
pub(super) struct Ladder {
    id: u64,
    rungs: Vec<Rung>,
    has_packets: bool,
}

/// A rung.
#[derive(Debug)]
enum Rung {
    Arrow(Arrow),
    /// Where TLS begins.
    Border,
    /// So many rungs that are not drawn.
    Omitted(usize),
}

/// What one packet brought.
#[derive(Debug)]
struct Arrow {
    time: String,
    delta: Option<Duration>,
    is_long: bool,
    frame: u64,
    from: Role,
    class: &'static str,
    is_sealed: bool,
    words: Inked,
}

impl Ladder {
    /// The ladder of a session; frames are links where its packets are listed.
    pub(super) fn new(session: &SessionReport, times: Times, has_packets: bool) -> Self {
        let rows: Vec<_> = rows(session.timeline.iter()).into_iter().filter_map(heard).collect();
        let omitted = MOST_RUNGS..rows.len().saturating_sub(LAST_RUNGS);
        let (mut rungs, mut last, mut is_sealed) = (Vec::new(), None, false);
        for (i, row) in rows.iter().enumerate() {
            if !is_sealed && row.entries.iter().any(|(entry, _)| entry.event.layer() == Layer::Tls)
            {
                is_sealed = true;
                rungs.push(Rung::Border);
            }
            if i == omitted.start && !omitted.is_empty() {
                rungs.push(Rung::Omitted(omitted.len()));
            }
            if !omitted.contains(&i) {
                rungs.push(Rung::Arrow(arrow(row, last, is_sealed, session, times)));
            }
            last = Some(row.at.t_ns);
        }
        Self { id: session.id, rungs, has_packets }
    }
}

/// Without what other words of the same packet say already; nothing if nothing is left.
fn heard(row: Row<'_>) -> Option<Row<'_>> {
    let role = row.from?;
    let entries: Vec<&TimelineEntry> = row.entries.iter().map(|(entry, _)| *entry).collect();
    let told = told(&entries, role);
    let is_told = |entry: &TimelineEntry| told.iter().any(|told| std::ptr::eq(*told, entry));
    let entries: Vec<_> = row.entries.into_iter().filter(|(entry, _)| is_told(entry)).collect();
    (!entries.is_empty()).then_some(Row { entries, ..row })
}

fn arrow(
    row: &Row<'_>,
    last: Option<i64>,
    is_sealed: bool,
    session: &SessionReport,
    times: Times,
) -> Arrow {
    let delta = last.map(|last| row.at.t_ns.saturating_sub(last));
    let is_long = |ns: i64| ns >= LONG_NS && ns >= session.timing.total_ns / LONG_SHARE;
    let mut words = Line::default();
    for (i, &(entry, count)) in row.entries.iter().enumerate() {
        words.own(if i == 0 { "" } else { ", " });
        say(entry, &mut words);
        if count > 1 {
            words.own(", ").text(count).own(" times");
        }
    }
    Arrow {
        time: times.of(session.start, row.at.t_ns),
        delta: delta.map(Duration),
        is_long: delta.is_some_and(is_long),
        frame: row.at.frame,
        from: row.from.unwrap_or(Role::Client),
        class: class(row),
        is_sealed,
        words: Inked::new(&words),
    }
}

/// What kind of thing passed, for its colour.
fn class(row: &Row<'_>) -> &'static str {
    let events = || row.entries.iter().map(|(entry, _)| entry.event);
    let has = |event| events().any(|seen| seen == event);
    let of = |layer| events().any(|seen| seen.layer() == layer);
    match () {
        () if has(TimelineEvent::TcpGap) => "gap",
        () if has(TimelineEvent::TcpRetransmission) => "resent",
        () if has(TimelineEvent::TlsAlert) || has(TimelineEvent::TcpRst) => "fatal",
        () if of(Layer::Smtp) => "smtp",
        () if of(Layer::Tls) => "tls",
        () => "tcp",
    }
}
