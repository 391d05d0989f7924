//! How good the capture is: what it lacks, what it has twice, what it cut. Facts with their counts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::capture::{FileFacts, LinkType, Statistics};
use crate::moment::seconds;
use crate::report::codes::{self, Severity};
use crate::report::findings::Finding;
use crate::report::quality::{Checksums, ClockSteps, Quality, Sender, SkippedLink};
use crate::report::session::SessionReport;
use crate::role::Role;

/// Senders whose checksums are counted apart. More than the hosts of a mail system; what others send
/// is not checked.
pub(super) const MOST_SENDERS: usize = 4096;

/// Senders that the report names.
pub(super) const MOST_NAMED: usize = 16;

/// Fewer segments with a wrong checksum may be chance.
const FEWEST_WRONG: u64 = 4;

/// A clock that is set goes back by more than packets that overtake each other, in ns (100 ms).
const CLOCK_STEP: i64 = 100_000_000;

/// Collects what the packets and sessions tell.
#[derive(Debug, Default)]
pub struct QualityCounter {
    quality: Quality,
    senders: BTreeMap<IpAddr, Sender>,
    unsupported: BTreeMap<LinkType, (u64, u64)>,
}

impl QualityCounter {
    /// A packet with a TCP segment.
    pub fn segment(&mut self) {
        self.quality.tcp_segments += 1;
    }

    /// A packet of a link type that is not read.
    pub fn unsupported(&mut self, link: LinkType, frame: u64) {
        self.unsupported.entry(link).or_insert((0, frame)).0 += 1;
    }

    /// A checksum that was looked at.
    pub fn checksum(&mut self, ip: IpAddr, is_right: bool) {
        if self.senders.len() >= MOST_SENDERS && !self.senders.contains_key(&ip) {
            return;
        }
        let sender = self.senders.entry(ip).or_insert(Sender { ip, checked: 0, wrong: 0 });
        sender.checked += 1;
        sender.wrong += u64::from(!is_right);
    }

    /// A session that is reported.
    pub fn session(&mut self, session: &SessionReport) {
        let (tcp, quality) = (&session.tcp, &mut self.quality);
        quality.duplicate_packets.add(tcp.duplicate_packets);
        quality.lost_bytes.add(tcp.lost_bytes);
        let has_loss = Role::BOTH.into_iter().any(|role| tcp.lost_bytes[role] > 0);
        quality.sessions_with_loss += u64::from(has_loss);
        if session.findings.iter().any(|finding| finding.code == codes::TCP_ONE_SIDED) {
            let was_seen = |bytes: u64| u64::from(bytes > 0);
            quality.one_sided_sessions.client += was_seen(tcp.bytes.client);
            quality.one_sided_sessions.server += was_seen(tcp.bytes.server);
        }
    }

    /// Everything, when the files are read.
    #[must_use]
    pub fn conclude<'f>(mut self, files: impl Iterator<Item = &'f FileFacts>) -> Quality {
        let mut statistics = Statistics::default();
        for file in files {
            statistics = statistics.plus(file.statistics);
            self.quality.file(file);
        }
        self.quality.dropped.received = statistics.received;
        self.quality.dropped.by_interface = statistics.dropped_by_interface;
        self.quality.dropped.by_system = statistics.dropped_by_system;
        self.quality.checksums = checksums(self.senders.into_values().collect());
        self.quality.unsupported_link_types =
            self.unsupported.into_iter().map(skipped_link).collect();
        self.quality
    }
}

fn skipped_link((link, (packets, first_frame)): (LinkType, (u64, u64))) -> SkippedLink {
    SkippedLink { link_type: link.to_string(), number: link.0, packets, first_frame }
}

fn checksums(mut senders: Vec<Sender>) -> Checksums {
    let checked = senders.iter().map(|sender| sender.checked).sum();
    let wrong = senders.iter().map(|sender| sender.wrong).sum();
    senders.retain(|sender| sender.wrong > 0);
    senders.sort_by_key(|sender| std::cmp::Reverse(sender.wrong));
    senders.truncate(MOST_NAMED);
    Checksums { checked, wrong, senders }
}

impl Quality {
    fn file(&mut self, file: &FileFacts) {
        self.packets += file.packets;
        self.snaplen_truncated += file.snaplen_truncated;
        // A file that could not be opened is told as such.
        if file.format.is_some() {
            self.damaged_places += file.damages;
        }
        self.skipped_bytes += file.skipped_bytes;
        self.dropped.before_packets += file.dropped_before_packets;
        self.clock_steps.count += file.clock_steps.count;
        if file.clock_steps.largest_ns > self.clock_steps.largest_ns {
            self.clock_steps.largest_ns = file.clock_steps.largest_ns;
            self.clock_steps.frame = file.clock_steps.frame;
        }
    }

    /// The sender whose checksums its network card was to fill in: all of its are wrong, and those of
    /// others are right. Where all senders' are wrong, both ends are on one host.
    #[must_use]
    pub fn offloading_sender(&self) -> Option<Sender> {
        let [sender] = self.checksums.senders[..] else { return None };
        let others_are_right = self.checksums.checked > sender.checked;
        let all_wrong = sender.wrong >= FEWEST_WRONG && sender.wrong * 10 >= sender.checked * 9;
        (others_are_right && all_wrong).then_some(sender)
    }

    /// What is worth a finding.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<_> = self.unsupported_link_types.iter().map(unsupported).collect();
        found.extend(self.drops());
        found.extend(self.duplicates());
        found.extend(self.offload());
        found.extend(self.clock());
        found
    }

    fn drops(&self) -> Option<Finding> {
        let dropped = self.dropped.total();
        let message =
            format!("{dropped} packets were dropped on their way into the file, as it says");
        (dropped > 0).then(|| {
            Finding::new(codes::CAPTURE_DROPPED, Severity::Warning, message)
                .hint("use a larger buffer and whole packets: `tcpdump -B 65536 -s 0`, or a capture filter")
        })
    }

    fn duplicates(&self) -> Option<Finding> {
        let duplicates = self.duplicate_packets.total();
        let message =
            format!("{duplicates} packets of the sessions were captured twice; each was read once");
        (duplicates > 0).then(|| {
            Finding::new(codes::CAPTURE_DUPLICATES, Severity::Info, message).hint(
                "capture on one interface instead of `-i any`, a bond or both sides of a mirror",
            )
        })
    }

    fn offload(&self) -> Option<Finding> {
        let Sender { ip, checked, wrong } = self.offloading_sender()?;
        let message = format!(
            "{wrong} of {checked} TCP checksums of {ip} are wrong, those of the others are right: captured \
             on that host, before its network card filled them in; the packets were read"
        );
        Some(
            Finding::new(codes::CAPTURE_CHECKSUM_OFFLOAD, Severity::Info, message)
                .hint("nothing is wrong with the packets on the wire; `ethtool -K eth0 tx off` shows true checksums"),
        )
    }

    fn clock(&self) -> Option<Finding> {
        let ClockSteps { count, largest_ns, frame } = self.clock_steps;
        let step = seconds(largest_ns);
        let message = format!(
            "the times of packets go back {count} times, by up to {step}: durations \
             across such a step are wrong"
        );
        (largest_ns >= CLOCK_STEP).then(|| {
            Finding::new(codes::CAPTURE_CLOCK_STEP, Severity::Warning, message).at(frame).hint(
                "let NTP slew the clock of the capturing host, or merge files with `mergecap`",
            )
        })
    }
}

fn unsupported(link: &SkippedLink) -> Finding {
    let SkippedLink { link_type, number, packets, first_frame } = link;
    let message =
        format!("{packets} frames have the link type {link_type} ({number}), which is not read");
    Finding::new(codes::CAPTURE_UNSUPPORTED_LINK_TYPE, Severity::Warning, message)
        .at(*first_frame)
        .hint("capture on an Ethernet or `any` interface, or convert the file with editcap")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(wrong: &[(u8, u64, u64)]) -> Quality {
        let mut counter = QualityCounter::default();
        for &(host, right, wrong) in wrong {
            let ip = IpAddr::from([192, 0, 2, host]);
            (0..right).for_each(|_| counter.checksum(ip, true));
            (0..wrong).for_each(|_| counter.checksum(ip, false));
        }
        counter.conclude(std::iter::empty())
    }

    #[test]
    fn knows_offload_by_one_sender_alone() {
        let quality = counted(&[(1, 0, 20), (2, 20, 0)]);
        assert_eq!(quality.offloading_sender().map(|sender| sender.wrong), Some(20));
        assert_eq!(quality.findings()[0].code, codes::CAPTURE_CHECKSUM_OFFLOAD);
    }

    #[test]
    fn does_not_take_loopback_or_damage_for_offload() {
        assert_eq!(counted(&[(1, 0, 40)]).offloading_sender(), None);
        assert_eq!(counted(&[(1, 0, 20), (2, 0, 20)]).offloading_sender(), None);
        assert_eq!(counted(&[(1, 18, 2), (2, 20, 0)]).offloading_sender(), None);
    }
}
