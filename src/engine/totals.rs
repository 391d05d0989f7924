//! What is left to say when every session has been said.

use std::collections::{BTreeMap, HashMap};

use super::SHARDS;
use super::worker::MOST_OPEN;
use crate::capture::{DamageKind, FileFacts};
use crate::decode::{FragmentFacts, Skip};
use crate::report::codes;
use crate::report::{DeliveryReport, Finding, Quality, Severity, SkippedFrames, Summary};

/// What is left to say when every session has been said.
#[derive(Debug, Default)]
pub struct Totals {
    /// Counts over the whole run.
    pub summary: Summary,
    /// How good the capture is.
    pub quality: Quality,
    /// The way of each mail.
    pub deliveries: Vec<DeliveryReport>,
    /// Findings that belong to no session.
    pub findings: Vec<Finding>,
}

/// Frames without a TCP segment, by reason.
#[derive(Default)]
pub(super) struct Skipped {
    by_reason: HashMap<Skip, (u64, u64)>,
}

impl Skipped {
    pub(super) fn count(&mut self, skip: Skip, frame: u64) {
        self.by_reason.entry(skip).or_insert((0, frame)).0 += 1;
    }

    /// As the summary has them.
    pub(super) fn into_summary(self) -> Vec<SkippedFrames> {
        let mut by_name = BTreeMap::new();
        for (skip, (frames, first)) in self.by_reason {
            let (sum, earliest) = by_name.entry(skip.to_string()).or_insert((0, first));
            *sum += frames;
            *earliest = first.min(*earliest);
        }
        let frames =
            |(reason, (frames, first_frame))| SkippedFrames { reason, frames, first_frame };
        by_name.into_iter().map(frames).collect()
    }
}

/// That more connections were open at one time than are followed.
pub(super) fn crowded(ended: u64) -> Option<Finding> {
    let most = MOST_OPEN * SHARDS;
    let message = format!(
        "{ended} connections were taken for over before their time: more than {most} were open at once"
    );
    let hint = "most were never answered, if somebody floods the server; else give a --filter, or the \
                servers one by one";
    let finding = Finding::new(codes::CAPTURE_CROWDED, Severity::Warning, message).hint(hint);
    (ended > 0).then_some(finding)
}

/// What of datagrams in parts went wrong.
pub(super) fn fragments(facts: &FragmentFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.overlaps_differ > 0 {
        let message = format!(
            "{} IP fragments contradict earlier ones about the bytes they share: the first was taken",
            facts.overlaps_differ
        );
        found.push(
            Finding::new(codes::CAPTURE_FRAGMENTS_DIFFER, Severity::Warning, message)
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
            Finding::new(codes::CAPTURE_FRAGMENTS_MISSING, Severity::Warning, message)
                .at(facts.first_incomplete)
                .hint("a filter by port drops all parts but the first: add `or (ip[6:2] & 0x1fff != 0)`"),
        );
    }
    found
}

/// What is wrong with a file.
pub(super) fn file_findings(file: &FileFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(damage) = &file.damage {
        let code = match damage.kind {
            DamageKind::Truncated { .. } => codes::CAPTURE_TRUNCATED,
            DamageKind::Corrupt(_) => codes::CAPTURE_CORRUPT,
            _ => codes::CAPTURE_UNREADABLE,
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
    found.extend(file.repairs.iter().map(|repair| {
        let message = format!("{}: {repair}", file.path);
        Finding::new(codes::CAPTURE_REPAIRED, Severity::Info, message).hint(repair.advice())
    }));
    if file.snaplen_truncated > 0 {
        let message = format!(
            "{}: the snap length cut {} of {} packets",
            file.path, file.snaplen_truncated, file.packets
        );
        found.push(
            Finding::new(codes::CAPTURE_SNAPLEN, Severity::Warning, message)
                .hint("capture whole packets: `tcpdump -s 0`"),
        );
    }
    found
}
