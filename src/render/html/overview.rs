//! All sessions: counts, when they were, a table, how phases are spread, and what was read.

use std::collections::BTreeSet;

use askama::Template;

use super::counts::Counts;
use super::findings::Findings;
use super::histogram::Histogram;
use super::inked::{Fact, class, facts};
use super::notable;
use super::timeline::Timeline;
use crate::render::text::duration::Duration;
use crate::render::text::heading::{ink, verdict};
use crate::render::text::ink::Ink;
use crate::render::text::summary;
use crate::render::text::times::Times;
use crate::report::Conclusion;
use crate::report::{CaptureReport, KeyReport, MailReport, SessionReport, Severity};

/// Rows that the browser lays out together: where none of them is on the screen, it does not.
const ROWS_TOGETHER: usize = 100;

/// The columns of the table, and the class of each.
const COLUMNS: &[(&str, &str)] = &[
    ("#", "n"),
    ("start (UTC)", ""),
    ("client", ""),
    ("server", ""),
    ("protocol", ""),
    ("TLS", ""),
    ("suite", ""),
    ("outcome", ""),
    ("decryption", ""),
    ("mails", "n"),
    ("handshake", "n"),
    ("total", "n"),
    ("findings", "n"),
];

/// The overview of a report.
#[derive(Debug, Template)]
#[template(path = "overview.html")]
pub(super) struct Overview {
    title: String,
    counts: Vec<Counts>,
    timeline: Option<Timeline>,
    rows: Vec<Row>,
    histograms: Vec<Histogram>,
    detailed: BTreeSet<u64>,
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    id: u64,
    is_detailed: bool,
    start: String,
    client: String,
    server: String,
    protocol: &'static str,
    version: String,
    suite: String,
    outcome: (Ink, &'static str),
    verdict: (Ink, &'static str),
    mails: String,
    handshake: Option<i64>,
    total: i64,
    findings: (usize, usize),
}

impl Overview {
    /// The overview of sessions by their number.
    pub(super) fn new(title: String, sessions: &[SessionReport]) -> Self {
        let histograms = Histogram::all(sessions);
        let outliers = histograms.iter().flat_map(Histogram::outliers).collect();
        let detailed = notable::chosen(sessions, &outliers);
        let row = |session| Row::new(session, &detailed);
        let rows: Vec<_> = sessions.iter().map(row).collect();
        let counts = if rows.len() < 2 { Vec::new() } else { counts(&rows) };
        Self { title, counts, timeline: Timeline::new(sessions), rows, histograms, detailed }
    }

    /// The sessions that are shown in detail.
    pub(super) fn detailed(&self) -> &BTreeSet<u64> {
        &self.detailed
    }

    fn left_out(&self) -> usize {
        self.rows.len() - self.detailed.len()
    }

    fn columns(&self) -> &'static [(&'static str, &'static str)] {
        COLUMNS
    }

    fn bodies(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunks(ROWS_TOGETHER)
    }
}

/// What the columns of these numbers say; a click on a value filters by it.
fn counts(rows: &[Row]) -> Vec<Counts> {
    let plain = |text: &str| (Ink::Plain, text.to_owned());
    let all = [
        Counts::new("Outcomes", 7, rows, |row| (row.outcome.0, row.outcome.1.to_owned())),
        Counts::new("Decryption", 8, rows, |row| (row.verdict.0, row.verdict.1.to_owned())),
        Counts::new("Protocols", 4, rows, |row| plain(row.protocol)),
        Counts::new("TLS versions", 5, rows, |row| plain(&row.version)),
        Counts::new("Cipher suites", 6, rows, |row| plain(&row.suite)),
    ];
    all.into_iter().filter(|counts| !counts.is_empty()).collect()
}

impl Row {
    fn new(session: &SessionReport, detailed: &BTreeSet<u64>) -> Self {
        let tls = session.tls.as_ref();
        let suite = tls.and_then(|tls| tls.cipher_suite_openssl.or(tls.cipher_suite.as_deref()));
        let count = |severity| {
            session.findings.iter().filter(|finding| finding.severity == severity).count()
        };
        Self {
            id: session.id,
            is_detailed: detailed.contains(&session.id),
            start: clock(session),
            client: session.client.0.to_string(),
            server: session.server.0.to_string(),
            protocol: session.protocol.name(),
            version: tls.and_then(|tls| tls.version.clone()).unwrap_or_default(),
            suite: suite.unwrap_or_default().to_owned(),
            outcome: (ink(session.outcome), session.outcome.name()),
            verdict: verdict(session),
            mails: mails(session),
            handshake: session.timing.tls_handshake_ns,
            total: session.duration_ns,
            findings: (count(Severity::Error), count(Severity::Warning)),
        }
    }

    fn class(&self, words: &(Ink, &'static str)) -> &'static str {
        class(words.0)
    }

    fn handshake_time(&self) -> String {
        self.handshake.map_or_else(String::new, |ns| Duration(ns).to_string())
    }

    fn total_time(&self) -> Duration {
        Duration(self.total)
    }

    fn trouble(&self) -> usize {
        // Any error outweighs all warnings when rows are sorted by it.
        const WARNINGS: usize = 1_000;
        self.findings.0 * WARNINGS + self.findings.1.min(WARNINGS - 1)
    }
}

/// The time of day, to the millisecond: rows are told apart by their numbers.
fn clock(session: &SessionReport) -> String {
    Times::Utc.of(session.start, 0).chars().take("00:00:00.000".len()).collect()
}

/// How many were accepted of those that were sent.
fn mails(session: &SessionReport) -> String {
    let mails = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.mails);
    let accepted = mails.iter().filter(|mail| MailReport::is_accepted(mail)).count();
    match mails.len() {
        0 => String::new(),
        sent if sent == accepted => sent.to_string(),
        sent => format!("{accepted}/{sent}"),
    }
}

/// What was read: files, keys, totals and what is odd about them.
#[derive(Debug, Template)]
#[template(path = "capture.html")]
pub(super) struct CaptureSection<'a> {
    captures: &'a [CaptureReport],
    keys: &'a [KeyReport],
    totals: Vec<Fact>,
    findings: Option<Findings<'a>>,
}

impl<'a> CaptureSection<'a> {
    /// What is known at the end of a run.
    pub(super) fn new(rest: &'a Conclusion) -> Self {
        Self {
            captures: &rest.captures,
            keys: &rest.keys,
            totals: facts(false, |page| summary::section(&rest.summary, &rest.quality, &[], page)),
            findings: (!rest.findings.is_empty()).then(|| Findings::new(&rest.findings)),
        }
    }
}
