//! The limits of this room.

use super::{percentiles, quality, recorder, redact, summary, timing, transcript};
use crate::limits::{Limit, limits};

/// All of them.
pub(crate) const LIMITS: &[Limit] = limits! { "report":
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
};
