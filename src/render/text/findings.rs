//! What is odd, worst first, with what to do about it.

use std::io;

use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::report::{Finding, SessionReport};

/// Where messages begin, behind the widest severity.
const MESSAGES: usize = 11;

/// Writes the findings of a session, if there are any. The one that repeats the verdict's reason
/// is left out: it stands under Decryption.
pub(super) fn section(session: &SessionReport, page: &mut Page<'_>) -> io::Result<()> {
    let reason = session.tls.as_ref().and_then(|tls| tls.decryption.reason);
    let verdict = reason.map(|reason| reason.finding());
    let others: Vec<_> = session.findings.iter().filter(|f| Some(f.code) != verdict).collect();
    if others.is_empty() {
        return Ok(());
    }
    page.heading("Findings")?;
    write_all(&others, page)
}

/// Writes findings. A hint that several in a row share is given once, behind the last of them.
pub(super) fn write_all(findings: &[&Finding], page: &mut Page<'_>) -> io::Result<()> {
    for (i, finding) in findings.iter().enumerate() {
        write(finding, page)?;
        let next = findings.get(i + 1).and_then(|next| next.hint.as_ref());
        if let Some(text) = finding.hint.as_ref().filter(|&text| Some(text) != next) {
            hint(text, page)?;
        }
    }
    Ok(())
}

fn write(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(MESSAGES);
    line.own("  ").inked(Ink::of_severity(finding.severity), finding.severity.name());
    line.tab(MESSAGES).inked(Ink::Strong, finding.code.name());
    if let Some(frame) = finding.frame {
        line.own(" (frame ").text(frame).own(")");
    }
    page.put(line.own(": ").text(&finding.message))
}

fn hint(text: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.put(Line::hanging(MESSAGES).tab(MESSAGES).inked(Ink::Dim, "hint: ").text(text))
}
