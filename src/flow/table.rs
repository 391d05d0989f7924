//! Every connection open at one time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::connection::Connection;
use super::key::FlowKey;
use super::{CaptureClock, Conversation};
use crate::decode::Segment;
use crate::moment::Timestamp;

/// The open connections, each with the conversation that lives on it.
pub struct FlowTable<C> {
    /// Boxed: a connection is large, and a map moves what it holds as it grows.
    open: HashMap<FlowKey, Box<Connection<C>>>,
    /// When to look at a connection again.
    deadlines: BinaryHeap<Reverse<(Timestamp, u64, FlowKey)>>,
    clock: CaptureClock,
    created: u64,
}

impl<C: Conversation> Default for FlowTable<C> {
    fn default() -> Self {
        Self {
            open: HashMap::new(),
            deadlines: BinaryHeap::new(),
            clock: CaptureClock::default(),
            created: 0,
        }
    }
}

impl<C: Conversation> FlowTable<C> {
    /// Takes a segment, and gives the conversation that it belongs to. `begin` makes the
    /// conversation of a new connection from the connection's number (1, 2, 3 … in order of first
    /// packets); `end` takes the conversations that are over.
    pub fn feed(
        &mut self,
        segment: &Segment<'_>,
        begin: impl FnOnce(u64) -> C,
        mut end: impl FnMut(C),
    ) -> &C {
        let now = self.clock.advance(segment.at.ts);
        self.expire(now, &mut end);
        let key = FlowKey::new(segment.source, segment.destination);
        let side = key.side_of(segment.source);
        let replaced = self.open.get(&key).is_some_and(|old| old.is_replaced_by(side, segment));
        if replaced && let Some(old) = self.open.remove(&key) {
            end(old.finish());
        }
        let connection = self.open.entry(key).or_insert_with(|| {
            self.created += 1;
            Box::new(Connection::new(self.created, &key, begin(self.created)))
        });
        connection.accept(side, segment);
        // Closing brings the end nearer; everything else only puts it off, which can wait until
        // the deadline is looked at.
        let due = connection.deadline();
        if due < connection.scheduled {
            connection.scheduled = due;
            self.deadlines.push(Reverse((due, connection.number, key)));
        }
        &connection.conversation
    }

    /// So many ns have passed in which no packet came: connections that are over are given to `end`.
    pub fn wait(&mut self, ns: i64, mut end: impl FnMut(C)) {
        if let Some(now) = self.clock.pass(ns) {
            self.expire(now, &mut end);
        }
    }

    /// How many connections there have been.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.created
    }

    /// The capture is over: every connection ends, in order of first packets.
    pub fn finish(&mut self, mut end: impl FnMut(C)) {
        let mut rest: Vec<_> = self.open.drain().map(|(_, connection)| connection).collect();
        rest.sort_by_key(|connection| connection.number);
        rest.into_iter().for_each(|connection| end(connection.finish()));
    }

    /// The number of connections open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    fn expire(&mut self, now: Timestamp, end: &mut impl FnMut(C)) {
        while let Some(&Reverse((due, number, key))) = self.deadlines.peek() {
            if due >= now {
                return;
            }
            self.deadlines.pop();
            if let Some(over) = self.look_again(key, (due, number), now) {
                end(over);
            }
        }
    }

    fn look_again(&mut self, key: FlowKey, entry: (Timestamp, u64), now: Timestamp) -> Option<C> {
        let connection = self.open.get_mut(&key)?;
        // The entry may have been replaced by an earlier one, or its connection by another.
        if entry != (connection.scheduled, connection.number) {
            return None;
        }
        let due = connection.deadline();
        if due < now {
            return self.open.remove(&key).map(|over| over.finish());
        }
        connection.scheduled = due;
        self.deadlines.push(Reverse((due, entry.1, key)));
        None
    }
}
