//! The server's certificate in one line.

use std::io;

use super::ink::Ink;
use super::line::{LABELS, Line};
use super::page::Page;
use crate::moment::Timestamp;
use crate::report::{CertificateReport, TlsReport, ValidationStatus};

/// Names of a certificate that are listed; more are counted.
const MOST_NAMES: usize = 5;

/// Writes whose certificate the server showed, and until when it is valid.
pub(in crate::render) fn facts(
    tls: &TlsReport,
    at: Timestamp,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let Some(certificate) = tls.certificates.first() else { return Ok(()) };
    let mut line = Line::labelled("Certificate");
    line.text(&certificate.subject).own(", ");
    line.text(&certificate.key_algorithm).own(" ").text(certificate.key_bits).own(" bits, ");
    validity(certificate, at, &mut line);
    let names = other_names(certificate);
    if !names.is_empty() {
        line.own(", for ").list(&names, ", ", MOST_NAMES);
    }
    page.put(&line)?;
    let mut line = Line::unlabelled();
    line.own("issued by ").text(&certificate.issuer);
    match tls.certificates.len() {
        1 => {}
        n => _ = line.own(" (+ ").text(n - 1).own(" of the chain)"),
    }
    page.put(&line)?;
    validation(tls, page)?;
    if page.detail() {
        tls.certificates.iter().try_for_each(|each| whole(each, page))
    } else {
        Ok(())
    }
}

/// The verdict, where something was given to trust; else the findings tell what there is.
fn validation(tls: &TlsReport, page: &mut Page<'_>) -> io::Result<()> {
    let Some(verdict) = tls.validation.as_ref().filter(|verdict| verdict.trust.is_some()) else {
        return Ok(());
    };
    let ink = match verdict.status {
        ValidationStatus::Valid => Ink::Good,
        ValidationStatus::Invalid => Ink::Warn,
        _ => Ink::Strong,
    };
    let mut line = Line::labelled("Trust");
    line.inked(ink, verdict.status.words()).own(": ").text(&verdict.message);
    page.put(&line)?;
    let policies = verdict.mta_sts.iter().map(|sts| sts.message.as_str());
    for note in verdict.notes.iter().map(String::as_str).chain(policies) {
        page.put(Line::unlabelled().text(note))?;
    }
    Ok(())
}

/// All that is known of a certificate.
fn whole(certificate: &CertificateReport, page: &mut Page<'_>) -> io::Result<()> {
    page.put(Line::unlabelled().inked(Ink::Dim, "subject ").text(&certificate.subject))?;
    let mut line = Line::hanging(LABELS + 2);
    line.tab(LABELS + 2).own("issuer ").text(&certificate.issuer);
    line.own(", serial ").text(&certificate.serial).own(", valid from ");
    line.text(day(certificate.not_before)).own(" to ").text(day(certificate.not_after));
    page.put(&line)?;
    if !certificate.subject_alt_names.is_empty() {
        let mut line = Line::hanging(LABELS + 2);
        line.tab(LABELS + 2).own("for ").list(&certificate.subject_alt_names, ", ", usize::MAX);
        page.put(&line)?;
    }
    for (name, hash) in [("sha256 ", &certificate.sha256), ("SPKI ", &certificate.spki_sha256)] {
        page.put(Line::hanging(LABELS + 2).tab(LABELS + 2).inked(Ink::Dim, name).text(hash))?;
    }
    Ok(())
}

fn validity(certificate: &CertificateReport, at: Timestamp, line: &mut Line) {
    if certificate.not_after < at {
        line.inked(Ink::Bad, "EXPIRED ").text(day(certificate.not_after));
    } else if certificate.not_before > at {
        line.inked(Ink::Bad, "NOT VALID BEFORE ").text(day(certificate.not_before));
    } else if certificate.not_after == Timestamp(i64::MAX) {
        line.own("valid without end");
    } else {
        line.own("valid to ").text(day(certificate.not_after));
    }
}

/// The names that the subject does not already say.
fn other_names(certificate: &CertificateReport) -> Vec<&String> {
    let is_other = |name: &&String| !certificate.subject.contains(&format!("CN={name}"));
    certificate.subject_alt_names.iter().filter(is_other).collect()
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take_while(|&c| c != 'T').collect()
}
