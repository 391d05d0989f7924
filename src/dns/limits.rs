//! The limits of this room.

use super::MOST_RECORDS;
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "dns":
    MOST_RECORDS => Count, "records that are read of one DNS answer", "more than any MX or address list that mail needs";
};
