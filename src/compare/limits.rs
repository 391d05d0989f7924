//! The limits of this room.

use super::{course, side};
use crate::limits::{Limit, limits};

/// All of them.
pub(crate) const LIMITS: &[Limit] = limits! { "compare":
    course::MOST_EXCHANGES => Count, "exchanges of a session that are compared", "more is a stress test";
    side::MOST_SAMPLES => Count, "sessions of a side whose times are kept", "290 MB; all are counted";
    side::MOST_SHAPES => Count, "ways to negotiate that are told apart on a side", "more is a capture of attacks";
};
