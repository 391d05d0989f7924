//! The two directions of a connection under different addresses: NAT that is not undone where it was
//! captured, or a server that answers directly. The client's port and the number that the server
//! acknowledges (RFC 9293 §3.5) tell that they belong together.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::SocketAddr;

use crate::decode::{Content, Segment};
use crate::flow::FlowKey;
use crate::judge::points;

/// SYNs that wait for an answer, answers that wait for a SYN, and connections whose halves were
/// joined, each; the oldest are forgotten first.
pub(super) const MOST_KNOWN: usize = 4096;

/// Client and server.
type Ends = (SocketAddr, SocketAddr);

/// The client's port, and the number that its server acknowledges.
type Call = (u16, u32);

/// Joins halves as their packets come in.
#[derive(Default)]
pub(super) struct Halves {
    keeps_apart: bool,
    asked: Recent<Call, Vec<Ends>>,
    answered: Recent<Call, Ends>,
    /// How the ends of a half become those of the connection.
    renamed: Recent<FlowKey, [(SocketAddr, SocketAddr); 2]>,
    joined: Recent<FlowKey, points::Halves>,
}

impl Halves {
    pub(super) fn new(keeps_apart: bool) -> Self {
        Self { keeps_apart, ..Self::default() }
    }

    /// The same with the addresses of its connection.
    pub(super) fn place<'b>(&mut self, content: Content<'b>) -> Content<'b> {
        let Content::Segment(mut segment) = content else { return content };
        if self.keeps_apart {
            return content;
        }
        if segment.flags.syn() {
            self.meet(&segment);
        }
        if !self.renamed.is_empty() {
            self.rename(&mut segment);
        }
        Content::Segment(segment)
    }

    /// What is known of the connection between these ends.
    pub(super) fn of(&self, client: SocketAddr, server: SocketAddr) -> Option<&points::Halves> {
        self.joined.get(&FlowKey::new(client, server))
    }

    fn meet(&mut self, syn: &Segment<'_>) {
        match syn.flags.ack() {
            false => self.on_call((syn.source, syn.destination), syn),
            true => self.on_answer((syn.destination, syn.source), syn),
        }
    }

    fn on_call(&mut self, called: Ends, syn: &Segment<'_>) {
        let call = (called.0.port(), syn.seq.wrapping_add(1));
        let calls = self.asked.entry(call);
        if !calls.contains(&called) {
            calls.push(called);
        }
        let is_alone = calls.len() == 1;
        let answers = self.answered.get(&call).copied();
        let Some(answers) = answers.filter(|answers| *answers != called && is_alone) else {
            return;
        };
        // The answer's half has begun under its own addresses.
        self.join(called, answers, answers, syn.at.frame);
    }

    fn on_answer(&mut self, answers: Ends, syn: &Segment<'_>) {
        let call = (answers.0.port(), syn.ack);
        *self.answered.entry_or(call, answers) = answers;
        let Some([called]) = self.asked.get(&call).map(Vec::as_slice) else { return };
        let called = *called;
        if called != answers && self.of(called.0, called.1).is_none() {
            self.join(called, answers, called, syn.at.frame);
        }
    }

    /// From here on all packets have the addresses of `kept`.
    fn join(&mut self, called: Ends, answers: Ends, kept: Ends, frame: u64) {
        let other = if kept == called { answers } else { called };
        let names = [(other.0, kept.0), (other.1, kept.1)];
        *self.renamed.entry_or(FlowKey::new(other.0, other.1), names) = names;
        let halves = points::Halves { called, answers, frame, refused: None };
        *self.joined.entry_or(FlowKey::new(kept.0, kept.1), halves) = halves;
    }

    fn rename(&mut self, segment: &mut Segment<'_>) {
        let key = FlowKey::new(segment.source, segment.destination);
        let Some(&names) = self.renamed.get(&key) else { return };
        let [(client, _), _] = names;
        let is_refusal = segment.flags.rst() && segment.source == client;
        let new = |end: SocketAddr| {
            names.iter().find(|(old, _)| *old == end).map_or(end, |(_, new)| *new)
        };
        (segment.source, segment.destination) = (new(segment.source), new(segment.destination));
        let key = FlowKey::new(segment.source, segment.destination);
        if let Some(halves) = self.joined.get_mut(&key).filter(|_| is_refusal) {
            halves.refused.get_or_insert(segment.at.frame);
        }
    }
}

/// A map that forgets its oldest entries.
struct Recent<K, V> {
    known: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { known: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Hash + Eq + Copy, V> Recent<K, V> {
    fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.known.get(key)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.known.get_mut(key)
    }

    fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.entry_or(key, V::default())
    }

    fn entry_or(&mut self, key: K, value: V) -> &mut V {
        if !self.known.contains_key(&key) {
            self.order.push_back(key);
            if self.order.len() > MOST_KNOWN
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        self.known.entry(key).or_insert(value)
    }
}
