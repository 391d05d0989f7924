//! The server's certificate in one line.

use std::io;

use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use crate::moment::Timestamp;
use crate::report::{CertificateReport, TlsReport};

/// Names of a certificate that are listed; more are counted.
const MOST_NAMES: usize = 5;

/// Writes whose certificate the server showed, and until when it is valid.
pub(super) fn facts(tls: &TlsReport, at: Timestamp, page: &mut Page<'_>) -> io::Result<()> {
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
    page.put(&line)
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
