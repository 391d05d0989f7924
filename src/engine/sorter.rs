//! What the workers tell, in the one order of the run, becomes numbered sessions and totals.

use std::ops::ControlFlow;

use super::batch::Part;
use super::copies::{Copies, Told};
use super::ended::Ended;
use super::event::{Event, What};
use super::halves::Halves;
use super::numbering::Numbering;
use crate::judge::{Elsewhere, QualityCounter, points, validation};
use crate::report::{SessionReport, Summary};
use crate::story::{Deliveries, Surroundings};
use crate::trust::Trust;

/// Sorts what ends into sessions and the rest.
#[derive(Default)]
pub(super) struct Sorter {
    numbering: Numbering,
    copies: Copies,
    pub(super) summary: Summary,
    /// Meets the sessions where they come out in the order of their report, so that what it says
    /// of them is the same however they were computed.
    pub(super) elsewhere: Elsewhere,
    /// What passed beside the sessions, up to the event that is looked at.
    around: Surroundings,
    pub(super) deliveries: Deliveries,
    /// Judges certificates, in the same order.
    pub(super) trust: Trust,
    attempts: Attempts,
    /// Connections that were ended to make room for others.
    pub(super) crowded_out: u64,
    /// The events of a batch.
    events: Vec<Event>,
}

/// Attempts to connect that are kept: who knocks at more ports is no mail client.
pub(super) const MOST_ATTEMPTS: usize = 256;

/// Attempts to connect to ports that are none of mail's, while the capture has nothing else.
#[derive(Default)]
struct Attempts {
    kept: Vec<(u64, SessionReport)>,
    is_over: bool,
}

impl Attempts {
    fn keep(&mut self, connection: u64, report: SessionReport) {
        if !self.is_over && self.kept.len() < MOST_ATTEMPTS {
            self.kept.push((connection, report));
        }
    }

    /// Something else came.
    fn are_not_all(&mut self) {
        self.is_over = true;
        self.kept.clear();
    }
}

impl Sorter {
    /// A sorter whose sessions are judged so. `keeps_apart`: what was captured at several points is not
    /// joined.
    pub(super) fn new(trust: Trust, keeps_apart: bool) -> Self {
        Self { trust, copies: Copies::new(keeps_apart), ..Self::default() }
    }

    /// Nothing more will come: the attempts to connect, if the capture has nothing else, in order of
    /// first frame.
    pub(super) fn take_attempts(&mut self, quality: &mut QualityCounter) -> Vec<SessionReport> {
        let mut kept = std::mem::take(&mut self.attempts.kept);
        kept.sort_by_key(|(connection, _)| *connection);
        let mut told = Vec::new();
        for (id, (_, mut report)) in (1..).zip(kept) {
            report.id = id;
            self.summary.other_connections -= 1;
            self.summary.count(&report);
            quality.session(&report);
            self.meet(&mut report);
            told.push(report);
        }
        told
    }

    /// Takes what all workers told of a batch, and gives the sessions that are ready, numbered.
    /// **This is the one place where sessions come out in order.**
    pub(super) fn take<B>(
        &mut self,
        parts: &mut [Part],
        quality: &mut QualityCounter,
        halves: &Halves,
        mut on_session: impl FnMut(SessionReport) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut events = std::mem::take(&mut self.events);
        parts.iter_mut().for_each(|part| events.append(&mut part.events));
        self.crowded_out += parts.iter().map(|part| part.crowded_out).sum::<u64>();
        events.sort_by_key(Event::order);
        let mut flow = ControlFlow::Continue(());
        for event in events.drain(..) {
            self.note(event.connection, event.what, quality, halves);
            while let (true, Some(mut report)) = (flow.is_continue(), self.numbering.next()) {
                self.meet(&mut report);
                flow = on_session(report);
            }
        }
        self.events = events;
        flow
    }

    /// A session comes out: what passed beside it, and what others show of it.
    fn meet(&mut self, report: &mut SessionReport) {
        self.around.explain(report);
        self.trust.meet(report);
        validation::tell(report);
        self.elsewhere.meet(report);
        self.deliveries.meet(report, &self.around);
    }

    fn note(&mut self, connection: u64, what: What, quality: &mut QualityCounter, halves: &Halves) {
        match what {
            What::Began => {
                self.summary.connections += 1;
                self.numbering.begin(connection);
            }
            What::Syn(first, at) => self.copies.meet(connection, first, at),
            What::Beside(observation) => self.around.note(observation),
            // Whether it is a session of its own is not known before its end.
            What::Decided(true) if self.copies.may_be_copy(connection) => {}
            What::Decided(is_session) => self.numbering.decide(connection, is_session),
            over @ (What::Unwanted(_) | What::Ended(_)) => {
                for told in self.copies.end(connection, over) {
                    self.tell(told, quality, halves);
                }
            }
        }
    }

    fn tell(&mut self, told: Told, quality: &mut QualityCounter, halves: &Halves) {
        match told {
            Told::One(connection, What::Unwanted(packets)) => {
                self.summary.connections -= 1;
                self.summary.filtered_packets += packets;
                self.numbering.decide(connection, false);
            }
            Told::One(connection, What::Ended(ended)) => {
                self.end(connection, ended, quality, halves);
            }
            Told::One(..) => {}
            Told::Joined(connection, report, others) => {
                for other in others {
                    self.summary.connections -= 1;
                    self.numbering.forget(other);
                }
                self.end(connection, Ended::Session(report), quality, halves);
            }
        }
    }

    fn end(
        &mut self,
        connection: u64,
        ended: Ended,
        quality: &mut QualityCounter,
        halves: &Halves,
    ) {
        match ended {
            Ended::Session(mut report) => {
                if let Some(halves) = halves.of(report.client.0, report.server.0) {
                    points::tell_of_halves(&mut report, halves);
                }
                self.attempts.are_not_all();
                self.summary.count(&report);
                quality.session(&report);
                return self.numbering.end(connection, *report);
            }
            Ended::Attempt(report) => {
                self.summary.other_connections += 1;
                self.attempts.keep(connection, *report);
            }
            Ended::OtherTls => {
                self.attempts.are_not_all();
                self.summary.other_tls_connections += 1;
            }
            Ended::Other => {
                self.attempts.are_not_all();
                self.summary.other_connections += 1;
            }
        }
        self.numbering.decide(connection, false);
    }
}
