//! One worker: its connections, from first packet to end.

use std::sync::Arc;

use super::SHARDS;
use super::batch::{Clocks, Part, Stamped};
use super::event::{Event, Place, What};
use super::setup::Setup;
use super::tap::Tap;
use super::watched::Watched;
use crate::decode::Content;
use crate::flow::{FlowTable, TableLimits};
use crate::moment::Timestamp;
use crate::record::Recorder;
use crate::session::Session;
use crate::tls::Keys;

/// Connections that may be open at one time in each of the [`SHARDS`]. A half-open one costs about
/// 2.6 KiB, so a flood of them is held to 32 MiB; a mail relay has some hundreds, or thousands, open.
pub(super) const MOST_OPEN: usize = (12 << 10) / SHARDS;

/// Closed connections that are kept for late packets in each of the [`SHARDS`]: a thousand in all,
/// which is what a busy relay closes in ten seconds. One costs some 30 KiB until it is told.
pub(super) const MOST_CLOSED: usize = 1024 / SHARDS;

const LIMITS: TableLimits = TableLimits { open: MOST_OPEN, closed: MOST_CLOSED };

/// What is due at no time of its own.
const NO_TIME: Timestamp = Timestamp(i64::MIN);

/// Makes the tap of a connection, from its number.
pub(super) type TapMaker<'t> = dyn Fn(u64) -> Option<Box<dyn Tap>> + Sync + 't;

/// Reads the segments of some shards, each in order.
pub(super) struct Worker<'t> {
    setup: Arc<Setup>,
    tap: &'t TapMaker<'t>,
    /// Those of other workers stay empty.
    shards: Vec<FlowTable<Watched>>,
    /// The keys of each shard: what may wait in it is the same for any number of workers.
    keys: Vec<Keys>,
    /// No connection is over before.
    next_deadline: Timestamp,
}

impl<'t> Worker<'t> {
    /// A worker that goes its own way through what `setup` shares with others.
    pub(super) fn new(setup: Arc<Setup>, tap: &'t TapMaker<'t>) -> Self {
        let shards = (0..SHARDS).map(|_| FlowTable::new(LIMITS)).collect();
        let keys = (0..SHARDS).map(|_| setup.keys.with_room()).collect();
        Self { setup, tap, shards, keys, next_deadline: Timestamp(i64::MAX) }
    }

    /// Does its part of a batch.
    pub(super) fn work(&mut self, part: &mut Part) {
        let mut events = std::mem::take(&mut part.events);
        let coming = part.segments().map(|stamped| stamped.content);
        self.setup.keys.look_ahead(coming.map(|content| (content.ends().1, content.payload())));
        for stamped in part.segments() {
            self.expire(&part.clocks, part.clocks.at(stamped.number), &mut events);
            self.advance(Place::at(stamped.number), 0);
            self.feed(&stamped, &mut events);
        }
        if let Some(now) = part.clocks.last() {
            self.expire(&part.clocks, now, &mut events);
        }
        let mut next = Place::before(part.clocks.end());
        if part.is_last {
            self.finish(part.clocks.end(), &mut events);
            part.crowded_out = self.shards.iter().map(FlowTable::crowded_out).sum();
            next = Place::LAST;
        }
        self.advance(next, 0);
        part.events = events;
    }

    fn advance(&self, place: Place, connection: u64) {
        self.setup.keys.advance(place.0, connection);
    }

    fn feed(&mut self, stamped: &Stamped<'_>, events: &mut Vec<Event>) {
        let Stamped { number, shard, makes_wanted, ref content } = *stamped;
        let (Some(table), Some(keys)) = (self.shards.get_mut(shard), self.keys.get(shard)) else {
            return;
        };
        let segment = match content {
            Content::Segment(segment) => segment,
            Content::Error(error) => return table.note(error),
            Content::Beside(_) => return,
        };
        let mut tell = |connection, what| {
            events.push(Event { place: Place::at(number), due: NO_TIME, connection, what });
        };
        let (setup, tap) = (&self.setup, self.tap);
        let begin = || {
            let audience = (Recorder::new(setup.reveal), tap(number));
            Watched::new(Session::new(number, keys.clone(), setup.all_tls, audience))
        };
        let watched = table.feed(segment, number, begin, |over| {
            tell(over.number(), over.into_end(&setup.slow));
        });
        if watched.number() == number {
            tell(number, What::Began);
        }
        if segment.flags.syn() && !segment.flags.ack() && watched.is_first_syn() {
            tell(watched.number(), What::Syn(segment.seq, segment.at.ts));
        }
        watched.on_packet(makes_wanted);
        watched.watch(segment, |seen| tell(number, What::Beside(seen)));
        if let Some(is_session) = watched.news() {
            tell(watched.number(), What::Decided(is_session));
        }
        let deadline = table.next_deadline().unwrap_or(self.next_deadline);
        self.next_deadline = self.next_deadline.min(deadline);
    }

    /// Ends the connections that are over before `now`, in the order of their ends.
    fn expire(&mut self, clocks: &Clocks, now: Timestamp, events: &mut Vec<Event>) {
        if now <= self.next_deadline {
            return;
        }
        while let Some((due, connection, shard)) = self.first_over(now) {
            let place = Place::before(clocks.first_after(due));
            self.advance(place, connection);
            let over = self.shards.get_mut(shard).and_then(FlowTable::end_first);
            let what = over.map(|over| over.into_end(&self.setup.slow));
            events.extend(what.map(|what| Event { place, due, connection, what }));
        }
        let deadlines = self.shards.iter().filter_map(FlowTable::next_deadline);
        self.next_deadline = deadlines.min().unwrap_or(Timestamp(i64::MAX));
    }

    fn first_over(&mut self, now: Timestamp) -> Option<(Timestamp, u64, usize)> {
        let shards = self.shards.iter_mut().enumerate();
        let over = shards.filter_map(|(shard, table)| {
            let (due, connection) = table.first_over(now)?;
            Some((due, connection, shard))
        });
        over.min()
    }

    /// Nothing more will come: every connection ends, in order of first packets.
    fn finish(&mut self, end: u64, events: &mut Vec<Event>) {
        let tables = self.shards.iter().enumerate();
        let rest = tables.flat_map(|(shard, table)| {
            table.rest().into_iter().map(move |(connection, key)| (connection, key, shard))
        });
        let mut rest: Vec<_> = rest.collect();
        rest.sort_unstable();
        for (connection, key, shard) in rest {
            let place = Place::behind(end, connection);
            self.advance(place, connection);
            let over = self.shards.get_mut(shard).and_then(|table| table.end(&key));
            let what = over.map(|over| over.into_end(&self.setup.slow));
            events.extend(what.map(|what| Event { place, due: NO_TIME, connection, what }));
        }
    }
}
