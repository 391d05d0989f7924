//! The limits of this room.

use super::recorder;
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "record":
    recorder::MOST_ENTRIES => Count, "entries of a session's timeline", "more is a stress test; its counts stay right";
    recorder::MOST_EXCHANGES => Count, "exchanges of a session", "the same";
    recorder::MOST_BODY => Bytes, "a body under `--reveal body`", "enough to see what it is";
};
