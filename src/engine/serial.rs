//! The reference engine: one thread, packet by packet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::numbering::Numbering;
use crate::capture::{Capture, DamageKind, FileFacts, LinkType, Secrets};
use crate::decode::{self, Decoder, FragmentFacts, Skip};
use crate::flow::FlowTable;
use crate::report::{Finding, SessionReport, Severity, SkippedFrames, Summary};
use crate::session::{Ended, Session, Setup, Tap};

/// What is left to say when every session has been said.
#[derive(Debug, Default)]
pub struct Totals {
    /// Counts over the whole run.
    pub summary: Summary,
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
    loop {
        // A block of secrets serves the packets behind it.
        secrets.extend(take_secrets(capture, setup, sorter.summary.packets));
        let Some(packet) = capture.next_packet() else { break };
        sorter.summary.packets += 1;
        for frame in decode::frames(&packet) {
            let segment = match decoder.decode(&frame) {
                Ok(segment) => segment,
                Err(skip) => {
                    skipped.count(skip, packet.frame, packet.link);
                    continue;
                }
            };
            let begin = |number| Session::new(number, Arc::clone(setup), tap(number));
            let session = table.feed(&segment, begin, |ended| sorter.end(ended));
            if let Some(is_session) = session.is_relevant() {
                sorter.numbering.decide(session.number(), is_session);
            }
        }
        sorter.flush(&mut on_session);
    }
    table.finish(|ended| sorter.end(ended));
    sorter.flush(&mut on_session);
    sorter.summary.connections = table.created();
    let mut totals = totals(sorter.summary, skipped, capture);
    totals.findings.extend(fragments(&decoder.fragment_facts()));
    totals.findings.extend(secrets);
    totals
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
}

impl Sorter {
    fn end(&mut self, session: Session) {
        let number = session.number();
        match session.into_ended() {
            Ended::Session(report) => {
                self.summary.count(&report);
                return self.numbering.end(number, *report);
            }
            Ended::OtherTls => self.summary.other_tls_connections += 1,
            Ended::Other => self.summary.other_connections += 1,
        }
        self.numbering.decide(number, false);
    }

    fn flush(&mut self, on_session: &mut impl FnMut(SessionReport)) {
        while let Some(report) = self.numbering.next() {
            on_session(report);
        }
    }
}

/// Frames without a TCP segment, by reason.
#[derive(Default)]
struct Skipped {
    by_reason: BTreeMap<String, (u64, u64)>,
    unsupported: BTreeMap<LinkType, (u64, u64)>,
}

impl Skipped {
    fn count(&mut self, skip: Skip, frame: u64, link: LinkType) {
        let add = |entry: &mut (u64, u64)| entry.0 += 1;
        add(self.by_reason.entry(skip.to_string()).or_insert((0, frame)));
        if matches!(skip, Skip::UnsupportedLink(_)) {
            add(self.unsupported.entry(link).or_insert((0, frame)));
        }
    }
}

fn totals(mut summary: Summary, skipped: Skipped, capture: &Capture) -> Totals {
    let mut findings: Vec<_> = capture.files().flat_map(file_findings).collect();
    findings.extend(skipped.unsupported.iter().map(unsupported_link));
    summary.skipped_frames = skipped
        .by_reason
        .into_iter()
        .map(|(reason, (frames, first_frame))| SkippedFrames { reason, frames, first_frame })
        .collect();
    Totals { summary, findings }
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

fn unsupported_link((link, &(frames, first)): (&LinkType, &(u64, u64))) -> Finding {
    let message =
        format!("{frames} frames have the link type {link} ({}), which is not read", link.0);
    Finding::new("capture.unsupported_link_type", Severity::Warning, message)
        .at(first)
        .hint("capture on an Ethernet or `any` interface, or convert the file with editcap")
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
        found.push(Finding::new(code, severity, format!("{}: {damage}", file.path)));
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
