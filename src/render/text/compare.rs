//! Two negotiations for people: where they part, why that may be, and their steps side by side.

mod columns;
mod population;

use std::io::{self, Write};

use super::Style;
use super::duration::Duration;
use super::ink::Ink;
use super::line::{LABELS, Line};
use super::page::Page;
use crate::compare::{Comparison, Difference, Likelihood, PhaseRow, SessionId, SideReport};
use crate::role::Role;

/// Values of a list that are shown; the JSON has all.
const MOST_VALUES: usize = 24;

/// Columns of the timing table: phase, good, bad, ratio, who.
const TIMES: [usize; 4] = [36, 47, 57, 59];

/// Writes a comparison.
///
/// # Errors
///
/// What `out` says.
pub fn write(comparison: &Comparison, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    top(comparison, page)?;
    sides(comparison, page)?;
    differences(comparison, page)?;
    if let Some(population) = &comparison.population {
        population::section(population, page)?;
    }
    times(comparison, page)?;
    if !comparison.steps.is_empty() {
        page.heading("Side by side")?;
        columns::write(&comparison.steps, page)?;
    }
    ignored(comparison, page)
}

/// The sentence, and what to look at.
fn top(comparison: &Comparison, page: &mut Page<'_>) -> io::Result<()> {
    let ink = if comparison.same { Ink::Good } else { Ink::Bad };
    page.put(Line::default().ink(ink).text(&comparison.sentence))?;
    let hint = comparison.first_divergence.as_ref().and_then(|divergence| divergence.hint.as_ref());
    if let Some(hint) = hint {
        page.put(Line::hanging(6).inked(Ink::Dim, "hint: ").text(hint))?;
    }
    for note in &comparison.notes {
        page.put(Line::hanging(6).inked(Ink::Warn, "note: ").text(note))?;
    }
    page.blank()
}

fn sides(comparison: &Comparison, page: &mut Page<'_>) -> io::Result<()> {
    side("Good", &comparison.good, page)?;
    side("Bad", &comparison.bad, page)
}

fn side(label: &'static str, side: &SideReport, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::labelled(label);
    match &side.session {
        Some(session) => of_session(session, &mut line),
        None => line.own("no session"),
    };
    if side.sessions > 1 {
        line.own(" (one of ").text(side.sessions).own(" sessions)");
    }
    page.put(&line)
}

fn of_session<'l>(session: &SessionId, line: &'l mut Line) -> &'l mut Line {
    line.own("session ").text(session.id).own(", ");
    line.ink(Ink::Client).text(session.client.0).ink(Ink::Plain).own(" -> ");
    line.ink(Ink::Server).text(session.server.0).ink(Ink::Plain).own(", ");
    line.own(session.protocol.name()).own(", ").own(session.outcome.name())
}

fn differences(comparison: &Comparison, page: &mut Page<'_>) -> io::Result<()> {
    let mut told = None;
    for difference in &comparison.differences {
        if told != Some(difference.likelihood) {
            page.heading(title(difference.likelihood))?;
            told = Some(difference.likelihood);
        }
        one(difference, page)?;
    }
    Ok(())
}

pub(in crate::render) fn title(likelihood: Likelihood) -> &'static str {
    match likelihood {
        Likelihood::Parting => "Where they part",
        Likelihood::Possible => "Differences that may explain it",
        Likelihood::Unlikely => "Other differences",
        Likelihood::Consequence => "Differences that follow from it",
    }
}

/// What differs, then the values of both sides below each other.
fn one(difference: &Difference, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(4);
    line.own("  ").text(&difference.place).own(": ").text(&difference.name);
    line.ink(Ink::Dim).own(" (").own(difference.topic.name()).own(")");
    page.put(&line)?;
    if difference.is_list() {
        return of_lists(difference, page);
    }
    value("good", difference.good.as_deref(), difference.good_frame, page)?;
    value("bad", difference.bad.as_deref(), difference.bad_frame, page)
}

fn of_lists(difference: &Difference, page: &mut Page<'_>) -> io::Result<()> {
    if difference.only_good.is_empty() && difference.only_bad.is_empty() {
        value("good", difference.good.as_deref(), difference.good_frame, page)?;
        return value("bad", difference.bad.as_deref(), difference.bad_frame, page);
    }
    value("only good", Some(&difference.only_good), difference.good_frame, page)?;
    value("only bad", Some(&difference.only_bad), difference.bad_frame, page)
}

fn value(
    side: &'static str,
    values: Option<&[String]>,
    frame: Option<u64>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let mut line = Line::hanging(LABELS + 2);
    line.own("    ").ink(Ink::Dim).own(side).tab(LABELS + 2).ink(Ink::Plain);
    match values {
        None | Some([]) => line.own("-"),
        Some(values) => line.list(values, ", ", MOST_VALUES),
    };
    if let Some(frame) = frame {
        line.ink(Ink::Dim).own(" (frame ").text(frame).own(")");
    }
    page.put(&line)
}

fn times(comparison: &Comparison, page: &mut Page<'_>) -> io::Result<()> {
    if comparison.timing.is_empty() {
        return Ok(());
    }
    page.heading("Timing")?;
    let [good, bad, ratio, who] = TIMES;
    let mut line = Line::default();
    line.ink(Ink::Dim).own("  phase").right(good, "good").right(bad, "bad").right(ratio, "ratio");
    page.put(line.tab(who).own("waited for"))?;
    comparison.timing.iter().try_for_each(|row| phase(row, page))
}

fn phase(row: &PhaseRow, page: &mut Page<'_>) -> io::Result<()> {
    let [good, bad, ratio, who] = TIMES;
    let shown = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| Duration(ns).to_string());
    let mut line = Line::hanging(4);
    line.ink(if row.differs { Ink::Bad } else { Ink::Plain });
    line.own(if row.differs { "* " } else { "  " }).text(row.phase.trim_end_matches("_ns"));
    line.right(good, shown(row.good_ns)).right(bad, shown(row.bad_ns));
    let times = row.ratio.map_or_else(|| "-".to_owned(), |times| format!("{times:.2}"));
    line.right(ratio, times).tab(who).own(row.waited_for.name());
    page.put(&line)
}

/// What was left out of the comparison, so that nobody wonders.
fn ignored(comparison: &Comparison, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let mut line = Line::labelled("Ignored");
    let names: Vec<_> = comparison.ignored.iter().map(|ignored| ignored.what).collect();
    match names.is_empty() {
        true => line.own("nothing else differs"),
        false => line.own("these differ and were ignored: ").list(&names, ", ", usize::MAX),
    };
    page.put(&line)?;
    let mut line = Line::unlabelled();
    line.own("never compared: randoms, tickets, sequence numbers, message bodies; times within ");
    line.text(Duration(comparison.tolerance.floor_ns)).own(" or ");
    page.put(line.text(comparison.tolerance.ratio).own(" times of each other"))
}

/// `C` or `S`.
fn letter(role: Role) -> &'static str {
    match role {
        Role::Client => "C",
        Role::Server => "S",
    }
}
