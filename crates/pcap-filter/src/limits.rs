//! The limits of this room.

use super::{connection, packet, parse};
use capture_terms::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "filter":
    parse::MAX_LENGTH => Bytes, "a filter", "hundreds of addresses; a longer one is an error";
    parse::MAX_DEPTH => Count, "how deep a filter nests", "the reader of filters is recursive; deeper is an error";
    parse::MAX_OPERATORS => Count, "operators of one sum in a filter", "a sum nests as deep as it has operators; more is an error";
    packet::MOST_PROGRAMS => Count, "link types that a packet filter is kept ready for", "others are made ready again each time";
    connection::MOST_PROGRAMS => Count, "kinds of header that a connection filter is kept ready for", "others are made ready again each time";
};
