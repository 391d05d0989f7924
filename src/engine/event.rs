//! What workers tell of connections, and the one order of everything that happens in a run.

use super::ended::Ended;
use crate::beside::Observation;
use crate::moment::Timestamp;

/// A place in the order of a run. Before each segment, connections end whose time has come; behind
/// the last, all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u64);

impl Place {
    /// Behind everything.
    pub(super) const LAST: Self = Self(u64::MAX);

    /// Ahead of a segment.
    pub(super) fn before(segment: u64) -> Self {
        Self(segment * 2)
    }

    /// At a segment.
    pub(super) fn at(segment: u64) -> Self {
        Self(segment * 2 + 1)
    }

    /// Behind all segments before `end`, one place for each connection.
    pub(super) fn behind(end: u64, connection: u64) -> Self {
        Self(end * 2 + connection)
    }
}

/// Something that a worker tells of a connection.
pub(super) struct Event {
    pub(super) place: Place,
    /// Orders what ends at one place: since when it was over.
    pub(super) due: Timestamp,
    /// The connection, by the number of its first segment.
    pub(super) connection: u64,
    pub(super) what: What,
}

pub(super) enum What {
    Began,
    /// The client's SYN came, with this sequence number, at this time.
    Syn(u32, Timestamp),
    /// Whether it is a session; only the first word on a connection counts.
    Decided(bool),
    /// It is over, and the selection does not take it; its packets.
    Unwanted(u64),
    Ended(Ended),
    /// Something passed beside the sessions.
    Beside(Observation),
}

impl Event {
    /// The order in which one worker alone would tell it. What one segment causes stays in its order.
    pub(super) fn order(&self) -> (Place, Timestamp, u64) {
        let is_expiry = self.due > Timestamp(i64::MIN);
        (self.place, self.due, if is_expiry { self.connection } else { 0 })
    }
}
