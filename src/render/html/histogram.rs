//! How long each phase took over all sessions, and which sessions stand out.

use askama::Template;

use super::scale::{Scale, Units, WIDTH};
use crate::render::text::duration::Duration;
use crate::render::text::timing;
use crate::report::{Percentiles, SessionReport};

/// Bars of a histogram: each is a few pixels wide on a phone.
const BARS: usize = 30;

/// The height of the fullest bar, in units.
const HEIGHT: f64 = 100.0;

/// Outliers of a phase that are named, the slowest first.
const MOST_OUTLIERS: usize = 6;

/// An outlier is among the slowest twentieth, and takes so many times the median and so many ns
/// (1 ms) or more: else somebody is always the slowest.
const TIMES_MEDIAN: i64 = 2;
const LEAST_NS: i64 = 1_000_000;

/// How a phase is spread.
#[derive(Debug, Template)]
#[template(path = "histogram.html")]
pub(super) struct Histogram {
    name: &'static str,
    count: u64,
    p50: Mark,
    p95: Mark,
    least: Duration,
    most: Duration,
    bars: Vec<Bar>,
    outliers: Vec<Outlier>,
    further_outliers: usize,
}

#[derive(Debug)]
struct Mark {
    at: Duration,
    x: Units,
}

#[derive(Debug)]
struct Bar {
    x: Units,
    width: Units,
    y: Units,
    height: Units,
    words: String,
}

/// A session that took long.
#[derive(Debug)]
struct Outlier {
    session: u64,
    took: Duration,
    x: Units,
}

impl Histogram {
    /// Of each phase that two sessions or more have, its histogram.
    pub(super) fn all(sessions: &[SessionReport]) -> Vec<Self> {
        let names = timing::phases(&Default::default()).map(|(name, _)| name);
        let of = |(i, name): (usize, &'static str)| {
            let took = |session: &SessionReport| {
                let (_, ns) = timing::phases(&session.timing).into_iter().nth(i)?;
                Some((ns?, session.id))
            };
            Self::new(name.trim_start(), sessions.iter().filter_map(took).collect())
        };
        names.into_iter().enumerate().filter_map(of).collect()
    }

    /// `took`: durations with the sessions that took them.
    fn new(name: &'static str, mut took: Vec<(i64, u64)>) -> Option<Self> {
        took.sort_unstable();
        let (&(least, _), &(most, _)) = (took.first()?, took.last()?);
        if took.len() < 2 {
            return None;
        }
        let mut percentiles = Percentiles::default();
        took.iter().for_each(|&(ns, _)| percentiles.add(ns));
        let (p50, p95) = (percentiles.at(50), percentiles.at(95));
        let scale = Scale::logarithmic(least, most);
        let floor = p95.max(p50.saturating_mul(TIMES_MEDIAN)).max(LEAST_NS);
        let slow = took.iter().rev().take_while(|&&(ns, _)| ns >= floor && ns > p50);
        let outliers: Vec<_> = slow
            .map(|&(ns, session)| Outlier { session, took: Duration(ns), x: scale.at(ns) })
            .collect();
        let further_outliers = outliers.len().saturating_sub(MOST_OUTLIERS);
        let mark = |ns| Mark { at: Duration(ns), x: scale.at(ns) };
        Some(Self {
            name,
            count: percentiles.count(),
            p50: mark(p50),
            p95: mark(p95),
            least: Duration(least),
            most: Duration(most),
            bars: bars(&took, &scale),
            outliers: outliers.into_iter().take(MOST_OUTLIERS).collect(),
            further_outliers,
        })
    }

    /// The sessions that are named as outliers.
    pub(super) fn outliers(&self) -> impl Iterator<Item = u64> {
        self.outliers.iter().map(|outlier| outlier.session)
    }
}

/// How many durations lie in each of equal steps of the scale; of empty steps, nothing.
fn bars(took: &[(i64, u64)], scale: &Scale) -> Vec<Bar> {
    let width = WIDTH / BARS as f64;
    let step = |ns: i64| ((scale.at(ns).0 / width) as usize).min(BARS - 1);
    let steps: Vec<_> = took.chunk_by(|a, b| step(a.0) == step(b.0)).collect();
    let fullest = steps.iter().map(|step| step.len()).max().unwrap_or(1);
    let bar = |group: &&[(i64, u64)]| {
        let (&(from, _), &(to, _)) = (group.first()?, group.last()?);
        // One session among thousands is still a bar.
        let height = (group.len() as f64 / fullest as f64 * HEIGHT).max(2.0);
        Some(Bar {
            x: Units(step(from) as f64 * width),
            width: Units(width),
            y: Units(HEIGHT - height),
            height: Units(height),
            words: format!("{} sessions: {} to {}", group.len(), Duration(from), Duration(to)),
        })
    };
    steps.iter().filter_map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn who_takes_many_times_the_median_is_an_outlier_and_the_slowest_of_equals_is_not() {
        let mut took: Vec<_> = (1..40).map(|id| (10 * MS + id as i64, id)).collect();
        let histogram = Histogram::new("AUTH", took.clone()).unwrap();
        assert_eq!(histogram.outliers().count(), 0);
        took.push((500 * MS, 40));
        let histogram = Histogram::new("AUTH", took).unwrap();
        assert_eq!(histogram.outliers().collect::<Vec<_>>(), [40]);
        assert_eq!((histogram.count, histogram.p50.at), (40, Duration(10 * MS + 20)));
    }

    #[test]
    fn every_session_is_in_a_bar_and_the_fullest_is_as_high_as_the_drawing() {
        let took: Vec<_> = [1, 1, 1, 2, 90].map(|ms| (ms * MS, 1)).to_vec();
        let bars = bars(&took, &Scale::logarithmic(MS, 90 * MS));
        let shown: Vec<_> =
            bars.iter().map(|bar| (bar.x.to_string(), bar.height.0.round())).collect();
        // log10(2) / log10(90) of 30 steps is step 4; the longest is in the last.
        let expected = [("0", 100.0), ("133.3", 33.0), ("966.7", 33.0)];
        assert_eq!(shown, expected.map(|(x, height)| (x.to_owned(), height)));
    }

    #[test]
    fn one_duration_has_no_spread() {
        assert!(Histogram::new("AUTH", vec![(MS, 1)]).is_none());
    }
}
