//! The limits of this room.

use super::{addresses, names};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "redact":
    names::MOST_NAMES => Count, "names of a kind that get a pseudonym of their own", "those beyond share one";
    addresses::MOST_ADDRESSES => Count, "addresses of a version that get a pseudonym of their own", "those beyond become the unspecified one";
};
