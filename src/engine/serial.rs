//! The reference engine: one thread, packet by packet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chooser::{Chooser, Ends, Watched};
use super::numbering::Numbering;
use crate::capture::{Capture, DamageKind, FileFacts, LinkType, Secrets};
use crate::decode::{Decoder, Headers, Skip};
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
    let mut chooser = Chooser::new(&setup.selection);
    let takes_all = !setup.selection.is_by_connection();
    loop {
        // A block of secrets serves the packets behind it.
        secrets.extend(take_secrets(capture, setup, sorter.summary.packets));
        let Some(packet) = capture.next_packet() else { break };
        sorter.summary.packets += 1;
        if !chooser.takes_packet(&packet) {
            continue;
        }
        let (frame, link, len) = (packet.frame, packet.link, packet.wire_len);
        let mut headers = Headers::default();
        let decoded = match chooser.asks_for_headers() {
            true => decoder.decode_noting(&packet, &mut headers),
            false => decoder.decode(&packet),
        };
        let segment = match decoded {
            Ok(segment) => segment,
            Err(skip) => {
                skipped.count(skip, frame, link);
                continue;
            }
        };
        if !chooser.may_take(&segment, &headers) {
            continue;
        }
        let ends = Ends { source: segment.source, destination: segment.destination, len };
        let begin =
            |number| Watched::new(Session::new(number, Arc::clone(setup), tap(number)), takes_all);
        let watched = table.feed(&segment, begin, |ended| sorter.end(ended));
        watched.on_packet(|| chooser.takes(segment.at, ends, &headers));
        let (session, is_wanted) = (&watched.session, watched.is_wanted());
        if let Some(is_session) = session.is_relevant().filter(|is| !is || is_wanted) {
            sorter.numbering.decide(session.number(), is_session);
        }
        sorter.flush(&mut on_session);
    }
    table.finish(|ended| sorter.end(ended));
    sorter.flush(&mut on_session);
    sorter.summary.connections = table.created() - sorter.unwanted;
    sorter.summary.filtered_packets += chooser.filtered;
    let mut totals = totals(sorter.summary, skipped, capture);
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
