//! The limits of this room.

use super::{deflate, protection, ssl2, store, trial_budget};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "tls::decrypt":
    trial_budget::FREE => Bytes, "tried in vain behind gaps, by the first connection", "less than a tenth of a second";
    trial_budget::FADES_BEHIND => Count, "packets behind which a connection may try a quarter of it", "a ninth behind twice as many: all connections together have as much as so many packets of the first";
    trial_budget::LEAST_KEYS => Count, "RSA keys that each connection without a certificate may try", "those of the narrowest rows; a quick capture may try all";
    trial_budget::FREE_LEAST => Bytes, "tried in vain by the last connection", "dozens of numbers";
    trial_budget::PER_BYTE => Count, "bytes tried in vain for each byte captured", "keeps the time linear in the capture";
    protection::MOST_NUMBERS => Count, "record numbers tried behind a gap", "a hundred thousand bytes lost; then the rest stays closed";
    protection::MOST_LATE_NUMBERS => Count, "record numbers tried where a capture begins late", "hundreds of records are a long session of SMTP";
    protection::MOST_KEYSTREAM => Bytes, "keystream of RC4 searched behind a gap", "the largest window under way; then the rest stays closed";
    ssl2::MOST_LOST => Count, "lost records looked for in SSL 2.0", "more are no packet or two";
    ssl2::MOST_KEYSTREAM => Bytes, "keystream of RC4 searched in SSL 2.0", "the same";
    deflate::LARGEST_CONTENT => Bytes, "what a compressed record may inflate to", "RFC 5246 section 6.2.1; what inflates to more is an attack, and fails";
    store::MOST_SESSIONS => Count, "sessions remembered for resumption", "some minutes of a busy server, 20 MB; the oldest is forgotten";
};
