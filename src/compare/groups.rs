//! The failures of the bad side by cause, each beside the good session that is nearest to it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::negotiation::Negotiation;
use super::pair;
use super::phases::Tolerance;
use super::side::{self, Shape, Side};
use crate::report::Outcome;

/// Causes that are listed, commonest first.
const MOST_GROUPS: usize = 20;

/// Sessions of a cause that are named.
const MOST_NAMED: usize = 10;

/// Sessions of the bad side that failed for the same cause.
#[derive(Clone, Debug, Serialize)]
pub struct FailureGroup {
    /// The code of the diagnosis; null if the capture does not show why they failed.
    pub code: Option<String>,
    /// How they ended.
    pub outcome: Outcome,
    /// How many they are.
    pub sessions: u64,
    /// The first of them.
    pub named: Vec<u64>,
    /// The good session that goes the longest way with them.
    pub nearest_good: Option<u64>,
    /// Where the first of them parts from that one, and why.
    pub sentence: String,
}

/// Code, outcome and place.
type Key<'s> = (Option<&'s str>, Outcome, String);

/// The failures by cause, the commonest first, and how many failed for causes beyond those listed.
pub(super) fn of(good: &Side, bad: &Side, tolerance: &Tolerance) -> (Vec<FailureGroup>, u64) {
    let mut by_cause: BTreeMap<Key<'_>, Vec<(u64, &Shape)>> = BTreeMap::new();
    for (key, shape) in bad.ranked() {
        let first = &shape.first;
        if !first.has_failed() || good.shapes.contains_key(&key) {
            continue;
        }
        let code = first.failure.as_ref().map(|failure| failure.code.as_str());
        by_cause.entry((code, first.outcome, failed_at(first))).or_default().push((key, shape));
    }
    let mut groups: Vec<_> = by_cause
        .into_iter()
        .map(|((code, outcome, _), shapes)| group(good, bad, tolerance, code, outcome, &shapes))
        .collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.sessions), group.named.first().copied()));
    let further = groups.iter().skip(MOST_GROUPS).map(|group| group.sessions).sum();
    groups.truncate(MOST_GROUPS);
    (groups, further)
}

/// The place at which a session failed: what tells `smtp.rejected` of MAIL from that of RCPT.
fn failed_at(side: &Negotiation) -> String {
    let frame = side.failure.as_ref().and_then(|failure| failure.frame);
    let step = side.steps.iter().rfind(|step| frame.is_some() && step.frame == frame);
    step.map_or_else(String::new, |step| step.place.clone())
}

fn group(
    good: &Side,
    bad: &Side,
    tolerance: &Tolerance,
    code: Option<&str>,
    outcome: Outcome,
    shapes: &[(u64, &Shape)],
) -> FailureGroup {
    let is_of = |shape: u64| shapes.iter().any(|(key, _)| *key == shape);
    let mut named: Vec<u64> =
        bad.samples.iter().filter(|sample| is_of(sample.shape)).map(|sample| sample.id).collect();
    named.sort_unstable();
    named.truncate(MOST_NAMED);
    let first = shapes.first().map(|(_, shape)| &shape.first);
    let nearest = first.and_then(|first| side::nearest(good, first));
    let compared = nearest.zip(first).map(|(good, bad)| pair::compare(good, bad, tolerance));
    FailureGroup {
        code: code.map(str::to_owned),
        outcome,
        sessions: shapes.iter().map(|(_, shape)| shape.sessions).sum(),
        named,
        nearest_good: nearest.map(|nearest| nearest.id),
        sentence: compared.map_or_else(String::new, |compared| compared.sentence),
    }
}
