//! The limits of this room.

use crate::stream;
use crate::terms::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "secret-sources":
    stream::PIECE => Bytes, "a session file, cache or dump in memory at a time", "the rest is read as it is needed";
};
