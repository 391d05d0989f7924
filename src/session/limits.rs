//! The limits of this room.

use super::{LATEST_TLS, SNIFFED, mid_capture, talk};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "session":
    SNIFFED => Bytes, "what decides which protocol it is, by direction", "what a proxy is asked for comes first; then it is unknown";
    LATEST_TLS => Bytes, "plain bytes ahead of TLS: of another protocol, or where STARTTLS has made it due", "greetings, capabilities, or what somebody injected; then it is none";
    talk::MOST_PENDING => Bytes, "text that waits for the other direction", "then it is told as it came";
    mid_capture::LATEST_BORDER => Bytes, "what waits for the first record of a capture that begins late", "a border comes within the longest record; then it is no TLS";
};
