//! One session: what came of it, when, and what was said.

use askama::Template;

use super::conversation::Conversation;
use super::findings::{Findings, Why};
use super::inked::{Fact, class, facts};
use super::ladder::Ladder;
use super::packets::{Packets, Room};
use super::waterfall::Waterfall;
use crate::render::text::duration::Duration;
use crate::render::text::heading::{ink, verdict};
use crate::render::text::times::Times;
use crate::render::text::{certificate, heading, tls};
use crate::report::SessionReport;

/// A session in detail.
#[derive(Debug, Template)]
#[template(path = "session.html")]
pub(super) struct Session<'a> {
    session: &'a SessionReport,
    is_open: bool,
    start: String,
    took: Duration,
    outcome_class: &'static str,
    verdict: &'static str,
    verdict_class: &'static str,
    facts: Vec<Fact>,
    parameters: Vec<Fact>,
    why: Option<Why<'a>>,
    findings: Option<Findings<'a>>,
    waterfall: Waterfall,
    ladder: Ladder,
    conversation: Conversation,
    packets: Option<Packets>,
}

impl<'a> Session<'a> {
    /// The page of a session; `room` is what of its packets and bytes may be shown.
    pub(super) fn new(
        session: &'a SessionReport,
        room: Option<Room>,
        times: Times,
        is_open: bool,
    ) -> Self {
        let (verdict_ink, verdict) = verdict(session);
        let transcript = session.transcript.as_deref().zip(room);
        let packets =
            transcript.map(|(transcript, room)| Packets::new(session, transcript, room, times));
        let has_packets = packets.as_ref().is_some_and(Packets::has_rows);
        Self {
            is_open,
            start: times.start(session.start),
            took: Duration(session.duration_ns),
            outcome_class: class(ink(session.outcome)),
            verdict,
            verdict_class: class(verdict_ink),
            facts: facts(false, |page| heading::facts(session, page)),
            parameters: parameters(session),
            why: session.diagnosis.as_ref().map(Why::new),
            findings: (!session.findings.is_empty()).then(|| Findings::new(&session.findings)),
            waterfall: Waterfall::new(session),
            ladder: Ladder::new(session, times, has_packets),
            conversation: Conversation::new(session, times),
            packets,
            session,
        }
    }
}

/// Whole lists of what was offered and chosen, and whole certificates.
fn parameters(session: &SessionReport) -> Vec<Fact> {
    let Some(report) = &session.tls else { return Vec::new() };
    facts(true, |page| {
        tls::facts(report, page)?;
        certificate::facts(report, session.start, page)
    })
}
