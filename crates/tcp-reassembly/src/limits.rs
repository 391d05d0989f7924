//! The limits of this room.

use super::{
    clock, connection, delivery, half, holes, recent_segments, sightings, under_way, window,
};
use capture_terms::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "flow":
    delivery::ARRIVED.segments => Count, "segments that wait for acknowledged bytes, by connection", "no queue swaps more packets; then the bytes are lost";
    delivery::ARRIVED.bytes => Bytes, "their bytes", "the same";
    delivery::ARRIVED.ns => Nanoseconds, "how long they wait", "no retransmission will come";
    delivery::UNDER_WAY.segments => Count, "segments that wait for bytes not acknowledged, by connection", "a window full; then the bytes are lost";
    delivery::UNDER_WAY.bytes => Bytes, "their bytes", "the same";
    delivery::UNDER_WAY.ns => Nanoseconds, "how long they wait", "the longest retransmission timer (RFC 6298 section 2.4)";
    half::LARGEST_WINDOW => Bytes, "how far a sequence number may be from what is expected", "the largest window of TCP (RFC 7323 section 2.3); the segment is not of this connection";
    half::BEYOND_WINDOW => Bytes, "how far beyond the peer's window a segment may lie", "acknowledgements may be missing; further away it is damaged";
    recent_segments::REMEMBERED => Count, "segments handed on whose digests are kept, by direction", "retransmissions come within a window";
    connection::LINGER => Nanoseconds, "how long a closed connection is kept", "for packets that come late";
    connection::LINGER_UNHEARD => Nanoseconds, "how long one is kept whose end nobody acknowledged", "an end that has not heard sends again (RFC 6298 section 2.4)";
    connection::SYN_TIMEOUT => Nanoseconds, "how long one is kept that never got further than its SYN", "Linux stops trying after 127 s";
    connection::IDLE_TIMEOUT => Nanoseconds, "how long one is kept without a packet", "the longest timeout of SMTP is 10 min (RFC 5321 section 4.5.3.2.6)";
    connection::MOST_ERRORS => Count, "ICMP errors that are kept, by connection", "the first tell what is wrong";
    under_way::MOST_UNDER_WAY => Count, "segments not acknowledged whose moments are kept, by direction", "only the first and the last matter";
    sightings::REMEMBERED_PACKETS => Count, "packets that are known again when they are captured twice, by direction", "later copies are known by the sender's clock or count alone";
    holes::MOST_HOLES => Count, "runs of bytes jumped over that are kept, by direction", "what fills an older one counts as sent again";
    window::MOST_CLOSURES => Count, "times that a window was closed, by direction", "the waits beyond them are not moved to their owner";
    clock::LARGEST_STEP => Nanoseconds, "how far one frame moves the clock that ages connections", "one damaged time must not age them all";
};
