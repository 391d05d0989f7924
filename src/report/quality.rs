//! How good the capture is: what it lacks, what it has twice, what it cut. Facts with their counts.

use std::net::IpAddr;

use serde::Serialize;

use crate::role::PerRole;

/// What the capture is like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Quality {
    /// Packets read.
    pub packets: u64,
    /// Of these, packets in which a TCP segment was found.
    pub tcp_segments: u64,
    /// What the files say of packets that are not in them.
    pub dropped: Dropped,
    /// Packets captured twice, by sender, over the sessions reported.
    pub duplicate_packets: BySender,
    /// Bytes that no captured frame has, by sender, over the sessions reported.
    pub lost_bytes: BySender,
    /// Sessions with such bytes.
    pub sessions_with_loss: u64,
    /// Sessions with one direction captured; who sent it.
    pub one_sided_sessions: BySender,
    /// Packets that the snap length cut.
    pub snaplen_truncated: u64,
    /// TCP checksums.
    pub checksums: Checksums,
    /// Steps back in the times of packets.
    pub clock_steps: ClockSteps,
    /// Link types that are not read.
    pub unsupported_link_types: Vec<SkippedLink>,
    /// Places of files that could not be read.
    pub damaged_places: u64,
    /// Bytes of files passed over to go on behind damage.
    pub skipped_bytes: u64,
}

/// Packets that were lost on the way into the file; null where no file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Dropped {
    /// Packets that the interfaces received.
    pub received: Option<u64>,
    /// Packets that they dropped.
    pub by_interface: Option<u64>,
    /// Packets that the operating system dropped.
    pub by_system: Option<u64>,
    /// Packets lost just before others, as those packets say.
    pub before_packets: u64,
}

impl Dropped {
    /// All of them. What packets say and what interfaces say is often the same.
    #[must_use]
    pub fn total(&self) -> u64 {
        let by_statistics = self.by_interface.unwrap_or(0) + self.by_system.unwrap_or(0);
        by_statistics.max(self.before_packets)
    }
}

/// A count of each end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BySender {
    /// Sent by clients.
    pub client: u64,
    /// Sent by servers.
    pub server: u64,
}

impl BySender {
    /// Of both.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.client + self.server
    }

    pub(crate) fn add(&mut self, counts: PerRole<u64>) {
        self.client += counts.client;
        self.server += counts.server;
    }
}

/// TCP checksums of a sample of the segments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Checksums {
    /// Segments looked at.
    pub checked: u64,
    /// Of these, segments whose checksum is wrong.
    pub wrong: u64,
    /// Who sent them, the most first.
    pub senders: Vec<Sender>,
}

/// A sender of segments with wrong checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sender {
    /// Its address.
    pub ip: IpAddr,
    /// Its segments looked at.
    pub checked: u64,
    /// Of these, segments whose checksum is wrong.
    pub wrong: u64,
}

/// Steps back in the times of a file's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClockSteps {
    /// Packets older than the one before them in the same file.
    pub count: u64,
    /// The largest step, in ns.
    pub largest_ns: i64,
    /// The frame behind it.
    pub frame: Option<u64>,
}

/// A link type that is not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SkippedLink {
    /// libpcap's name.
    pub link_type: String,
    /// Its number.
    pub number: u16,
    /// Packets of it.
    pub packets: u64,
    /// The first of them.
    pub first_frame: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_drops_that_are_told_twice_once() {
        let dropped = Dropped {
            by_interface: Some(3),
            by_system: Some(4),
            before_packets: 5,
            received: None,
        };
        assert_eq!(dropped.total(), 7);
        assert_eq!(Dropped { before_packets: 9, ..dropped }.total(), 9);
    }
}
