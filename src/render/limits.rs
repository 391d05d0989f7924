//! The limits of this room.

use super::html::packets;
use super::text;
use crate::limits::{Limit, limits};

/// All of them.
pub(crate) const LIMITS: &[Limit] = limits! { "render":
    super::tlsrpt::MOST_POLICIES => Count, "policies of a `tlsrpt` report, and failures of each", "sessions beyond are left out of it";
    text::MOST_HELD => Bytes, "text held back so that the list of sessions stands first", "then the list stands last";
    text::spread::MOST_SERVERS => Count, "servers with percentiles of their own", "the others count for all";
    packets::MOST_PACKETS => Count, "packets on an HTML page", "300 bytes each; the others are counted";
    packets::MOST_BYTES => Bytes, "bytes in hex on an HTML page", "five on the page for each";
};
