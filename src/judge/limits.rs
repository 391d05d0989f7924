//! The limits of this room.

use super::elsewhere::{self, origins};
use super::{auditor, quality, summary, timing};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "judge":
    timing::turns::MOST_TURNS => Count, "turns that timing keeps one by one", "no transfer that flows has as many";
    quality::MOST_SENDERS => Count, "senders whose checksums are counted", "more than the hosts of a mail system; others are not checked";
    quality::MOST_NAMED => Count, "senders that the report names", "all are counted";
    summary::MOST_ORIGINS => Count, "missing origins that are told", "the sessions have them too";
    elsewhere::MOST_SERVERS => Count, "servers of which other sessions are remembered", "some megabytes; the oldest is forgotten";
    elsewhere::MOST_MESSAGES => Count, "messages that are remembered of a server", "a client that sends one again does so soon; later ones are not told as twice";
    elsewhere::MOST_NAMES => Count, "versions, suites and certificates of each", "more than are in use";
    elsewhere::MOST_FINDINGS => Count, "findings of the capture on such servers", "the sessions have them too";
    origins::MOST_HANDLES => Count, "names of unopened sessions that others may resume", "those of the last minutes of a busy server; the oldest is forgotten";
    auditor::MOST_NAMED => Count, "sessions, servers and lines that each list of `keys` has", "of more the count is told";
    auditor::MOST_HANDLES => Count, "sessions to be resumed that `keys` remembers", "as many as the search for secrets remembers";
    auditor::MOST_SECRETS => Count, "sessions without a secret that `keys` names", "20 MB; the others are counted";
};
