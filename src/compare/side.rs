//! The sessions of one side. Of each way to negotiate the first session is kept whole; of the
//! others only what distributions need.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::net::{IpAddr, SocketAddr};

use super::align;
use super::negotiation::Negotiation;
use super::phases::PHASES;
use super::seen::{self, Seen};
use crate::report::{Outcome, SessionReport};

/// Sessions whose times are kept; all are counted. 280 bytes each: 290 MB at most.
pub(super) const MOST_SAMPLES: usize = 1 << 20;

/// Ways to negotiate that are told apart on a side; a capture of more is one of attacks.
pub(super) const MOST_SHAPES: usize = 1_000;

/// Which sessions of a capture are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// The one of this number.
    pub session: Option<u64>,
    /// Those with an end at this address.
    pub address: Option<IpAddr>,
    /// And at this port.
    pub port: Option<u16>,
}

impl Pick {
    /// Whether a session is meant.
    #[must_use]
    pub fn takes(&self, session: &SessionReport) -> bool {
        self.is_meant(session.id, [session.client.0, session.server.0])
    }

    fn is_meant(&self, id: u64, ends: [SocketAddr; 2]) -> bool {
        let is_end = |end: &SocketAddr| {
            self.address.is_none_or(|address| end.ip() == address)
                && self.port.is_none_or(|port| end.port() == port)
        };
        self.session.is_none_or(|meant| id == meant) && ends.iter().any(is_end)
    }
}

/// Sessions that negotiate alike.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) sessions: u64,
    /// The first of them.
    pub(super) first: Negotiation,
}

/// A session as distributions see it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) id: u64,
    /// Its way to negotiate.
    pub(super) shape: u64,
    pub(super) phases: [Option<i64>; PHASES.len()],
}

/// The sessions of one side.
#[derive(Clone, Debug, Default)]
pub struct Side {
    sessions: u64,
    pub(super) shapes: BTreeMap<u64, Shape>,
    pub(super) samples: Vec<Sample>,
    pub(super) counts: Counts,
}

/// How many sessions have which value.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) outcome: BTreeMap<String, u64>,
    pub(super) protocol: BTreeMap<String, u64>,
    pub(super) version: BTreeMap<String, u64>,
    pub(super) suite: BTreeMap<String, u64>,
    pub(super) decryption: BTreeMap<String, u64>,
    /// Sessions beyond the shapes that are told apart.
    pub(super) further_shapes: u64,
}

impl Side {
    /// How many sessions it has.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.sessions
    }

    /// Takes a session.
    pub fn add(&mut self, session: &SessionReport) {
        if let Some(session) = Seen::of(session) {
            self.take(&session);
        }
    }

    /// Takes those sessions of a saved report that are meant, and says how many it has.
    ///
    /// # Errors
    ///
    /// What it is that is no report of this program, in words.
    pub fn add_saved(&mut self, report: impl BufRead, pick: Pick) -> Result<u64, String> {
        let sessions = seen::saved(report)?;
        let is_meant = |session: &&Seen| {
            pick.is_meant(session.id, [session.client.address(), session.server.address()])
        };
        sessions.iter().filter(is_meant).for_each(|session| self.take(session));
        Ok(sessions.len() as u64)
    }

    fn take(&mut self, session: &Seen) {
        self.sessions += 1;
        self.counts.add(session);
        let negotiation = Negotiation::new(session);
        if self.samples.len() < MOST_SAMPLES {
            let mut phases = [None; PHASES.len()];
            for (slot, phase) in phases.iter_mut().zip(PHASES) {
                *slot = (phase.of)(&session.timing);
            }
            self.samples.push(Sample { id: session.id, shape: negotiation.shape(), phases });
        }
        self.keep(negotiation);
    }

    fn keep(&mut self, negotiation: Negotiation) {
        let full = self.shapes.len() >= MOST_SHAPES;
        match self.shapes.get_mut(&negotiation.shape()) {
            Some(shape) => {
                shape.sessions += 1;
                // Sessions come as they end: the lowest number is the first.
                if negotiation.id < shape.first.id {
                    shape.first = negotiation;
                }
            }
            None if full => self.counts.further_shapes += 1,
            None => {
                let shape = negotiation.shape();
                self.shapes.insert(shape, Shape { sessions: 1, first: negotiation });
            }
        }
    }

    /// Whether there were more ways to negotiate than are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.counts.further_shapes > 0
    }

    /// The ways to negotiate, the commonest first.
    pub(super) fn ranked(&self) -> Vec<(u64, &Shape)> {
        let mut shapes: Vec<_> = self.shapes.iter().map(|(&key, shape)| (key, shape)).collect();
        shapes.sort_by_key(|(_, shape)| (std::cmp::Reverse(shape.sessions), shape.first.id));
        shapes
    }
}

impl Counts {
    fn add(&mut self, session: &Seen) {
        let count = |counts: &mut BTreeMap<String, u64>, name: &str| {
            *counts.entry(name.to_owned()).or_default() += 1;
        };
        count(&mut self.outcome, session.outcome.name());
        count(&mut self.protocol, session.protocol.name());
        let Some(tls) = &session.tls else { return };
        count(&mut self.version, tls.version.as_deref().unwrap_or("none agreed on"));
        count(&mut self.suite, tls.cipher_suite.as_deref().unwrap_or("none agreed on"));
        count(&mut self.decryption, tls.decryption.status.name());
    }
}

/// The two sessions to put beside each other. On the good side one that went well, on the bad side
/// one that negotiates as none of the good side does, and failed if any of these did; of those the pair that goes the longest way
/// together, and the commonest of equals.
pub(super) fn best_match<'s>(
    good: &'s Side,
    bad: &'s Side,
) -> Option<(&'s Negotiation, &'s Negotiation)> {
    let odd: Vec<_> =
        bad.ranked().into_iter().filter(|(key, _)| !good.shapes.contains_key(key)).collect();
    let has_failed = |(_, shape): &(u64, &Shape)| shape.first.has_failed();
    let failed: Vec<_> = odd.iter().copied().filter(has_failed).collect();
    let bad_shapes = [failed, odd].into_iter().find(|shapes| !shapes.is_empty());
    let bad_shapes = bad_shapes.unwrap_or_else(|| bad.ranked());
    let (bad_key, bad_shape) = bad_shapes.first()?;
    let well: Vec<_> =
        good.ranked().into_iter().filter(|(_, shape)| went_well(&shape.first)).collect();
    let good_shapes = if well.is_empty() { good.ranked() } else { well };
    let together = |shape: &super::side::Shape| {
        align::parting(&shape.first, &bad_shape.first).unwrap_or(usize::MAX)
    };
    let best = good_shapes.iter().enumerate().max_by_key(|(rank, (key, shape))| {
        (key == bad_key, together(shape), std::cmp::Reverse(*rank))
    });
    let (_, (_, good_shape)) = best?;
    Some((&good_shape.first, &bad_shape.first))
}

/// The good session that goes the longest way together with a bad one.
pub(super) fn nearest<'s>(good: &'s Side, bad: &Negotiation) -> Option<&'s Negotiation> {
    let well = |(_, shape): &(u64, &Shape)| went_well(&shape.first);
    let ranked = good.ranked();
    let candidates: Vec<_> = ranked.iter().copied().filter(well).collect();
    let candidates = if candidates.is_empty() { ranked } else { candidates };
    let together = |shape: &Shape| align::parting(&shape.first, bad).unwrap_or(usize::MAX);
    let best = candidates.into_iter().enumerate();
    let best = best.max_by_key(|(rank, (_, shape))| (together(shape), std::cmp::Reverse(*rank)));
    best.map(|(_, (_, shape))| &shape.first)
}

fn went_well(negotiation: &Negotiation) -> bool {
    matches!(
        negotiation.outcome,
        Outcome::Delivered | Outcome::NoMail | Outcome::Probe | Outcome::Unknown
    )
}
