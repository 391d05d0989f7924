//! What is known of one input file: the `captures[]` of the report.

use std::fmt;

use crate::moment::Timestamp;

use super::{Damage, DamageKind, LinkType, Statistics};

/// What is known of one input file. Final once [`super::Capture::next_packet`] has returned `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// As given on the command line, `-` for standard input.
    pub path: String,
    /// `None` if it is no capture file.
    pub format: Option<Format>,
    /// `None` if it is not compressed.
    pub compression: Option<Compression>,
    /// The link types its header or interfaces declare, each once, by number.
    pub link_types: Vec<LinkType>,
    /// Packets delivered.
    pub packets: u64,
    /// Bytes of content understood, after decompression: file header and whole records.
    pub bytes: u64,
    /// The earliest packet.
    pub first: Option<Timestamp>,
    /// The latest packet.
    pub last: Option<Timestamp>,
    /// Packets captured with fewer bytes than were on the wire.
    pub snaplen_truncated: u64,
    /// Read to its proper end.
    pub complete: bool,
    /// Why not: the first thing that is wrong with it.
    pub damage: Option<Damage>,
    /// How many places of it could not be read.
    pub damages: u64,
    /// Bytes of content passed over to go on behind damage.
    pub skipped_bytes: u64,
    /// What was put right in it, in the order of the repairs.
    pub repairs: Vec<Repair>,
    /// What it says of packets that it does not have.
    pub statistics: Statistics,
    /// Packets that were lost before others, as those say.
    pub dropped_before_packets: u64,
    /// Packets that are older than the one before them in the file.
    pub clock_steps: ClockSteps,
}

/// Steps back in the times of a file's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSteps {
    /// How many.
    pub count: u64,
    /// The largest, in ns.
    pub largest_ns: i64,
    /// The frame behind the largest.
    pub frame: Option<u64>,
    /// The time of the last packet.
    latest: Option<Timestamp>,
}

impl ClockSteps {
    fn step(&mut self, ts: Timestamp, frame: u64) {
        let back = self.latest.map_or(0, |latest| latest.0.saturating_sub(ts.0));
        self.latest = Some(ts);
        self.count += u64::from(back > 0);
        if back > self.largest_ns {
            (self.largest_ns, self.frame) = (back, Some(frame));
        }
    }
}

impl FileFacts {
    pub(super) fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Sorted, so that thousands of interfaces are entered without a search through all of them.
    pub(super) fn declare(&mut self, link: LinkType) {
        if let Err(place) = self.link_types.binary_search(&link) {
            self.link_types.insert(place, link);
        }
    }

    pub(super) fn count(&mut self, ts: Timestamp, frame: u64, snaplen_truncated: bool) {
        self.packets += 1;
        self.clock_steps.step(ts, frame);
        self.snaplen_truncated += u64::from(snaplen_truncated);
        self.first = Some(self.first.map_or(ts, |first| first.min(ts)));
        self.last = Some(self.last.map_or(ts, |last| last.max(ts)));
    }

    /// The first damage is the one that explains the others.
    pub(super) fn damaged(&mut self, offset: u64, kind: DamageKind) {
        self.complete = false;
        self.damages += 1;
        self.damage.get_or_insert(Damage { offset, kind, resumed: None });
    }

    /// Reading goes on `skipped` bytes behind damage at `offset`. What seemed cut was not: its length
    /// was wrong.
    pub(super) fn mended(&mut self, offset: u64, kind: DamageKind, skipped: u64) {
        let kind = match kind {
            DamageKind::Truncated { needed, .. } => {
                DamageKind::Corrupt(format!("a record claims to be {needed} bytes long"))
            }
            kind => kind,
        };
        self.complete = false;
        self.damages += 1;
        self.skipped_bytes += skipped;
        self.damage.get_or_insert(Damage { offset, kind, resumed: Some(offset + skipped) });
    }
}

/// What a program made for text did to a file, and was undone without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Text stood before the file header, and was passed over.
    TextBefore {
        /// Its length.
        bytes: u64,
    },
    /// Each LF had a CR put before it.
    AddedReturns,
}

impl fmt::Display for Repair {
    /// What was seen and done.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextBefore { bytes } => write!(
                f,
                "{bytes} bytes of text stand before the file header, such as the log lines of a \
                 recorder; they were passed over"
            ),
            Self::AddedReturns => f.write_str(
                "each LF (0A) became CR LF (0D 0A), as a terminal or a transfer in text mode does; \
                 the added bytes were dropped",
            ),
        }
    }
}

impl Repair {
    /// How to get a file that needs no repair.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::TextBefore { .. } => {
                "let the recorder write the file itself (`tcpdump -w FILE`), or keep its messages \
                 apart (`2>log`)"
            }
            Self::AddedReturns => {
                "record without a terminal (`docker run` and `kubectl exec` without `-t`), and copy \
                 in binary mode"
            }
        }
    }
}

/// A capture file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// libpcap's own, draft-ietf-opsawg-pcap.
    Pcap,
    /// draft-ietf-opsawg-pcapng.
    Pcapng,
}

impl Format {
    /// `pcap` or `pcapng`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A compression around a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The LZ4 frame format.
    Lz4,
    /// The .xz file format.
    Xz,
}

impl Compression {
    /// `gzip`, `zstd`, `lz4` or `xz`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_each_link_type_once() {
        let mut facts = FileFacts::new("x");
        [1, 276, 1, 0].into_iter().for_each(|link| facts.declare(LinkType(link)));
        assert_eq!(facts.link_types, [LinkType(0), LinkType(1), LinkType(276)]);
    }

    #[test]
    fn counts_the_steps_back_of_the_clock() {
        let mut facts = FileFacts::new("x");
        let times = [5, 7, 6, 9, 2, 3];
        for (frame, ts) in (1..).zip(times) {
            facts.count(Timestamp(ts), frame, false);
        }
        let steps = facts.clock_steps;
        assert_eq!((steps.count, steps.largest_ns, steps.frame), (2, 7, Some(5)));
    }

    #[test]
    fn keeps_the_first_damage() {
        let mut facts = FileFacts::new("x");
        facts.damaged(3, DamageKind::Empty);
        facts.damaged(9, DamageKind::corrupt("later"));
        assert_eq!(
            facts.damage,
            Some(Damage { offset: 3, kind: DamageKind::Empty, resumed: None })
        );
    }
}
