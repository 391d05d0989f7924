//! The steps of two sessions side by side.

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::negotiation::{Negotiation, Step};
use crate::role::Role;

/// A line of the side by side view.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Whether both did the same here, for what comes after.
    pub same: bool,
    /// The good session's step.
    pub good: Option<RowCell>,
    /// The bad session's step.
    pub bad: Option<RowCell>,
}

/// A step in the side by side view.
#[derive(Clone, Debug, Serialize)]
pub struct RowCell {
    /// What it is.
    pub place: String,
    /// Whose.
    pub from: Role,
    /// What was said.
    pub text: String,
    /// Its frame.
    pub frame: Option<u64>,
    /// Since the session's start.
    pub t_ns: Option<i64>,
}

impl RowCell {
    fn new(step: &Step) -> Self {
        Self {
            place: step.place.clone(),
            from: step.from,
            text: step.shown.clone(),
            frame: step.frame,
            t_ns: step.at_ns,
        }
    }
}

/// Steps that mean the same beside each other, and what only one has where it has it.
pub(super) fn rows(good: &Negotiation, bad: &Negotiation) -> Vec<Row> {
    let mut rows = Vec::new();
    for op in operations(good, bad) {
        let (_, left, right) = op.as_tag_tuple();
        let left = good.steps.get(left).unwrap_or_default();
        let right = bad.steps.get(right).unwrap_or_default();
        match op {
            DiffOp::Equal { .. } => {
                rows.extend(left.iter().zip(right).map(|(a, b)| row(Some(a), Some(b))))
            }
            _ => replaced(left, right, &mut rows),
        }
    }
    rows
}

fn operations(good: &Negotiation, bad: &Negotiation) -> Vec<DiffOp> {
    let keys = |side: &Negotiation| -> Vec<(String, Role, String)> {
        let owned = |step: &Step| {
            let (place, from, course) = step.key();
            (place.to_owned(), from, course.to_owned())
        };
        side.steps.iter().map(owned).collect()
    };
    capture_diff_slices(Algorithm::Myers, &keys(good), &keys(bad))
}

/// What stands instead of something: beside it if it is of the same place, else below it. What is
/// first on either side is always beside the other: that is where they part.
fn replaced(left: &[Step], right: &[Step], rows: &mut Vec<Row>) {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    if left.peek().is_some() && right.peek().is_some() {
        rows.push(row(left.next(), right.next()));
    }
    while left.peek().is_some() || right.peek().is_some() {
        let beside = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => a.place == b.place,
            _ => false,
        };
        match (beside, left.peek().is_some()) {
            (true, _) => rows.push(row(left.next(), right.next())),
            (false, true) => rows.push(row(left.next(), None)),
            (false, false) => rows.push(row(None, right.next())),
        }
    }
}

fn row(good: Option<&Step>, bad: Option<&Step>) -> Row {
    let same = good.zip(bad).is_some_and(|(good, bad)| good.agrees(bad));
    Row { same, good: good.map(RowCell::new), bad: bad.map(RowCell::new) }
}

/// The index of the first step at which the courses part.
pub(super) fn parting(good: &Negotiation, bad: &Negotiation) -> Option<usize> {
    let parted = good.steps.iter().zip(&bad.steps).position(|(good, bad)| !good.agrees(bad));
    let shorter = good.steps.len().min(bad.steps.len());
    parted.or_else(|| (good.steps.len() != bad.steps.len()).then_some(shorter))
}
