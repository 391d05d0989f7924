//! The limits of this room.

use super::{
    candidate, carrier, deliveries, explain, kinship, lookups, surroundings, telling, terms,
};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "story":
    lookups::MOST_LOOKUPS => Count, "DNS lookups that are remembered", "those of some minutes of a busy relay; the oldest is forgotten";
    lookups::MOST_FRAMES => Count, "frames of one lookup that are named", "a resolver asks four times at most";
    surroundings::MOST_WAITS => Count, "waits of other connections that are remembered", "the oldest is forgotten";
    surroundings::MOST_KNOCKS => Count, "repeated connection attempts that are remembered", "the same";
    surroundings::MOST_NEIGHBOURS => Count, "neighbours that nobody answers for", "the same";
    terms::MOST_NAMES => Count, "names that are followed for one session", "an SPF record may ask for ten";
    candidate::MOST_LOOKED_THROUGH => Count, "lookups that are looked through for one wait", "the latest ones";
    explain::MOST_RELATED => Count, "entries of `related`", "the first ones are told";
    carrier::MOST_RECIPIENTS => Count, "recipients of one transaction by which deliveries are told apart", "the session has them all";
    deliveries::MOST_CARRIERS => Count, "transactions and attempts that become deliveries", "further ones stand in their sessions alone";
    kinship::MOST_PENDING => Count, "attempts that wait for the next, for each host and domain", "the same";
    telling::MOST_STEPS => Count, "steps of one delivery", "a list has no more hops";
    telling::MOST_NAMED => Count, "recipients that a delivery names", "its sessions name them all";
};
