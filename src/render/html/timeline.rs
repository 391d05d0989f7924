//! When sessions were: a bar each where they are few, else how many began in each step of time.

use askama::Template;

use super::inked::class;
use super::notable::MOST_DETAILED;
use super::scale::{Scale, Stretch, Units, WIDTH};
use crate::moment::Timestamp;
use crate::render::text::duration::Duration;
use crate::render::text::heading::ink;
use crate::render::text::ink::Ink;
use crate::render::text::times::Times;
use crate::report::{Outcome, SessionReport};

/// Lanes that bars are put in; what finds none free is drawn in the last.
const MOST_LANES: usize = 24;

/// Units between lanes, and of those drawn.
const LANE: f64 = 8.0;
const BAR: f64 = 6.0;

/// Steps that sessions are counted in.
const STEPS: usize = 120;

/// The height of the fullest step, in units.
const HEIGHT: f64 = 100.0;

/// A drawing of all sessions.
#[derive(Debug, Template)]
#[template(path = "timeline.html")]
pub(super) struct Timeline {
    from: String,
    to: String,
    height: Units,
    bars: Vec<Bar>,
    columns: Vec<Column>,
    fullest: usize,
    step: Duration,
}

/// A session.
#[derive(Debug)]
struct Bar {
    session: u64,
    class: &'static str,
    stretch: Stretch,
    y: Units,
    height: Units,
    words: String,
}

/// Sessions of one outcome that began in one step.
#[derive(Debug, PartialEq)]
struct Column {
    class: &'static str,
    x: Units,
    width: Units,
    y: Units,
    height: Units,
    words: String,
}

impl Timeline {
    /// The drawing of sessions in order of their first frame; nothing of fewer than two.
    pub(super) fn new(sessions: &[SessionReport]) -> Option<Self> {
        if sessions.len() < 2 {
            return None;
        }
        let from = sessions.iter().map(|session| session.start).min()?;
        let to = sessions.iter().map(end).max()?;
        let scale = Scale::linear(0, to - from);
        // Each bar is a link to its session.
        let is_few = sessions.len() <= MOST_DETAILED;
        let (bars, lanes) = if is_few { bars(sessions, from, &scale) } else { (Vec::new(), 0) };
        let (columns, fullest) =
            if is_few { (Vec::new(), 0) } else { columns(sessions, from, &scale) };
        Some(Self {
            from: Times::Utc.start(from),
            to: Times::Utc.start(to),
            height: Units(if is_few { lanes as f64 * LANE } else { HEIGHT }),
            bars,
            columns,
            fullest,
            step: Duration((to - from) / STEPS as i64),
        })
    }
}

fn end(session: &SessionReport) -> Timestamp {
    session.start.plus(session.duration_ns)
}

/// A bar each, in the first lane that is free, and how many lanes that takes.
fn bars(sessions: &[SessionReport], from: Timestamp, scale: &Scale) -> (Vec<Bar>, usize) {
    let mut lanes: Vec<f64> = Vec::new();
    let mut bars = Vec::new();
    let mut in_time: Vec<_> = sessions.iter().collect();
    in_time.sort_by_key(|session| (session.start, session.id));
    for session in in_time {
        let stretch = scale.stretch(session.start - from, end(session) - from);
        let free = lanes.iter().position(|&until| until <= stretch.x.0);
        let lane = free.unwrap_or_else(|| {
            if lanes.len() < MOST_LANES {
                lanes.push(0.0);
            }
            lanes.len() - 1
        });
        if let Some(until) = lanes.get_mut(lane) {
            *until = stretch.x.0 + stretch.width.0;
        }
        bars.push(Bar {
            session: session.id,
            class: class(ink(session.outcome)),
            stretch,
            y: Units(lane as f64 * LANE),
            height: Units(BAR),
            words: format!(
                "session {}: {}, {}",
                session.id,
                session.outcome.name(),
                Duration(session.duration_ns)
            ),
        });
    }
    (bars, lanes.len())
}

/// How many sessions began in each step, what went wrong on top; and how many in the fullest.
fn columns(sessions: &[SessionReport], from: Timestamp, scale: &Scale) -> (Vec<Column>, usize) {
    let width = WIDTH / STEPS as f64;
    let mut steps = vec![[0_usize; KINDS.len()]; STEPS];
    for session in sessions {
        let step = (scale.at(session.start - from).0 / width) as usize;
        let Some(counts) = steps.get_mut(step.min(STEPS - 1)) else { continue };
        if let Some(count) = counts.get_mut(kind(session.outcome)) {
            *count += 1;
        }
    }
    let fullest = steps.iter().map(|counts| counts.iter().sum()).max().unwrap_or(1).max(1);
    let mut columns = Vec::new();
    for (i, counts) in steps.iter().enumerate() {
        let mut top = HEIGHT;
        for (&count, &(ink, words)) in counts.iter().zip(KINDS).filter(|(count, _)| **count > 0) {
            let height = count as f64 / fullest as f64 * HEIGHT;
            top -= height;
            columns.push(Column {
                class: class(ink),
                x: Units(i as f64 * width),
                width: Units(width),
                y: Units(top),
                height: Units(height),
                words: format!("{count} {words}"),
            });
        }
    }
    (columns, fullest)
}

/// Kinds of outcomes as the eye tells them apart.
const KINDS: &[(Ink, &str)] = &[
    (Ink::Good, "delivered"),
    (Ink::Strong, "without mail"),
    (Ink::Warn, "incomplete or unknown"),
    (Ink::Bad, "failed"),
];

fn kind(outcome: Outcome) -> usize {
    let of = ink(outcome);
    KINDS.iter().position(|(ink, _)| *ink == of).unwrap_or(0)
}
