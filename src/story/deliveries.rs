//! All carriers of a run, and the deliveries that they make up.

use std::collections::BTreeSet;

use super::carrier::{Carrier, carriers};
use super::kinship::Kinship;
use super::surroundings::Surroundings;
use super::telling;
use crate::report::{DeliveryReport, SessionReport};

/// Transactions and attempts that are remembered: a day of a busy relay. Beyond it, mails are told in
/// their sessions alone.
pub(crate) const MOST_CARRIERS: usize = 250_000;

/// Deliveries under way.
#[derive(Debug, Default)]
pub struct Deliveries {
    carriers: Vec<Carrier>,
    /// Connections that are told as the reason of another session's wait: no deliveries.
    explained: BTreeSet<String>,
    /// Carriers beyond those kept.
    pub omitted: u64,
}

impl Deliveries {
    /// Takes what a session carried.
    pub fn meet(&mut self, session: &SessionReport, around: &Surroundings) {
        for related in session.related.iter().filter(|related| related.explains.is_some()) {
            if self.explained.len() < MOST_CARRIERS {
                self.explained.insert(related.from.clone());
            }
        }
        for carrier in carriers(session, around) {
            match self.carriers.len() < MOST_CARRIERS {
                true => self.carriers.push(carrier),
                false => self.omitted += 1,
            }
        }
    }

    /// The deliveries, in order of their first packet.
    #[must_use]
    pub fn conclude(mut self) -> Vec<DeliveryReport> {
        let explained = std::mem::take(&mut self.explained);
        let is_callout = |carrier: &Carrier| {
            carrier.envelope.is_none() && explained.contains(&carrier.client.to_string())
        };
        self.carriers.retain(|carrier| !is_callout(carrier));
        self.carriers.sort_by_key(|carrier| (carrier.begun(), carrier.session, carrier.frame));
        let mut kinship = Kinship::of(&self.carriers);
        let groups = kinship.groups();
        let told = groups.iter().filter_map(|group| telling::tell(&self.carriers, group, &kinship));
        let mut told: Vec<_> = told.collect();
        told.sort_by_key(|delivery| (delivery.start, delivery.sessions.first().copied()));
        for (id, delivery) in (1..).zip(&mut told) {
            delivery.id = id;
        }
        told
    }
}
