//! The limits of this room.

use super::tokens;
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "beside":
    tokens::MOST_BYTES => Bytes, "of a request in which names are looked for", "a policy request has 700";
    tokens::MOST_TOKENS => Count, "names and addresses that are kept of it", "it names one client, a sender and some recipients";
};
