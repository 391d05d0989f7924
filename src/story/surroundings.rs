//! What passed beside the sessions, as long as a session may still ask for it.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::lookups::Lookups;
use crate::beside::{Knock, Observation, Wait};
use crate::decode::Neighbour;
use crate::moment::Moment;

/// Waits and attempts to connect that are remembered, the oldest forgotten first.
pub(crate) const MOST_WAITS: usize = 4096;
pub(crate) const MOST_KNOCKS: usize = 4096;

/// Neighbours that nobody has answered for yet.
pub(crate) const MOST_NEIGHBOURS: usize = 1024;

/// What is remembered.
#[derive(Debug, Default)]
pub struct Surroundings {
    pub(super) lookups: Lookups,
    pub(super) waits: VecDeque<Wait>,
    pub(super) knocks: VecDeque<Knock>,
    neighbours: HashMap<(IpAddr, IpAddr), Sought>,
    /// In the order in which they were sought first.
    order: VecDeque<(IpAddr, IpAddr)>,
}

/// A neighbour that was looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    pub(super) first: Moment,
    pub(super) last: Moment,
    pub(super) count: u32,
}

impl Surroundings {
    /// Takes what passed.
    pub fn note(&mut self, observation: Observation) {
        match observation {
            Observation::Name(name) => self.lookups.take(&name),
            Observation::Wait(wait) => keep(&mut self.waits, *wait, MOST_WAITS),
            Observation::Knock(knock) => self.knock(knock),
            Observation::Neighbour(neighbour) => self.neighbour(neighbour),
        }
    }

    fn knock(&mut self, knock: Knock) {
        let is_same = |other: &&mut Knock| {
            (other.client, other.server, other.first) == (knock.client, knock.server, knock.first)
        };
        match self.knocks.iter_mut().rev().find(is_same) {
            Some(known) => *known = knock,
            None => keep(&mut self.knocks, knock, MOST_KNOCKS),
        }
    }

    fn neighbour(&mut self, neighbour: Neighbour) {
        let key = (neighbour.asker, neighbour.target);
        if neighbour.is_answer {
            self.neighbours.remove(&key);
            // An advertisement may be for all (RFC 4861 §4.4).
            let target = neighbour.target;
            if target.is_ipv6() {
                self.neighbours.retain(|(_, sought), _| *sought != target);
            }
            return;
        }
        if let Some(sought) = self.neighbours.get_mut(&key) {
            sought.last = neighbour.at.max(sought.last);
            sought.count += 1;
            return;
        }
        if self.order.len() >= MOST_NEIGHBOURS
            && let Some(oldest) = self.order.pop_front()
        {
            self.neighbours.remove(&oldest);
        }
        let at = neighbour.at;
        self.order.push_back(key);
        self.neighbours.insert(key, Sought { first: at, last: at, count: 1 });
    }

    /// Whether a host was sought on the link, and nobody has answered.
    pub(super) fn sought(&self, asker: IpAddr, target: IpAddr) -> Option<Sought> {
        self.neighbours.get(&(asker, target)).copied()
    }
}

fn keep<T>(kept: &mut VecDeque<T>, new: T, most: usize) {
    if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(new);
}
