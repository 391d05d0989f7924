//! The reference engine: one thread, packet by packet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chooser::{Chooser, Ends, Watched};
use super::numbering::Numbering;
use crate::capture::{Capture, DamageKind, FileFacts, Secrets};
use crate::decode::{self, Decoder, FragmentFacts, Headers, Segment, Skip, checksum};
use crate::flow::FlowTable;
use crate::report::{
    Elsewhere, Finding, Quality, QualityCounter, SessionReport, Severity, SkippedFrames, Summary,
};
use crate::session::{Ended, Session, Setup, Tap};

/// The first so many segments have their checksums looked at, and every so many of the others: a
/// pattern shows as well in a sample, and sums cost time.
const CHECKED_FIRST: u64 = 10_000;
const CHECKED_OF: u64 = 64;

/// What a reader that says `WouldBlock` has waited for more, in ns.
const QUIET: i64 = 1_000_000_000;

/// What is left to say when every session has been said.
#[derive(Debug, Default)]
pub struct Totals {
    /// Counts over the whole run.
    pub summary: Summary,
    /// How good the capture is.
    pub quality: Quality,
    /// Findings that belong to no session.
    pub findings: Vec<Finding>,
}

/// Reads `capture` to its end. `tap` makes the tap of each connection, from its number;
/// `on_session` takes the sessions in the order in which they end.
pub fn run(
    capture: &mut Capture,
    setup: &Arc<Setup>,
    mut tap: impl FnMut(u64) -> Option<Box<dyn Tap>>,
    mut on_session: impl FnMut(SessionReport),
) -> Totals {
    let mut decoder = Decoder::new();
    let mut table = FlowTable::default();
    let mut sorter = Sorter::default();
    let mut skipped = Skipped::default();
    let mut secrets = Vec::new();
    let mut chooser = Chooser::new(&setup.selection);
    let takes_all = !setup.selection.is_by_connection();
    loop {
        // A block of secrets serves the packets behind it.
        secrets.extend(take_secrets(capture, setup, sorter.summary.packets));
        let Some(packet) = capture.next_packet() else {
            if !capture.is_waiting() {
                break;
            }
            table.wait(QUIET, |ended| sorter.end(ended));
            sorter.flush(&mut on_session);
            continue;
        };
        sorter.summary.packets += 1;
        if !chooser.takes_packet(&packet) {
            continue;
        }
        for frame in decode::frames(&packet) {
            let mut headers = Headers::default();
            let decoded = match chooser.asks_for_headers() {
                true => decoder.decode_noting(&frame, &mut headers),
                false => decoder.decode(&frame),
            };
            let segment = match decoded {
                Ok(segment) => segment,
                Err(skip) => {
                    if let Skip::UnsupportedLink(link) = skip {
                        sorter.quality.unsupported(link, packet.frame);
                    }
                    skipped.count(skip, packet.frame);
                    continue;
                }
            };
            look_at(&segment, &mut sorter.quality);
            if !chooser.may_take(&segment, &headers) {
                continue;
            }
            let (at, len) = (segment.at, packet.wire_len);
            let ends = Ends { source: segment.source, destination: segment.destination, len };
            let begin = |number| {
                Watched::new(Session::new(number, Arc::clone(setup), tap(number)), takes_all)
            };
            let watched = table.feed(&segment, begin, |ended| sorter.end(ended));
            watched.on_packet(|| chooser.takes(at, ends, &headers));
            let (session, is_wanted) = (&watched.session, watched.is_wanted());
            if let Some(is_session) = session.is_relevant().filter(|is| !is || is_wanted) {
                sorter.numbering.decide(session.number(), is_session);
            }
        }
        sorter.flush(&mut on_session);
    }
    table.finish(|ended| sorter.end(ended));
    sorter.flush(&mut on_session);
    sorter.summary.connections = table.created() - sorter.unwanted;
    sorter.summary.filtered_packets += chooser.filtered;
    let mut totals = totals(sorter, skipped, capture);
    totals.findings.extend(fragments(&decoder.fragment_facts()));
    totals.findings.extend(secrets);
    totals.findings.extend(chooser.findings());
    totals
}

fn look_at(segment: &Segment<'_>, quality: &mut QualityCounter) {
    quality.segment();
    if segment.at.frame > CHECKED_FIRST && !segment.at.frame.is_multiple_of(CHECKED_OF) {
        return;
    }
    if let Some(is_right) = checksum::is_right(segment) {
        quality.checksum(segment.source.ip(), is_right);
    }
}

/// Adds the key logs that the capture carries (Decryption Secrets Blocks) to the keys, known from
/// the packet after `packets` on. Gives a finding for each line of them that cannot be read.
fn take_secrets(capture: &mut Capture, setup: &Setup, packets: u64) -> Vec<Finding> {
    let mut found = Vec::new();
    for block in capture.take_secrets() {
        if block.kind != Secrets::TLS_KEY_LOG {
            continue;
        }
        found.extend(setup.keys.add_secrets_block(&block.data, packets).iter().map(|error| {
            Finding::new("keys.bad_secrets_block", Severity::Warning, error.to_string())
                .hint(error.hint())
        }));
    }
    found
}

/// Sorts what ends into sessions and the rest.
#[derive(Default)]
struct Sorter {
    numbering: Numbering,
    summary: Summary,
    quality: QualityCounter,
    /// Meets the sessions where they come out in the order of their report, so that what it says
    /// of them is the same however they were computed.
    elsewhere: Elsewhere,
    /// Connections that the selection does not take.
    unwanted: u64,
}

impl Sorter {
    fn end(&mut self, watched: Watched) {
        let number = watched.session.number();
        if !watched.is_wanted() {
            self.unwanted += 1;
            self.summary.filtered_packets += watched.packets();
            return self.numbering.decide(number, false);
        }
        match watched.session.into_ended() {
            Ended::Session(report) => {
                self.summary.count(&report);
                self.quality.session(&report);
                return self.numbering.end(number, *report);
            }
            Ended::OtherTls => self.summary.other_tls_connections += 1,
            Ended::Other => self.summary.other_connections += 1,
        }
        self.numbering.decide(number, false);
    }

    fn flush(&mut self, on_session: &mut impl FnMut(SessionReport)) {
        while let Some(mut report) = self.numbering.next() {
            self.elsewhere.meet(&mut report);
            on_session(report);
        }
    }
}

/// Frames without a TCP segment, by reason.
#[derive(Default)]
struct Skipped {
    by_reason: BTreeMap<String, (u64, u64)>,
}

impl Skipped {
    fn count(&mut self, skip: Skip, frame: u64) {
        self.by_reason.entry(skip.to_string()).or_insert((0, frame)).0 += 1;
    }
}

fn totals(sorter: Sorter, skipped: Skipped, capture: &Capture) -> Totals {
    let (mut summary, quality) = (sorter.summary, sorter.quality.conclude(capture.files()));
    let mut findings: Vec<_> = capture.files().flat_map(file_findings).collect();
    findings.extend(quality.findings());
    findings.extend(sorter.elsewhere.findings());
    summary.skipped_frames = skipped
        .by_reason
        .into_iter()
        .map(|(reason, (frames, first_frame))| SkippedFrames { reason, frames, first_frame })
        .collect();
    Totals { summary, quality, findings }
}

/// What of datagrams in parts went wrong.
fn fragments(facts: &FragmentFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.overlaps_differ > 0 {
        let message = format!(
            "{} IP fragments contradict earlier ones about the bytes they share: the first was taken",
            facts.overlaps_differ
        );
        found.push(
            Finding::new("capture.fragments_differ", Severity::Warning, message)
                .at(facts.first_overlap)
                .hint("somebody may be hiding something from whoever looks on"),
        );
    }
    if facts.incomplete > 0 {
        let message = format!(
            "{} IP datagrams of TCP came in parts, and a part is missing",
            facts.incomplete
        );
        found.push(
            Finding::new("capture.fragments_missing", Severity::Warning, message)
                .at(facts.first_incomplete)
                .hint("a filter by port drops all parts but the first: add `or (ip[6:2] & 0x1fff != 0)`"),
        );
    }
    found
}

fn file_findings(file: &FileFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(damage) = &file.damage {
        let code = match damage.kind {
            DamageKind::Truncated { .. } => "capture.truncated",
            DamageKind::Corrupt(_) => "capture.corrupt",
            _ => "capture.unreadable",
        };
        let severity = if file.packets > 0 { Severity::Warning } else { Severity::Error };
        let mut message = format!("{}: {damage}", file.path);
        if file.damages > 1 || file.skipped_bytes > 0 {
            let places = if file.damages == 1 { "place" } else { "places" };
            message += &format!(
                " ({} damaged {places}, {} bytes passed over)",
                file.damages, file.skipped_bytes
            );
        }
        found.push(Finding::new(code, severity, message));
    }
    if file.snaplen_truncated > 0 {
        let message = format!(
            "{}: the snap length cut {} of {} packets",
            file.path, file.snaplen_truncated, file.packets
        );
        found.push(
            Finding::new("capture.snaplen", Severity::Warning, message)
                .hint("capture whole packets: `tcpdump -s 0`"),
        );
    }
    found
}
