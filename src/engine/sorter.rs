//! What the workers tell, in the one order of the run, becomes numbered sessions and totals.

use std::ops::ControlFlow;

use super::batch::Part;
use super::event::{Event, What};
use super::numbering::Numbering;
use crate::judge::{Elsewhere, QualityCounter};
use crate::report::{SessionReport, Summary};
use crate::session::Ended;

/// Sorts what ends into sessions and the rest.
#[derive(Default)]
pub(super) struct Sorter {
    numbering: Numbering,
    pub(super) summary: Summary,
    /// Meets the sessions where they come out in the order of their report, so that what it says
    /// of them is the same however they were computed.
    pub(super) elsewhere: Elsewhere,
    /// Connections that were ended to make room for others.
    pub(super) crowded_out: u64,
    /// The events of a batch.
    events: Vec<Event>,
}

impl Sorter {
    /// Takes what all workers told of a batch, and gives the sessions that are ready, numbered.
    /// **This is the one place where sessions come out in order.**
    pub(super) fn take<B>(
        &mut self,
        parts: &mut [Part],
        quality: &mut QualityCounter,
        mut on_session: impl FnMut(SessionReport) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut events = std::mem::take(&mut self.events);
        parts.iter_mut().for_each(|part| events.append(&mut part.events));
        self.crowded_out += parts.iter().map(|part| part.crowded_out).sum::<u64>();
        events.sort_by_key(Event::order);
        let mut flow = ControlFlow::Continue(());
        for event in events.drain(..) {
            self.note(event.connection, event.what, quality);
            while let (true, Some(mut report)) = (flow.is_continue(), self.numbering.next()) {
                self.elsewhere.meet(&mut report);
                flow = on_session(report);
            }
        }
        self.events = events;
        flow
    }

    fn note(&mut self, connection: u64, what: What, quality: &mut QualityCounter) {
        match what {
            What::Began => {
                self.summary.connections += 1;
                self.numbering.begin(connection);
            }
            What::Decided(is_session) => self.numbering.decide(connection, is_session),
            What::Unwanted(packets) => {
                self.summary.connections -= 1;
                self.summary.filtered_packets += packets;
                self.numbering.decide(connection, false);
            }
            What::Ended(ended) => self.end(connection, ended, quality),
        }
    }

    fn end(&mut self, connection: u64, ended: Ended, quality: &mut QualityCounter) {
        match ended {
            Ended::Session(report) => {
                self.summary.count(&report);
                quality.session(&report);
                return self.numbering.end(connection, *report);
            }
            Ended::OtherTls => self.summary.other_tls_connections += 1,
            Ended::Other => self.summary.other_connections += 1,
        }
        self.numbering.decide(connection, false);
    }
}
