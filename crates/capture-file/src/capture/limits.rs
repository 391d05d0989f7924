//! The limits of this room.

use super::pcapng::interface;
use super::{block, mangled, members, merge, pcapng, secrets, seek};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "capture":
    block::BLOCK_SIZE => Bytes, "the read window of an open file", "a thousand packets share a system call";
    block::MAX_RECORD => Bytes, "one packet or block of a file", "thirty times the largest frame; a longer one is damage, and what follows is searched";
    merge::PROBE_SIZE => Bytes, "what is read of a file to learn when it starts", "the first packet is near the front";
    mangled::MOST_TEXT => Bytes, "text before a file header", "some pages of a recorder's log; with more it is no capture";
    mangled::MOST_EXAMINED => Bytes, "what is looked at to learn whether a terminal changed line ends", "a binary field with an LF comes long before";
    members::MAX_WINDOW => Bytes, "how far back compressed data may point", "what `zstd -d` allows; a file that asks for more is refused";
    seek::MAX_SEARCH => Bytes, "how far behind damage a border is looked for", "longer than what a disk loses in one piece; then the file ends there";
    merge::MOST_MENDED => Count, "damaged places of a file behind which reading goes on", "each costs a search; a file with more is rubble and ends there";
    pcapng::MAX_INTERFACES => Count, "interfaces of a pcapng section", "more than any machine has; a further one is damage";
    interface::MOST_DESCRIBED => Bytes, "what a pcapng file says of an interface, kept for a copy", "a name, a filter and more; the rest is left out";
    secrets::MAX_HELD => Bytes, "secrets blocks not yet taken", "the secrets of 350,000 sessions; further ones are dropped";
};
