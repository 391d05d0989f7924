//! The limits of this room.

use super::masked_stream::names;
use super::{mask, runs, secrets};
use crate::limits::{Limit, limits};

/// All of them.
pub(crate) const LIMITS: &[Limit] = limits! { "export":
    mask::MOST_HELD => Bytes, "exported bytes that may still turn out to be a secret, by direction", "then they are masked";
    runs::RUN => Bytes, "what `export pcapng-plain` and `anonymize` sort of a session before it writes it aside", "what a connection costs while it is open";
    names::LONGEST_LINE => Bytes, "a line whose names are to be blanked", "a longer one is blanked in parts";
    secrets::LINES_OF_A_BLOCK => Count, "secrets put into words at a time", "less than 1 MiB";
};
