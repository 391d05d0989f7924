//! Two sessions side by side: where they part, what differs, and how long each phase took.

use std::io::{self, Write};

use askama::Template;

use super::page;
use super::scale::{Scale, Stretch};
use crate::compare::{
    Comparison, Difference, Divergence, PhaseRow, Row, RowCell, SideReport, Spread, SpreadRow,
};
use crate::render::text::compare::title;
use crate::render::text::duration::Duration;
use crate::role::Role;

/// A comparison as a page.
#[derive(Debug, Template)]
#[template(path = "comparison.html")]
struct Page<'a> {
    comparison: &'a Comparison,
    rungs: Vec<Rung<'a>>,
    /// Phases, then what is a sum of them: each on one scale for both sides.
    scales: Vec<Timings<'a>>,
    groups: Vec<(&'static str, &'a [Difference])>,
}

/// A step of both sides.
#[derive(Debug)]
struct Rung<'a> {
    row: &'a Row,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The first divergence.
    Parting,
    /// What it led to.
    Effect,
    Other,
}

/// Durations that are drawn on one scale.
#[derive(Debug)]
struct Timings<'a> {
    title: &'static str,
    longest: Duration,
    rows: Vec<Timed<'a>>,
}

#[derive(Debug)]
struct Timed<'a> {
    row: &'a PhaseRow,
    good: Option<(Duration, Stretch)>,
    bad: Option<(Duration, Stretch)>,
}

/// Writes a comparison.
///
/// # Errors
///
/// What `out` says.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let (sums, phases): (Vec<_>, Vec<_>) = comparison.timing.iter().partition(|row| row.composite);
    let body = Page {
        comparison,
        rungs: rungs(comparison),
        scales: [("Phases", phases), ("Sums", sums)].into_iter().filter_map(timings).collect(),
        groups: comparison
            .differences
            .chunk_by(|a, b| a.likelihood == b.likelihood)
            .filter_map(|group| Some((title(group.first()?.likelihood), group)))
            .collect(),
    };
    page::write("Two negotiations compared", out, |out| page::put(&body, out))
}

impl Page<'_> {
    fn sides(&self) -> [(&'static str, &SideReport); 2] {
        [("good", &self.comparison.good), ("bad", &self.comparison.bad)]
    }

    fn cells<'r>(&self, rung: &Rung<'r>) -> [Option<&'r RowCell>; 2] {
        [rung.row.good.as_ref(), rung.row.bad.as_ref()]
    }

    fn has_parting(&self) -> bool {
        self.rungs.iter().any(|rung| rung.place == Place::Parting)
    }

    /// Median and 95th percentile of the good side, then of the bad one.
    fn spreads(&self, row: &SpreadRow) -> [String; 4] {
        let p50 = |spread: Option<Spread>| shown(spread.map(|spread| spread.p50_ns));
        let p95 = |spread: Option<Spread>| shown(spread.map(|spread| spread.p95_ns));
        [p50(row.good), p95(row.good), p50(row.bad), p95(row.bad)]
    }

    fn floor(&self) -> Duration {
        Duration(self.comparison.tolerance.floor_ns)
    }
}

impl Rung<'_> {
    fn class(&self) -> &'static str {
        match (self.place, self.row.same) {
            (Place::Parting, _) => "apart parting",
            (Place::Effect, _) => "apart effect",
            (Place::Other, false) => "apart",
            (Place::Other, true) => "same",
        }
    }
}

fn shown(ns: Option<i64>) -> String {
    ns.map_or_else(String::new, |ns| Duration(ns).to_string())
}

/// The steps, the first divergence marked, and what it led to.
fn rungs(comparison: &Comparison) -> Vec<Rung<'_>> {
    let rows = &comparison.steps;
    let first = comparison.first_divergence.as_ref();
    let parting = first.and_then(|divergence| step_of(divergence, rows));
    let effect = first.and_then(|divergence| step_of(divergence.led_to.as_deref()?, rows));
    let place = |i: usize| match () {
        () if parting == Some(i) => Place::Parting,
        () if effect == Some(i) => Place::Effect,
        () => Place::Other,
    };
    rows.iter().enumerate().map(|(i, row)| Rung { row, place: place(i) }).collect()
}

/// The step where a divergence shows: that of its frames, else of its place; of other courses, the
/// first step that is not the same.
fn step_of(divergence: &Divergence, rows: &[Row]) -> Option<usize> {
    if divergence.kind == "course" {
        return rows.iter().position(|row| !row.same);
    }
    let is_at = |cell: &Option<RowCell>, frame: Option<u64>| {
        let at = |cell: &RowCell| frame.is_some() && cell.frame == frame;
        cell.as_ref().is_some_and(|cell| cell.place == divergence.place && at(cell))
    };
    let of_frame = rows.iter().position(|row| {
        is_at(&row.good, divergence.good_frame) || is_at(&row.bad, divergence.bad_frame)
    });
    let is_place =
        |cell: &Option<RowCell>| cell.as_ref().is_some_and(|cell| cell.place == divergence.place);
    of_frame.or_else(|| rows.iter().position(|row| is_place(&row.good) || is_place(&row.bad)))
}

fn timings<'a>((title, rows): (&'static str, Vec<&'a PhaseRow>)) -> Option<Timings<'a>> {
    let longest = rows.iter().flat_map(|row| [row.good_ns, row.bad_ns]).flatten().max()?;
    let scale = Scale::linear(0, longest);
    let drawn = |ns: Option<i64>| ns.map(|ns| (Duration(ns), scale.stretch(0, ns)));
    let timed = |row| Timed { row, good: drawn(row.good_ns), bad: drawn(row.bad_ns) };
    Some(Timings { title, longest: Duration(longest), rows: rows.into_iter().map(timed).collect() })
}

impl Timed<'_> {
    fn name(&self) -> &str {
        phase(&self.row.phase)
    }

    fn ratio(&self) -> String {
        self.row.ratio.map_or_else(String::new, |times| format!("{times:.2}"))
    }
}

/// A phase, as the waterfall of a session names it.
fn phase(name: &str) -> &str {
    match name {
        "tcp_connect_ns" => "TCP connect",
        "greeting_ns" => "greeting",
        "starttls_ns" => "STARTTLS",
        "tls_server_flight_ns" => "TLS: server's flight",
        "tls_client_flight_ns" => "TLS: client's flight",
        "tls_server_finish_ns" => "TLS: server's Finished",
        "tls_handshake_ns" => "TLS handshake",
        "auth_ns" => "AUTH",
        "mail_ns" => "MAIL",
        "rcpt_ns" => "RCPT",
        "data_go_ahead_ns" => "DATA",
        "data_transfer_ns" => "message sent",
        "data_accept_ns" => "message accepted",
        "network_ns" => "the network's time",
        "client_ns" => "the client's time",
        "server_ns" => "the server's time",
        "total_ns" => "the whole session",
        other => other,
    }
}

/// A value or a list of them, with what only this side has.
fn values(values: Option<&Vec<String>>) -> String {
    match values {
        None => "-".to_owned(),
        Some(values) if values.is_empty() => "-".to_owned(),
        Some(values) => values.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(place: &str, frame: u64) -> Option<RowCell> {
        let (place, text) = (place.to_owned(), place.to_owned());
        Some(RowCell { place, from: Role::Client, text, frame: Some(frame), t_ns: None })
    }

    fn divergence(kind: &'static str, place: &str, bad_frame: Option<u64>) -> Divergence {
        Divergence {
            kind,
            place: place.to_owned(),
            good: None,
            bad: None,
            good_frame: None,
            bad_frame,
            led_to: None,
            hint: None,
            code: None,
        }
    }

    #[test]
    fn a_divergence_is_marked_at_its_frame_else_at_its_place() {
        let row = |place, frame, same| Row {
            same,
            good: cell(place, frame),
            bad: cell(place, frame + 1),
        };
        let rows = [row("EHLO", 1, true), row("EHLO", 5, true), row("reply", 7, false)];
        assert_eq!(step_of(&divergence("value", "EHLO", Some(6)), &rows), Some(1));
        assert_eq!(step_of(&divergence("value", "EHLO", None), &rows), Some(0));
        assert_eq!(step_of(&divergence("course", "reply", None), &rows), Some(2));
        assert_eq!(step_of(&divergence("value", "QUIT", None), &rows), None);
    }
}
