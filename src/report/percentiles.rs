//! Percentiles of many durations in bounded memory.

use std::collections::BTreeMap;

/// Durations that are kept as they are; of more, only counts by size are.
pub(crate) const MOST_EXACT: usize = 1_000;

/// Counts are by powers of two, each cut into so many parts (2^6): what is read of them is too high
/// by less than 1.6 %. At most 3,700 counts.
const PART_BITS: u32 = 6;

/// How long something took, many times.
#[derive(Clone, Debug, Default)]
pub struct Percentiles {
    exact: Vec<u64>,
    counts: BTreeMap<u64, u64>,
    count: u64,
    max: u64,
}

impl Percentiles {
    /// Takes a duration in ns; one below 0 counts as 0.
    pub fn add(&mut self, ns: i64) {
        let ns = u64::try_from(ns).unwrap_or(0);
        self.count += 1;
        self.max = self.max.max(ns);
        if !self.counts.is_empty() {
            return self.tally(ns);
        }
        self.exact.push(ns);
        if self.exact.len() > MOST_EXACT {
            std::mem::take(&mut self.exact).into_iter().for_each(|ns| self.tally(ns));
        }
    }

    fn tally(&mut self, ns: u64) {
        *self.counts.entry(highest_alike(ns)).or_default() += 1;
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, exactly.
    #[must_use]
    pub fn max(&self) -> i64 {
        i64::try_from(self.max).unwrap_or(i64::MAX)
    }

    /// The smallest duration that at least `percent` in a hundred do not exceed (nearest rank);
    /// exact up to `MOST_EXACT` durations. 0 if there is none.
    #[must_use]
    pub fn at(&self, percent: u64) -> i64 {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        let rank = u64::try_from(rank).unwrap_or(u64::MAX);
        let ns = if self.counts.is_empty() { self.exact_at(rank) } else { self.counted_at(rank) };
        i64::try_from(ns.min(self.max)).unwrap_or(i64::MAX)
    }

    fn exact_at(&self, rank: u64) -> u64 {
        let mut sorted = self.exact.clone();
        sorted.sort_unstable();
        let place = usize::try_from(rank - 1).unwrap_or(usize::MAX);
        sorted.get(place).copied().unwrap_or(self.max)
    }

    fn counted_at(&self, rank: u64) -> u64 {
        let mut before = 0;
        let mut reaches = |count: u64| {
            before += count;
            before >= rank
        };
        self.counts.iter().find(|&(_, &count)| reaches(count)).map_or(self.max, |(&ns, _)| ns)
    }
}

/// The highest duration that is counted together with `ns`.
fn highest_alike(ns: u64) -> u64 {
    let bits = u64::BITS - ns.leading_zeros();
    let low = bits.saturating_sub(PART_BITS + 1);
    ns | ((1 << low) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percentiles(values: &[i64]) -> Percentiles {
        let mut percentiles = Percentiles::default();
        values.iter().for_each(|&ns| percentiles.add(ns));
        percentiles
    }

    /// The definition, on a sorted list.
    fn nearest_rank(values: &[i64], percent: u64) -> i64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let rank = (values.len() * percent as usize).div_ceil(100).max(1);
        sorted[rank - 1]
    }

    #[test]
    fn the_middle_of_three_is_the_second() {
        let three = percentiles(&[30, 10, 20]);
        assert_eq!((three.at(50), three.at(95), three.max()), (20, 30, 30));
        assert_eq!((Percentiles::default().at(50), Percentiles::default().max()), (0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn few_are_exact(values in proptest::collection::vec(0i64..i64::MAX, 1..400), percent in 1u64..=100) {
            prop_assert_eq!(percentiles(&values).at(percent), nearest_rank(&values, percent));
        }

        #[test]
        fn many_are_as_near_as_promised(
            values in proptest::collection::vec((0u32..62).prop_flat_map(|bits| 0i64..(2 << bits)), 1_001..3_000),
            percent in 1u64..=100,
        ) {
            let (found, wanted) = (percentiles(&values).at(percent), nearest_rank(&values, percent));
            prop_assert!(found >= wanted && found - wanted <= wanted / 64, "{found} for {wanted}");
            prop_assert_eq!(percentiles(&values).max(), *values.iter().max().unwrap());
        }
    }
}
