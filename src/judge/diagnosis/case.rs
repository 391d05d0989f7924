//! What a diagnosis is made of.

use crate::flow::TcpFacts;
use crate::moment::{Moment, seconds};
use crate::report::session::SessionReport;
use crate::report::timeline::{Layer, TimelineEntry, TimelineEvent};
use crate::role::Role;
use crate::smtp::SmtpFacts;
use crate::tls::TlsFacts;

/// What a diagnosis is made of.
pub(in crate::judge) struct Case<'a> {
    pub(in crate::judge) session: &'a SessionReport,
    pub(in crate::judge) tcp: &'a TcpFacts,
    pub(in crate::judge) tls: Option<&'a TlsFacts>,
    pub(in crate::judge) smtp: Option<&'a SmtpFacts>,
}

impl Case<'_> {
    pub(super) fn last_event(&self, from: Role, layer: Layer) -> Option<&TimelineEntry> {
        let is_his =
            |entry: &&TimelineEntry| entry.from == Some(from) && entry.event.layer() == layer;
        self.session.timeline.iter().rev().find(is_his)
    }
}

/// Where the handshake stood when the other end left: "3.000 s after the client's ClientHello".
pub(super) fn step_before(case: &Case<'_>, of: Role, left: Moment) -> String {
    let is_before = |entry: &&TimelineEntry| {
        entry.from == Some(of) && entry.event.layer() == Layer::Tls && entry.at < left
    };
    match case.session.timeline.iter().rev().find(is_before) {
        Some(entry) => {
            let waited = seconds(left.ts - entry.at.ts);
            format!("{waited} after the {}'s {}", of.name(), message(entry.event))
        }
        None => format!("before the {} had said anything in TLS", of.name()),
    }
}

/// Where the handshake stood: "after the server's ServerHelloDone".
pub(super) fn step(case: &Case<'_>, of: Role) -> String {
    match case.last_event(of, Layer::Tls) {
        Some(entry) => format!("after the {}'s {}", of.name(), message(entry.event)),
        None => format!("before the {} had said anything in TLS", of.name()),
    }
}

fn message(event: TimelineEvent) -> &'static str {
    let other = if event == TimelineEvent::TlsAlert { "alert" } else { "last record" };
    event.handshake_message().unwrap_or(other)
}
