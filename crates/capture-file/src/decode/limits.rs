//! The limits of this room.

use super::{MAX_LAYERS, fragment};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "decode":
    MAX_LAYERS => Count, "headers in one frame", "real frames have a dozen; a deeper one is skipped and counted";
    fragment::MOST_DATAGRAMS => Count, "IP datagrams in parts", "the oldest is forgotten first";
    fragment::MOST_BYTES => Bytes, "the bytes of those datagrams together", "the oldest is forgotten first";
    fragment::MOST_RUNS => Count, "separate runs of bytes of one datagram", "four times what 64 KiB in small parts can have; the datagram is given up";
};
