//! Many sessions beside many: how outcomes, versions, suites and times are spread, and which
//! sessions stand out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::groups::{self, FailureGroup};
use super::model::Comparison;
use super::pair;
use super::parting::Divergence;
use super::phases::{PHASES, Phase, Tolerance, Waited, blamed, ratio, spell};
use super::side::{MOST_SHAPES, Shape, Side};
use crate::report::{Attribution, Outcome};

/// Shares that differ by less are chance, in percent of the sessions.
const SHARE_TOLERANCE: f64 = 5.0;

/// Outliers that are named, worst first.
const MOST_OUTLIERS: usize = 20;

/// Ways to negotiate that are listed, commonest first.
const MOST_LISTED: usize = 20;

/// All sessions of both sides.
#[derive(Clone, Debug, Serialize)]
pub struct Population {
    /// Outcomes, protocols, versions, suites.
    pub shares: Vec<Share>,
    /// Times by phase.
    pub phases: Vec<SpreadRow>,
    /// The bad side's failures by cause.
    pub groups: Vec<FailureGroup>,
    /// Failures of causes beyond those listed.
    pub further_failures: u64,
    /// The ways to negotiate.
    pub shapes: Vec<ShapeRow>,
    /// Sessions that took longer than the good side's slowest twentieth.
    pub outliers: Vec<Outlier>,
    /// Outliers beyond those named.
    pub further_outliers: u64,
}

/// How many sessions of each side have a value.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// `outcome`, `protocol`, `TLS version`, `cipher suite`, `decryption`.
    pub field: &'static str,
    /// The value.
    pub value: String,
    /// Sessions of the good side.
    pub good: u64,
    /// Sessions of the bad side.
    pub bad: u64,
    /// Whether the shares are not the same.
    pub differs: bool,
}

/// How a phase is spread on one side.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// Sessions that have it.
    pub sessions: u64,
    /// Half took no longer.
    pub p50_ns: i64,
    /// 95 of 100 took no longer.
    pub p95_ns: i64,
    /// The longest.
    pub max_ns: i64,
}

/// A phase of both sides.
#[derive(Clone, Debug, Serialize)]
pub struct SpreadRow {
    /// Its name.
    pub phase: &'static str,
    /// The good side's.
    pub good: Option<Spread>,
    /// The bad side's.
    pub bad: Option<Spread>,
    /// Bad by good of the median.
    pub p50_ratio: Option<f64>,
    /// Bad by good of the 95th percentile.
    pub p95_ratio: Option<f64>,
    /// Whether median or 95th percentile differ beyond the tolerance.
    pub differs: bool,
}

/// A way to negotiate.
#[derive(Clone, Debug, Serialize)]
pub struct ShapeRow {
    /// Sessions of the good side.
    pub good: u64,
    /// Sessions of the bad side.
    pub bad: u64,
    /// The first on the good side.
    pub good_session: Option<u64>,
    /// The first on the bad side.
    pub bad_session: Option<u64>,
    /// How they end.
    pub outcome: Outcome,
    /// Where it parts from the good side's commonest way; null for that one itself.
    pub sentence: Option<String>,
}

/// A session that stands out.
#[derive(Clone, Debug, Serialize)]
pub struct Outlier {
    /// `good` or `bad`.
    pub side: &'static str,
    /// Its number.
    pub session: u64,
    /// Where it lost the time.
    pub phase: &'static str,
    /// How long it took.
    pub ns: i64,
    /// The good side's 95th percentile.
    pub usual_ns: i64,
}

/// Adds what all sessions show, and lets it decide whether the sides are the same.
pub(super) fn describe(
    comparison: &mut Comparison,
    good: &Side,
    bad: &Side,
    tolerance: &Tolerance,
) {
    if good.sessions() == 0 || bad.sessions() == 0 {
        return;
    }
    let phases = spreads(good, bad, tolerance);
    let (mut outliers, shapes) =
        (outliers(good, bad, &phases, tolerance), shapes(good, bad, tolerance));
    let further = outliers.len().saturating_sub(MOST_OUTLIERS) as u64;
    outliers.truncate(MOST_OUTLIERS);
    let (groups, further_failures) = groups::of(good, bad, tolerance);
    let population = Population {
        shares: shares(good, bad),
        phases,
        groups,
        further_failures,
        shapes,
        outliers,
        further_outliers: further,
    };
    if good.is_full() || bad.is_full() {
        comparison.notes.push(format!(
            "a side has more ways to negotiate than are told apart ({MOST_SHAPES}): one that only \
             one side has may be among those beyond them"
        ));
    }
    let odd = odd_sessions(good, bad);
    let gone = !bad.is_full() && good.shapes.keys().any(|key| !bad.shapes.contains_key(key));
    let share = population.shares.iter().find(|share| share.differs);
    let slow = slowest(&population.phases);
    comparison.same = odd == 0 && !gone && share.is_none() && slow.is_none();
    let total = format!("{} good and {} bad sessions. ", good.sessions(), bad.sessions());
    comparison.sentence = match (odd, share, slow) {
        (0, None, None) if !gone => {
            comparison.first_divergence = None;
            format!("{total}The two sides negotiate in the same ways, at the same speed.")
        }
        (0, None, Some(row)) if !gone => {
            comparison.first_divergence = Some(of_spread(row));
            format!("{total}{}", slow_sentence(row, &population.phases))
        }
        (0, Some(share), _) => format!("{total}{}", share_sentence(share, good, bad)),
        (0, ..) => format!("{total}Some ways of the good side do not come on the bad side."),
        _ if !population.groups.is_empty() => {
            format!("{total}{}", failures_sentence(&population, &comparison.sentence))
        }
        _ => format!(
            "{total}{odd} bad sessions negotiate as no good one does; the commonest of them: {}",
            comparison.sentence
        ),
    };
    comparison.population = Some(population);
}

/// How many failed, for how many causes, and the commonest of these.
fn failures_sentence(population: &Population, first: &str) -> String {
    let groups = &population.groups;
    let failed =
        groups.iter().map(|group| group.sessions).sum::<u64>() + population.further_failures;
    let verb = if failed == 1 { "bad session fails" } else { "bad sessions fail" };
    let which = match (groups.as_slice(), population.further_failures) {
        ([group], 0) => format!(", {}", spelled(&group.named, group.sessions)),
        ([group, ..], _) if group.sessions == 1 => {
            format!(" in {} ways; first {}", groups.len(), spelled(&group.named, 1))
        }
        ([group, ..], _) => format!(
            " in {} ways; in the commonest {} of them, {}",
            groups.len(),
            group.sessions,
            spelled(&group.named, group.sessions)
        ),
        ([], _) => String::new(),
    };
    let sentence = groups.first().map_or(first, |group| group.sentence.as_str());
    format!("{failed} {verb}{which}: {sentence}")
}

/// `session 3`, `sessions 3, 7 and 12 more`.
fn spelled(named: &[u64], all: u64) -> String {
    let shown: Vec<_> = named.iter().take(3).map(u64::to_string).collect();
    let noun = if all == 1 { "session" } else { "sessions" };
    match all.saturating_sub(shown.len() as u64) {
        0 => format!("{noun} {}", shown.join(", ")),
        more => format!("{noun} {} and {more} more", shown.join(", ")),
    }
}

/// Sessions of the bad side that negotiate as no good one does.
fn odd_sessions(good: &Side, bad: &Side) -> u64 {
    if good.is_full() {
        return 0;
    }
    let new_ways = bad.shapes.iter().filter(|(key, _)| !good.shapes.contains_key(key));
    new_ways.map(|(_, shape)| shape.sessions).sum::<u64>() + bad.counts.further_shapes
}

fn of_spread(row: &SpreadRow) -> Divergence {
    let median = |spread: Option<Spread>| spread.map(|spread| spell(spread.p50_ns));
    Divergence {
        kind: "timing",
        ..Divergence::of_value(row.phase, median(row.good), median(row.bad))
    }
}

/// The phase that differs most; a sum of others only where none of them differs.
fn slowest(rows: &[SpreadRow]) -> Option<&SpreadRow> {
    let differing = || rows.iter().filter(|row| row.differs);
    let is_sum = |row: &&SpreadRow| phase_of(row).is_some_and(Phase::is_sum);
    let parts = differing().filter(|row| !is_sum(row)).max_by_key(|row| row.gap_ns());
    parts.or_else(|| differing().max_by_key(|row| row.gap_ns()))
}

fn phase_of(row: &SpreadRow) -> Option<&'static Phase> {
    PHASES.iter().find(|phase| phase.name == row.phase)
}

impl SpreadRow {
    /// By how much the two differ: of median or 95th percentile, what is more.
    fn gap_ns(&self) -> i64 {
        let (Some(good), Some(bad)) = (self.good, self.bad) else { return 0 };
        let gap = |of: fn(&Spread) -> i64| of(&bad).saturating_sub(of(&good)).saturating_abs();
        gap(|spread| spread.p50_ns).max(gap(|spread| spread.p95_ns))
    }
}

/// Who was being waited for: by the medians of the shares.
fn waited(row: &SpreadRow, rows: &[SpreadRow]) -> Waited {
    let Some(of) = phase_of(row).map(|phase| phase.waited_for) else { return Waited::All };
    let median = |name: &str, side: fn(&SpreadRow) -> Option<Spread>| {
        let share = rows.iter().find(|row| row.phase == name);
        share.and_then(side).map_or(0, |spread| spread.p50_ns)
    };
    let split = |side: fn(&SpreadRow) -> Option<Spread>| Attribution {
        network_ns: median("network_ns", side),
        client_ns: median("client_ns", side),
        server_ns: median("server_ns", side),
        third_party_ns: 0,
    };
    let has_grown = row.good.zip(row.bad).is_none_or(|(good, bad)| good.p50_ns <= bad.p50_ns);
    blamed(of, [split(|row| row.good), split(|row| row.bad)], row.gap_ns(), has_grown)
}

fn slow_sentence(row: &SpreadRow, rows: &[SpreadRow]) -> String {
    let (Some(good), Some(bad)) = (row.good, row.bad) else { return String::new() };
    let who = match waited(row, rows) {
        Waited::All => "more than one end was being waited for".to_owned(),
        who => format!("the {} was being waited for", who.name()),
    };
    format!(
        "They negotiate in the same ways, and part in time: {} ({}) has a median of {} on the good \
         side and {} on the bad one, and a 95th percentile of {} and {}; {who}.",
        phase_of(row).map_or(row.phase, |phase| phase.words),
        row.phase,
        spell(good.p50_ns),
        spell(bad.p50_ns),
        spell(good.p95_ns),
        spell(bad.p95_ns)
    )
}

fn share_sentence(share: &Share, good: &Side, bad: &Side) -> String {
    format!(
        "The same ways come in other shares: {} {} in {} of {} good and {} of {} bad sessions.",
        share.field,
        share.value,
        share.good,
        good.sessions(),
        share.bad,
        bad.sessions()
    )
}

fn shares(good: &Side, bad: &Side) -> Vec<Share> {
    let fields = [
        ("outcome", &good.counts.outcome, &bad.counts.outcome),
        ("protocol", &good.counts.protocol, &bad.counts.protocol),
        ("TLS version", &good.counts.version, &bad.counts.version),
        ("cipher suite", &good.counts.suite, &bad.counts.suite),
        ("decryption", &good.counts.decryption, &bad.counts.decryption),
    ];
    let mut found = Vec::new();
    for (field, left, right) in fields {
        let names: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
        for name in names {
            let count = |counts: &BTreeMap<String, u64>| counts.get(name).copied().unwrap_or(0);
            let percent = |count: u64, side: &Side| count as f64 * 100.0 / side.sessions() as f64;
            let (a, b) = (count(left), count(right));
            let differs = (percent(a, good) - percent(b, bad)).abs() > SHARE_TOLERANCE;
            found.push(Share { field, value: name.clone(), good: a, bad: b, differs });
        }
    }
    found
}

fn spreads(good: &Side, bad: &Side, tolerance: &Tolerance) -> Vec<SpreadRow> {
    let row = |(at, phase): (usize, &super::phases::Phase)| {
        let (left, right) = (spread(good, at), spread(bad, at));
        if left.is_none() && right.is_none() {
            return None;
        }
        let both = left.zip(right);
        Some(SpreadRow {
            phase: phase.name,
            good: left,
            bad: right,
            p50_ratio: both.and_then(|(a, b)| ratio(a.p50_ns, b.p50_ns)),
            p95_ratio: both.and_then(|(a, b)| ratio(a.p95_ns, b.p95_ns)),
            differs: both.is_some_and(|(a, b)| {
                tolerance.is_beyond(a.p50_ns, b.p50_ns) || tolerance.is_beyond(a.p95_ns, b.p95_ns)
            }),
        })
    };
    PHASES.iter().enumerate().filter_map(row).collect()
}

fn spread(side: &Side, at: usize) -> Option<Spread> {
    let values = side.samples.iter().filter_map(|sample| sample.phases.get(at).copied().flatten());
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    Some(Spread {
        sessions: values.len() as u64,
        p50_ns: percentile(&values, 50)?,
        p95_ns: percentile(&values, 95)?,
        max_ns: *values.last()?,
    })
}

/// The smallest value that so many percent of the values do not exceed (nearest rank).
pub(super) fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Sessions slower than the good side's 95th percentile beyond the tolerance, the worst first.
fn outliers(good: &Side, bad: &Side, phases: &[SpreadRow], tolerance: &Tolerance) -> Vec<Outlier> {
    let mut found = Vec::new();
    for (at, phase) in PHASES.iter().enumerate().filter(|(_, phase)| !phase.is_sum()) {
        let row = phases.iter().find(|row| row.phase == phase.name);
        let Some(usual) = row.and_then(|row| row.good) else { continue };
        for (name, side) in [("good", good), ("bad", bad)] {
            for sample in &side.samples {
                let Some(ns) = sample.phases.get(at).copied().flatten() else { continue };
                if ns > usual.p95_ns && tolerance.is_beyond(usual.p95_ns, ns) {
                    found.push(Outlier {
                        side: name,
                        session: sample.id,
                        phase: phase.name,
                        ns,
                        usual_ns: usual.p95_ns,
                    });
                }
            }
        }
    }
    found.sort_by_key(|outlier| (std::cmp::Reverse(outlier.ns), outlier.side, outlier.session));
    found
}

/// The ways to negotiate of both sides.
fn shapes(good: &Side, bad: &Side, tolerance: &Tolerance) -> Vec<ShapeRow> {
    let main = good.ranked().first().map(|(_, shape)| *shape);
    let mut rows: Vec<ShapeRow> = Vec::new();
    let only_bad = bad.ranked().into_iter().filter(|(key, _)| !good.shapes.contains_key(key));
    for (key, shape) in good.ranked().into_iter().chain(only_bad).take(MOST_LISTED) {
        rows.push(ShapeRow {
            good: good.shapes.get(&key).map_or(0, |shape| shape.sessions),
            bad: bad.shapes.get(&key).map_or(0, |shape| shape.sessions),
            good_session: good.shapes.get(&key).map(|shape| shape.first.id),
            bad_session: bad.shapes.get(&key).map(|shape| shape.first.id),
            outcome: shape.first.outcome,
            sentence: main.and_then(|main| parting_of(main, shape, tolerance)),
        });
    }
    rows
}

fn parting_of(main: &Shape, shape: &Shape, tolerance: &Tolerance) -> Option<String> {
    let compared = pair::compare(&main.first, &shape.first, tolerance);
    (!compared.same).then_some(compared.sentence)
}
