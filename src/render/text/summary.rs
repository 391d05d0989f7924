//! What all sessions add up to, and what was left out.

use std::collections::BTreeMap;
use std::io;

use super::findings;
use super::line::Line;
use super::page::Page;
use super::quality;
use crate::report::{Finding, MissingOrigin, Quality, ResumptionMethod, SkippedFrames, Summary};

/// Writes the totals. What was not understood is counted as well: nothing is left out in silence.
pub(in crate::render) fn section(
    summary: &Summary,
    quality: &Quality,
    findings: &[Finding],
    page: &mut Page<'_>,
) -> io::Result<()> {
    page.rule("== Summary ")?;
    read(summary, page)?;
    counts("Outcomes", &summary.outcomes, page)?;
    counts("Protocols", &summary.protocols, page)?;
    counts("Decryption", &summary.decryption, page)?;
    counts("Not opened", &summary.reasons, page)?;
    missing_origins(&summary.missing_origins, page)?;
    mails(summary, page)?;
    others(summary, page)?;
    for (i, skipped) in summary.skipped_frames.iter().enumerate() {
        let line = if i == 0 { Line::labelled("Skipped") } else { Line::unlabelled() };
        page.put(&skip(skipped, line))?;
    }
    quality::section(quality, page)?;
    if findings.is_empty() {
        return Ok(());
    }
    page.heading("Findings of the capture")?;
    findings::write_all(&findings.iter().collect::<Vec<_>>(), page)
}

fn read(summary: &Summary, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled("Read");
    counted(summary.packets, "packet", &mut line).own(", ");
    counted(summary.connections, "TCP connection", &mut line).own(", ");
    counted(summary.sessions, "mail session", &mut line);
    if summary.shown_sessions != summary.sessions {
        line.own("; ").text(summary.shown_sessions).own(" of them shown, all of them counted here");
    }
    page.put(&line)
}

/// `1 packet`, `2 packets`.
pub(super) fn counted<'l>(count: u64, what: &'static str, line: &'l mut Line) -> &'l mut Line {
    line.text(count).own(" ").own(what).own(if count == 1 { "" } else { "s" })
}

/// A count of each name; the most frequent first, where frequencies are equal by name.
pub(super) fn counts(
    label: &'static str,
    counts: &BTreeMap<&'static str, u64>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let shown: Vec<_> = counts.iter().map(|(name, n)| format!("{} {n}", words(name))).collect();
    page.put(Line::labelled(label).list(&shown, ", ", usize::MAX))
}

/// The statuses of decryption read badly without their context.
pub(in crate::render) fn words(name: &'static str) -> &'static str {
    match name {
        "none" => "not decrypted",
        "partial" => "partly decrypted",
        "not_needed" => "nothing to decrypt",
        other => other,
    }
}

/// What would open sessions that resume one which is not here.
pub(super) fn missing_origins(origins: &[MissingOrigin], page: &mut Page<'_>) -> io::Result<()> {
    for (i, missing) in origins.iter().enumerate() {
        let mut line = if i == 0 { Line::labelled("Missing") } else { Line::unlabelled() };
        let by = match missing.by {
            ResumptionMethod::Ticket => "ticket ",
            _ => "session ID ",
        };
        line.own("the session of ").own(by);
        line.text(&missing.handle).own(", from before frame ").text(missing.before_frame);
        counted(missing.sessions, "session", line.own(": it would open "));
        page.put(&line)?;
    }
    Ok(())
}

fn mails(summary: &Summary, page: &mut Page<'_>) -> io::Result<()> {
    let mails = summary.mails;
    let mut line = Line::labelled("Mails");
    line.text(mails.sent).own(" sent, ").text(mails.accepted).own(" accepted");
    if mails.sent == 0 && summary.sessions == 0 { Ok(()) } else { page.put(&line) }
}

fn others(summary: &Summary, page: &mut Page<'_>) -> io::Result<()> {
    let (tls, other) = (summary.other_tls_connections, summary.other_connections);
    if tls > 0 {
        let mut line = Line::labelled("Not mail");
        counted(tls, "connection", &mut line).own(" with TLS that is not mail's");
        page.put(line.own(" (--all-tls shows them)"))?;
    }
    if other == 0 {
        return Ok(());
    }
    let mut line = if tls > 0 { Line::unlabelled() } else { Line::labelled("Not mail") };
    page.put(counted(other, "other connection", &mut line))
}

fn skip(skipped: &SkippedFrames, mut line: Line) -> Line {
    counted(skipped.frames, "frame", &mut line).own(": ").text(&skipped.reason);
    line.own(" (the first is frame ").text(skipped.first_frame).own(")");
    line
}
