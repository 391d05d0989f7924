//! What the capture lacks, has twice or cut. Nothing of this is shown where there is nothing of it.

use std::io;

use super::duration::Duration;
use super::line::Line;
use super::page::Page;
use super::summary::counted;
use crate::report::Quality;

/// Writes the block, a line each.
pub(super) fn section(quality: &Quality, page: &mut Page<'_>) -> io::Result<()> {
    let lines: Vec<_> = [dropped, doubled, lost, one_sided, cut, offload, clock, damaged]
        .into_iter()
        .filter_map(|line| line(quality))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    page.heading("Capture quality")?;
    lines.iter().try_for_each(|line| page.put(line))
}

fn dropped(quality: &Quality) -> Option<Line> {
    let mut line = Line::labelled("Dropped");
    counted(quality.dropped.total(), "packet", &mut line).own(", as the file says");
    (quality.dropped.total() > 0).then_some(line)
}

fn doubled(quality: &Quality) -> Option<Line> {
    let mut line = Line::labelled("Doubled");
    counted(quality.duplicate_packets.total(), "packet", &mut line).own(" of the sessions");
    (quality.duplicate_packets.total() > 0).then_some(line)
}

fn lost(quality: &Quality) -> Option<Line> {
    let mut line = Line::labelled("Lost");
    line.text(quality.lost_bytes.client).own(" bytes of clients, ");
    line.text(quality.lost_bytes.server).own(" bytes of servers, in ");
    counted(quality.sessions_with_loss, "session", &mut line);
    (quality.sessions_with_loss > 0).then_some(line)
}

fn one_sided(quality: &Quality) -> Option<Line> {
    let sides = quality.one_sided_sessions;
    let mut line = Line::labelled("One-sided");
    counted(sides.total(), "session", &mut line).own(": ");
    line.text(sides.client).own(" of clients only, ");
    line.text(sides.server).own(" of servers only");
    (sides.total() > 0).then_some(line)
}

fn cut(quality: &Quality) -> Option<Line> {
    let mut line = Line::labelled("Cut");
    line.text(quality.snaplen_truncated).own(" of ");
    counted(quality.packets, "packet", &mut line).own(", by the snap length");
    (quality.snaplen_truncated > 0).then_some(line)
}

fn offload(quality: &Quality) -> Option<Line> {
    let sender = quality.offloading_sender()?;
    let mut line = Line::labelled("Checksums");
    line.text(sender.wrong).own(" of ").text(sender.checked).own(" of ").text(sender.ip);
    line.own(" are wrong, others right: filled in by its network card");
    Some(line)
}

fn clock(quality: &Quality) -> Option<Line> {
    let steps = quality.clock_steps;
    let mut line = Line::labelled("Clock");
    counted(steps.count, "step", &mut line).own(" back, by up to ");
    line.text(Duration(steps.largest_ns));
    (steps.count > 0).then_some(line)
}

fn damaged(quality: &Quality) -> Option<Line> {
    let mut line = Line::labelled("Damaged");
    counted(quality.damaged_places, "place", &mut line).own(", ");
    line.text(quality.skipped_bytes).own(" bytes passed over");
    (quality.damaged_places > 0).then_some(line)
}
