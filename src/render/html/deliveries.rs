//! The way of each mail that took more than one session: hosts below each other, time to the right.

use std::collections::BTreeSet;

use askama::Template;

use super::scale::{Scale, Stretch};
use crate::render::text::duration::Duration;
use crate::report::{DeliveryReport, StepKind, StepReport};

/// Deliveries that are drawn, the unhappy first.
const MOST_DRAWN: usize = 100;

/// The section of all that are drawn.
#[derive(Template)]
#[template(path = "deliveries.html")]
pub(super) struct Deliveries<'a> {
    drawn: Vec<Drawn<'a>>,
    further: usize,
}

struct Drawn<'a> {
    delivery: &'a DeliveryReport,
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    step: &'a StepReport,
    start: Duration,
    took: Duration,
    class: &'static str,
    stretch: Stretch,
    /// The session, where the page has it.
    link: Option<u64>,
}

impl<'a> Deliveries<'a> {
    /// Those that have more to tell than their session does. None if there are none.
    pub(super) fn of(deliveries: &'a [DeliveryReport], detailed: &BTreeSet<u64>) -> Option<Self> {
        let is_told = |delivery: &&DeliveryReport| {
            let is_more =
                |step: &StepReport| !matches!(step.kind, StepKind::Lookup | StepKind::Session);
            delivery.sessions.len() > 1 || delivery.steps.iter().any(is_more)
        };
        let mut told: Vec<_> = deliveries.iter().filter(is_told).collect();
        told.sort_by_key(|delivery| (!delivery.is_unhappy(), delivery.id));
        let further = told.len().saturating_sub(MOST_DRAWN);
        told.truncate(MOST_DRAWN);
        let drawn: Vec<_> =
            told.into_iter().map(|delivery| Drawn::new(delivery, detailed)).collect();
        (!drawn.is_empty()).then_some(Self { drawn, further })
    }
}

impl<'a> Drawn<'a> {
    fn new(delivery: &'a DeliveryReport, detailed: &BTreeSet<u64>) -> Self {
        let scale = Scale::linear(0, delivery.duration_ns);
        let steps = delivery.steps.iter().map(|step| {
            // The time of a retry or a hop is the time before it.
            let (from, to) = match step.kind {
                StepKind::Retry => (step.t_ns - step.duration_ns, step.t_ns),
                _ => (step.t_ns, step.t_ns.saturating_add(step.duration_ns)),
            };
            Step {
                step,
                start: Duration(step.t_ns),
                took: Duration(step.duration_ns),
                class: class(step.kind),
                stretch: scale.stretch(from.max(0), to),
                link: step.session.filter(|session| detailed.contains(session)),
            }
        });
        Self { delivery, steps: steps.collect() }
    }
}

fn class(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Lookup | StepKind::Retry => "network",
        StepKind::Attempt | StepKind::Duplicate | StepKind::Bounce => "server",
        StepKind::Session | StepKind::Hop => "client",
    }
}
