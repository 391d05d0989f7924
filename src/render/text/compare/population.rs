//! Many sessions beside many.

use std::io;

use crate::compare::{FailureGroup, Outlier, Population, ShapeRow, Share, Spread, SpreadRow};
use crate::render::text::duration::Duration;
use crate::render::text::ink::Ink;
use crate::render::text::line::Line;
use crate::render::text::page::Page;

/// Where the counts of good and bad end.
const COUNTS: [usize; 2] = [60, 70];

/// Where the four times of a phase end.
const TIMES: [usize; 4] = [36, 48, 60, 72];

/// Writes the distributions and what stands out.
pub(super) fn section(population: &Population, page: &mut Page<'_>) -> io::Result<()> {
    groups(population, page)?;
    shares(&population.shares, page)?;
    spreads(&population.phases, page)?;
    shapes(&population.shapes, page)?;
    outliers(population, page)
}

/// The failures by cause, each beside the nearest good session.
fn groups(population: &Population, page: &mut Page<'_>) -> io::Result<()> {
    if population.groups.is_empty() {
        return Ok(());
    }
    page.heading("Failures by cause")?;
    population.groups.iter().try_for_each(|group| failures(group, page))?;
    match population.further_failures {
        0 => Ok(()),
        more => page.put(Line::default().own("  and ").text(more).own(" of other causes")),
    }
}

fn failures(group: &FailureGroup, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(6);
    line.ink(Ink::Bad).own("  ").text(group.sessions).own(" x ");
    line.text(group.code.as_deref().unwrap_or_else(|| group.outcome.name())).ink(Ink::Plain);
    line.own(if group.sessions == 1 { ": session " } else { ": sessions " });
    line.list(&group.named, ", ", usize::MAX);
    let more = group.sessions.saturating_sub(group.named.len() as u64);
    if more > 0 {
        line.own(" and ").text(more).own(" more");
    }
    if let Some(good) = group.nearest_good {
        line.ink(Ink::Dim).own("; nearest good one: session ").text(good).ink(Ink::Plain);
    }
    page.put(&line)?;
    page.put(Line::hanging(6).own("      ").text(&group.sentence))
}

fn marked(differs: bool, hang: usize) -> Line {
    let mut line = Line::hanging(hang);
    line.ink(if differs { Ink::Bad } else { Ink::Plain }).own(if differs { "* " } else { "  " });
    line
}

fn shares(shares: &[Share], page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Sessions")?;
    let mut line = Line::default();
    page.put(line.ink(Ink::Dim).right(COUNTS[0], "good").right(COUNTS[1], "bad"))?;
    for share in shares {
        let mut line = marked(share.differs, 4);
        line.own(share.field).own(" ").text(&share.value);
        page.put(line.right(COUNTS[0], share.good).right(COUNTS[1], share.bad))?;
    }
    Ok(())
}

fn spreads(rows: &[SpreadRow], page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Times of all sessions")?;
    let mut line = Line::default();
    line.ink(Ink::Dim).right(TIMES[0], "good p50").right(TIMES[1], "bad p50");
    page.put(line.right(TIMES[2], "good p95").right(TIMES[3], "bad p95"))?;
    for row in rows {
        let shown = |spread: Option<Spread>, of: fn(Spread) -> i64| {
            spread.map_or_else(|| "-".to_owned(), |spread| Duration(of(spread)).to_string())
        };
        let mut line = marked(row.differs, 4);
        line.text(row.phase.trim_end_matches("_ns"));
        line.right(TIMES[0], shown(row.good, |spread| spread.p50_ns));
        line.right(TIMES[1], shown(row.bad, |spread| spread.p50_ns));
        line.right(TIMES[2], shown(row.good, |spread| spread.p95_ns));
        page.put(line.right(TIMES[3], shown(row.bad, |spread| spread.p95_ns)))?;
    }
    Ok(())
}

fn shapes(shapes: &[ShapeRow], page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Ways to negotiate")?;
    for (rank, shape) in shapes.iter().enumerate() {
        let mut line = marked(shape.good == 0 || shape.bad == 0, 6);
        line.own(shape.outcome.name()).own(": ");
        line.text(shape.good).own(" good").own(first("", shape.good_session));
        number(shape.good_session, &mut line);
        line.own(", ").text(shape.bad).own(" bad").own(first("", shape.bad_session));
        number(shape.bad_session, &mut line);
        if rank == 0 {
            line.own(": the good side's commonest way");
        }
        page.put(&line)?;
        if let Some(sentence) = &shape.sentence {
            page.put(Line::hanging(6).own("      ").text(sentence))?;
        }
    }
    Ok(())
}

fn first(none: &'static str, session: Option<u64>) -> &'static str {
    if session.is_some() { " (first: session " } else { none }
}

fn number(session: Option<u64>, line: &mut Line) {
    if let Some(session) = session {
        line.text(session).own(")");
    }
}

fn outliers(population: &Population, page: &mut Page<'_>) -> io::Result<()> {
    if population.outliers.is_empty() {
        return Ok(());
    }
    page.heading("Sessions that stand out")?;
    population.outliers.iter().try_for_each(|outlier| one(outlier, page))?;
    match population.further_outliers {
        0 => Ok(()),
        more => page.put(Line::default().own("  and ").text(more).own(" more")),
    }
}

fn one(outlier: &Outlier, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::hanging(4);
    line.own("  ").own(outlier.side).own(" session ").text(outlier.session).own(": ");
    line.text(outlier.phase.trim_end_matches("_ns")).own(" took ").text(Duration(outlier.ns));
    page.put(line.own(", usual is up to ").text(Duration(outlier.usual_ns)))
}
