//! What key material is worth, for people: each key with its rows and what it opens, what is wrong
//! with the others, and what is missing.

use std::io::{self, Write};

use super::Style;
use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::summary::{counted, counts, missing_origins};
use crate::report::{
    KeyAudit, LoggedSession, MissingKey, MissingSecret, RowReport, UnusableKey, UsableKey,
};

/// Ids, rows and lines that are shown of each list; `-v` and the JSON show more.
const MOST_SHOWN: usize = 12;

/// Writes the audit.
///
/// # Errors
///
/// What `out` says.
pub fn write(audit: &KeyAudit, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    page.rule("== Keys ")?;
    if audit.keys.is_empty() && audit.errors.is_empty() {
        page.put(Line::default().own("none was given"))?;
    }
    for (i, key) in audit.keys.iter().enumerate() {
        separate(i, page)?;
        usable(key, audit.tls_sessions > 0, page)?;
    }
    faults(&audit.errors, page)?;
    missing_keys(&audit.missing_keys, page)?;
    missing_secrets(audit, page)?;
    logged_sessions(audit, page)?;
    unmatched(audit, page)?;
    totals(audit, page)
}

fn separate(index: usize, page: &mut Page<'_>) -> io::Result<()> {
    if index > 0 { page.blank() } else { Ok(()) }
}

fn most(page: &Page<'_>) -> usize {
    if page.detail() { usize::MAX } else { MOST_SHOWN }
}

fn usable(key: &UsableKey, has_sessions: bool, page: &mut Page<'_>) -> io::Result<()> {
    let report = &key.key;
    let mut line = Line::labelled(if report.bits.is_some() { "Key" } else { "Key log" });
    line.ink(Ink::Good).text(&report.source).ink(Ink::Plain);
    if let Some(bits) = report.bits {
        line.own(", RSA ").text(bits).own(" bits");
    }
    page.put(&line)?;
    if !report.path.is_empty() {
        page.put(Line::labelled("File").text(&report.path))?;
    }
    if let Some(hash) = &report.spki_sha256 {
        page.put(Line::labelled("SPKI").text(hash))?;
    }
    rows(&key.rows, page)?;
    if let Some(note) = &report.note {
        page.put(Line::labelled("Note").text(note))?;
    }
    if has_sessions {
        opens("Opens", report.sessions_opened, &key.sessions, page)?;
    }
    Ok(())
}

fn rows(rows: &[RowReport], page: &mut Page<'_>) -> io::Result<()> {
    let most = most(page);
    for (i, row) in rows.iter().take(most).enumerate() {
        let mut line = if i == 0 { Line::labelled("Rows") } else { Line::unlabelled() };
        line.text(&row.source).own(" ok: address ").text(&row.address);
        page.put(line.own(", port ").text(&row.port))?;
    }
    match rows.len().saturating_sub(most) {
        0 => Ok(()),
        more => page.put(Line::unlabelled().own("and ").text(more).own(" more")),
    }
}

fn opens(label: &'static str, count: u64, sessions: &[u64], page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled(label);
    if count == 0 {
        return page.put(line.own("no session"));
    }
    counted(count, "session", &mut line).own(": ");
    page.put(line.list(sessions, ", ", most(page)))
}

fn faults(errors: &[UnusableKey], page: &mut Page<'_>) -> io::Result<()> {
    if !errors.is_empty() {
        page.blank()?;
        page.rule("== Not usable ")?;
    }
    for error in errors {
        page.put(Line::hanging(2).ink(Ink::Bad).text(&error.message))?;
        page.put(Line::hanging(8).inked(Ink::Dim, "  hint: ").text(&error.hint))?;
    }
    Ok(())
}

fn missing_keys(keys: &[MissingKey], page: &mut Page<'_>) -> io::Result<()> {
    if !keys.is_empty() {
        page.blank()?;
        page.rule("== Missing keys ")?;
    }
    for (i, key) in keys.iter().enumerate() {
        separate(i, page)?;
        missing_key(key, page)?;
    }
    Ok(())
}

fn missing_key(key: &MissingKey, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled("Certificate");
    match (&key.subject, key.bits) {
        (Some(subject), Some(bits)) => line.text(subject).own(", RSA ").text(bits).own(" bits"),
        _ => line.own("not captured: the key of the server itself"),
    };
    page.put(&line)?;
    if let Some(issuer) = &key.issuer {
        page.put(Line::unlabelled().own("issued by ").text(issuer))?;
    }
    if let Some(hash) = &key.spki_sha256 {
        page.put(Line::labelled("SPKI").text(hash))?;
    }
    let servers: Vec<_> = key.servers.iter().map(|server| server.0).collect();
    page.put(Line::labelled("Servers").list(&servers, ", ", most(page)))?;
    let direct = key.would_open - key.resumed_sessions.len() as u64;
    opens("Would open", direct, &key.sessions, page)?;
    if key.resumed_sessions.is_empty() {
        return Ok(());
    }
    let mut line = Line::unlabelled();
    line.own("and what resumes them: ");
    page.put(line.list(&key.resumed_sessions, ", ", most(page)))
}

fn missing_secrets(audit: &KeyAudit, page: &mut Page<'_>) -> io::Result<()> {
    if audit.missing_secrets.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.rule("== Sessions that only a key log opens ")?;
    let shown: Vec<_> = audit.missing_secrets.iter().take(most(page)).collect();
    shown.iter().try_for_each(|secret| missing_secret(secret, page))?;
    match audit.missing_secrets_total - shown.len() as u64 {
        0 => Ok(()),
        more => page.put(Line::default().own("and ").text(more).own(" more")),
    }
}

fn missing_secret(secret: &MissingSecret, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled("Session");
    line.text(secret.session).own(" with ").text(secret.server.0);
    page.put(line.own(": ").own(secret.reason.name()))?;
    match &secret.client_random {
        Some(random) => page.put(Line::labelled("Random").text(random)),
        None => Ok(()),
    }
}

fn logged_sessions(audit: &KeyAudit, page: &mut Page<'_>) -> io::Result<()> {
    if audit.logged_sessions.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.rule("== Sessions of which a key log has too little or too much ")?;
    let shown: Vec<_> = audit.logged_sessions.iter().take(most(page)).collect();
    shown.iter().try_for_each(|logged| logged_session(logged, page))?;
    match audit.logged_sessions_total - shown.len() as u64 {
        0 => Ok(()),
        more => page.put(Line::default().own("and ").text(more).own(" more")),
    }
}

fn logged_session(logged: &LoggedSession, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled("Session");
    line.text(logged.session).own(" with ").text(logged.server.0);
    if let Some(version) = &logged.version {
        line.own(", ").text(version);
    }
    page.put(&line)?;
    let told = [
        ("Present", &logged.present),
        ("Missing", &logged.missing),
        ("Not of it", &logged.wrong_version),
        ("Several", &logged.contradictory),
        ("Padded", &logged.padded),
    ];
    for (label, labels) in told.into_iter().filter(|(_, labels)| !labels.is_empty()) {
        page.put(Line::labelled(label).list(labels, ", ", usize::MAX))?;
    }
    page.put(Line::labelled("Written by").own(logged.writer))?;
    page.put(Line::unlabelled().own("hint: ").own(logged.hint))
}

fn unmatched(audit: &KeyAudit, page: &mut Page<'_>) -> io::Result<()> {
    if audit.unmatched_lines.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.rule("== Key log lines of no session ")?;
    let most = most(page);
    let shown = audit.unmatched_lines.iter().take(most);
    shown.clone().try_for_each(|line| page.put(Line::hanging(2).text(line)))?;
    match audit.unmatched_lines_total.saturating_sub(shown.count() as u64) {
        0 => Ok(()),
        more => page.put(Line::default().own("and ").text(more).own(" more")),
    }
}

fn totals(audit: &KeyAudit, page: &mut Page<'_>) -> io::Result<()> {
    if audit.tls_sessions == 0 {
        return Ok(());
    }
    page.blank()?;
    page.rule("== Summary ")?;
    page.put(Line::labelled("TLS sessions").text(audit.tls_sessions))?;
    counts("Decryption", &audit.decryption, page)?;
    counts("Reasons", &audit.reasons, page)?;
    missing_origins(&audit.missing_origins, page)
}
