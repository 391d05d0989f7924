//! The limits of this room.

use super::{percentiles, transcript};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "report":
    transcript::MOST_PACKETS => Count, "packets of a session for `--packets`", "a thousand pages";
    transcript::MOST_BYTES => Bytes, "bytes of a session for `--hex` and `tcpflow`", "the largest mails that servers take by default";
    transcript::MOST_PIECES => Count, "pieces of those bytes", "a byte a piece costs fifty";
    percentiles::MOST_EXACT => Count, "durations kept as they are, by percentile", "of more, counts by size are kept";
};
