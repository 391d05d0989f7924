//! The limits of this room.

use super::batch::Limits;
use super::{copies, first_pass, halves, numbering, sorter, worker, worker_pool};
use crate::limits::{Limit, limits};

/// All of them.
pub const LIMITS: &[Limit] = limits! { "engine":
    first_pass::MOST_WITHOUT_TRAILER => Count, "packets in which a trailer with secrets must show that a pcap file has any", "each frame has one from the first handshake on";
    first_pass::MOST_TRAILERS => Count, "trailers with secrets that are told from each other", "one a session; further ones are not read";
    worker::MOST_OPEN => Count, "connections open at one time in each of 64 shards", "a flood is held to 32 MiB; for one more, that ends which would end first";
    worker::MOST_CLOSED => Count, "closed connections kept for late packets in each of 64 shards", "what a busy relay closes in ten seconds";
    numbering::MOST_WAITING => Count, "reports that wait for their session number", "30 MB at most; beyond, a silent connection counts as no session";
    numbering::MOST_UNDECIDED => Count, "connections that wait for the word on an earlier one", "the same";
    copies::MOST_POINTS => Count, "points of the network at which one connection is looked for", "further ones stay sessions of their own";
    copies::MOST_HELD => Count, "reports that wait for the end of what may be the same connection", "beyond, they are told as they are";
    halves::MOST_KNOWN => Count, "SYNs, answers, and halves that were joined, each, that are remembered", "the oldest are forgotten first";
    sorter::MOST_ATTEMPTS => Count, "attempts to connect to any port that are told where a capture has nothing else", "who knocks at more ports is no mail client";
    Limits::DEFAULT.bytes => Bytes, "a batch of packets", "handing it over costs nothing beside the work";
    Limits::DEFAULT.segments => Count, "segments of a batch", "the same";
    worker_pool::MOST_UNDER_WAY => Count, "batches on their way to workers", "then the reader waits";
};
