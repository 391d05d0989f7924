//! The limits of this room.

use super::{
    auth, content, dialogue, dkim, echo, fields, line, mime, open, proxy, reply, transaction,
};
use capture_terms::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "smtp":
    echo::MOST_REMEMBERED => Bytes, "secrets that are masked where a server repeats them", "several attempts with the longest responses";
    line::MAX_LINE => Bytes, "one line", "the longest that any extension knows (RFC 4954 section 4); a longer one is cut and counted to its end";
    reply::MAX_REPLY => Bytes, "one reply", "far more than any EHLO has; further lines are counted";
    reply::MAX_REPLY_LINES => Count, "lines of one reply", "an empty line costs memory too";
    open::MAX_OPEN => Count, "commands that wait for replies", "thousands of pipelined recipients; then the oldest counts as unanswered";
    open::MAX_OPEN_BYTES => Bytes, "their bytes", "the same";
    open::MAX_REPLY_TEXTS => Bytes, "LMTP's replies to one message", "a report shows a few";
    transaction::MAX_RECIPIENT_BYTES => Bytes, "recipients of a transaction, with the replies to them", "tens of thousands; the others are counted";
    content::MAX_HEADER => Bytes, "what is read of a message's header", "Postfix's own limit";
    fields::MOST_ADDRESSES => Count, "addresses of one field", "the others are counted";
    fields::MAX_VALUE => Count, "characters of one value", "four lines of the longest kind (RFC 5322 section 2.1.1)";
    mime::MAX_BOUNDARY_LINE => Bytes, "a boundary line", "three times RFC 2046 section 5.1.1";
    mime::MAX_PART_HEADER => Bytes, "the header of a part", "the rest is not read";
    mime::MOST_LEVELS => Count, "multiparts within multiparts", "Postfix refuses more";
    mime::MOST_PARTS => Count, "parts of a message that are told", "those beyond are passed over";
    dkim::MOST_SIGNATURES => Count, "DKIM signatures of a message", "a list adds one; further ones are not checked";
    dkim::GATHERED => Bytes, "bytes of each that are not hashed yet", "many small runs are slower than one";
    auth::MAX_USER => Bytes, "a user name", "four times RFC 4616 section 2";
    proxy::MAX_KEPT => Bytes, "a binary PROXY header", "its fixed part and two IPv6 addresses; the rest is skipped";
    dialogue::MAX_FINDINGS => Count, "findings of one code, by dialogue", "the first show what is wrong";
};
