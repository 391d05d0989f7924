//! The limits of this room.

use super::elsewhere::{self, origins};
use super::key_audit::{self, auditor};
use super::{percentiles, quality, recorder, redact, summary, timing, transcript};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "report":
    recorder::MOST_ENTRIES => Count, "entries of a session's timeline", "more is a stress test; its counts stay right";
    recorder::MOST_EXCHANGES => Count, "exchanges of a session", "the same";
    recorder::MOST_BODY => Bytes, "a body under `--reveal body`", "enough to see what it is";
    transcript::MOST_PACKETS => Count, "packets of a session for `--packets`", "a thousand pages";
    transcript::MOST_BYTES => Bytes, "bytes of a session for `--hex` and `tcpflow`", "the largest mails that servers take by default";
    transcript::MOST_PIECES => Count, "pieces of those bytes", "a byte a piece costs fifty";
    timing::turns::MOST_TURNS => Count, "turns that timing keeps one by one", "no transfer that flows has as many";
    percentiles::MOST_EXACT => Count, "durations kept as they are, by percentile", "of more, counts by size are kept";
    quality::MOST_SENDERS => Count, "senders whose checksums are counted", "more than the hosts of a mail system; others are not checked";
    quality::MOST_NAMED => Count, "senders that the report names", "all are counted";
    summary::MOST_ORIGINS => Count, "missing origins that are told", "the sessions have them too";
    redact::names::MOST_NAMES => Count, "names of a kind that get a pseudonym of their own", "those beyond share one";
    redact::addresses::MOST_ADDRESSES => Count, "addresses of a version that get a pseudonym of their own", "those beyond become the unspecified one";
    elsewhere::MOST_SERVERS => Count, "servers of which other sessions are remembered", "some megabytes; the oldest is forgotten";
    elsewhere::MOST_NAMES => Count, "versions, suites and certificates of each", "more than are in use";
    elsewhere::MOST_FINDINGS => Count, "findings of the capture on such servers", "the sessions have them too";
    origins::MOST_HANDLES => Count, "names of unopened sessions that others may resume", "those of the last minutes of a busy server; the oldest is forgotten";
    key_audit::MOST_NAMED => Count, "sessions, servers and lines that each list of `keys` has", "of more the count is told";
    auditor::MOST_HANDLES => Count, "sessions to be resumed that `keys` remembers", "as many as the search for secrets remembers";
    auditor::MOST_SECRETS => Count, "sessions without a secret that `keys` names", "20 MB; the others are counted";
};
