//! Every connection open at one time.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};

use super::Conversation;
use super::connection::Connection;
use super::key::FlowKey;
use crate::moment::Timestamp;
use capture_terms::segment::{IcmpError, Segment};

/// The open connections, each with the conversation that lives on it.
pub struct FlowTable<C> {
    /// Boxed: a connection is large, and a map moves what it holds as it grows.
    open: HashMap<FlowKey, Box<Connection<C>>>,
    /// When to look at a connection again.
    deadlines: BinaryHeap<Reverse<(Timestamp, u64, FlowKey)>>,
    limits: TableLimits,
    /// Of the open ones, those that were closed and linger.
    closed: usize,
    crowded_out: u64,
}

/// How much a table holds.
#[derive(Clone, Copy, Debug)]
pub struct TableLimits {
    /// Connections that may be open at one time, 1 at least. For one more, that which would be over
    /// first is over.
    pub open: usize,
    /// Connections that were closed and are kept for packets that come late. For one more, that
    /// which would be over first is over.
    pub closed: usize,
}

impl TableLimits {
    /// As many as there are.
    pub const NONE: Self = Self { open: usize::MAX, closed: usize::MAX };
}

impl<C: Conversation> FlowTable<C> {
    /// A table for so many connections.
    #[must_use]
    pub fn new(limits: TableLimits) -> Self {
        let (open, deadlines) = (HashMap::new(), BinaryHeap::new());
        Self { open, deadlines, limits, closed: 0, crowded_out: 0 }
    }

    /// Takes a segment, and gives the conversation that it belongs to. `begin` makes the conversation
    /// of a new connection, whose number, greater than those before, is `number`; `end` takes the
    /// conversations that are over for it.
    pub fn feed(
        &mut self,
        segment: &Segment<'_>,
        number: u64,
        begin: impl FnOnce() -> C,
        mut end: impl FnMut(C),
    ) -> &mut C {
        let key = FlowKey::new(segment.source, segment.destination);
        let side = key.side_of(segment.source);
        let begin = || Box::new(Connection::new(number, &key, begin()));
        self.make_room(&key, &mut end);
        let connection = match self.open.entry(key) {
            Entry::Vacant(place) => place.insert(begin()),
            Entry::Occupied(place) => {
                let open = place.into_mut();
                if open.is_replaced_by(side, segment) {
                    self.closed -= usize::from(open.is_closed());
                    end(std::mem::replace(open, begin()).finish());
                }
                open
            }
        };
        let was_closed = connection.is_closed();
        connection.accept(side, segment);
        // A reset that turns out to be none opens it again.
        self.closed -= usize::from(was_closed);
        self.closed += usize::from(connection.is_closed());
        // Closing brings the end nearer; everything else only puts it off, which can wait until
        // the deadline is looked at.
        let due = connection.deadline();
        if due < connection.scheduled {
            connection.scheduled = due;
            self.deadlines.push(Reverse((due, connection.number, key)));
        }
        &mut connection.conversation
    }

    /// Takes an error about a packet of a connection, if that is open.
    pub fn note(&mut self, error: &IcmpError) {
        let key = FlowKey::new(error.source, error.destination);
        if let Some(open) = self.open.get_mut(&key) {
            open.note(error);
        }
    }

    /// Connections that were ended to make room for others.
    #[must_use]
    pub fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    /// Makes room for a connection, if it is a new one.
    fn make_room(&mut self, key: &FlowKey, end: &mut impl FnMut(C)) {
        if self.closed > self.limits.closed {
            self.end_earliest().map(&mut *end);
        }
        if self.open.len() >= self.limits.open && !self.open.contains_key(key) {
            self.end_earliest().map(end);
            self.crowded_out += 1;
        }
    }

    /// Ends the connection that would be over first, whenever that is.
    fn end_earliest(&mut self) -> Option<C> {
        self.first_over(Timestamp(i64::MAX))?;
        self.end_first()
    }

    /// When a connection may be over next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.peek().map(|Reverse((due, ..))| *due)
    }

    /// The connection that is over first, if it is before `now`: since when, and its number.
    pub fn first_over(&mut self, now: Timestamp) -> Option<(Timestamp, u64)> {
        while let Some(&Reverse((scheduled, number, key))) = self.deadlines.peek() {
            if scheduled >= now {
                return None;
            }
            let open = self.open.get_mut(&key);
            // The entry may have been replaced by an earlier one, or its connection by another.
            let open = open.filter(|open| (open.scheduled, open.number) == (scheduled, number));
            let due = open.as_ref().map(|open| open.deadline());
            if due == Some(scheduled) {
                return Some((scheduled, number));
            }
            self.deadlines.pop();
            if let (Some(open), Some(due)) = (open, due) {
                open.scheduled = due;
                self.deadlines.push(Reverse((due, number, key)));
            }
        }
        None
    }

    /// Ends the connection that [`first_over`](Self::first_over) told of: what waits on it is handed
    /// on. Gives the conversation that is over.
    pub fn end_first(&mut self) -> Option<C> {
        let Reverse((_, _, key)) = self.deadlines.pop()?;
        self.end(&key)
    }

    /// The capture is over: the numbers of the connections that are open, in order.
    #[must_use]
    pub fn rest(&self) -> Vec<(u64, FlowKey)> {
        let mut rest: Vec<_> = self.open.iter().map(|(key, open)| (open.number, *key)).collect();
        rest.sort_unstable();
        rest
    }

    /// Ends a connection, as [`end_first`](Self::end_first) does.
    pub fn end(&mut self, key: &FlowKey) -> Option<C> {
        let over = self.open.remove(key)?;
        self.closed -= usize::from(over.is_closed());
        Some(over.finish())
    }

    /// The number of connections open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }
}
