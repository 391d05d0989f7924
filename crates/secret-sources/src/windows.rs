//! Windows of memory that are random enough to be a secret.
//!
//! A window passes if it has enough different bytes, and neither too few nor too many with the top bit
//! set. Of 32 random bytes some 30 differ, of 48 some 44. That a secret does not pass is less likely than
//! one in a million.

/// Secrets lie at multiples of so many bytes.
pub(crate) const ALIGNMENT: usize = 4;

/// The windows of one length, as they roll over memory.
struct Rolling {
    len: usize,
    /// Different bytes that a window needs.
    least: usize,
    /// Bytes with the top bit set that it may have.
    top: std::ops::RangeInclusive<usize>,
    counts: [u8; 256],
    different: usize,
    high: usize,
}

impl Rolling {
    fn new(len: usize, least: usize, top: std::ops::RangeInclusive<usize>) -> Self {
        Self { len, least, top, counts: [0; 256], different: 0, high: 0 }
    }

    fn begin(&mut self, window: &[u8]) {
        self.counts = [0; 256];
        (self.different, self.high) = (0, 0);
        window.iter().for_each(|&byte| self.add(byte));
    }

    fn add(&mut self, byte: u8) {
        let count = &mut self.counts[usize::from(byte)];
        self.different += usize::from(*count == 0);
        *count += 1;
        self.high += usize::from(byte >> 7);
    }

    fn remove(&mut self, byte: u8) {
        let count = &mut self.counts[usize::from(byte)];
        *count -= 1;
        self.different -= usize::from(*count == 0);
        self.high -= usize::from(byte >> 7);
    }

    fn passes(&self) -> bool {
        self.different >= self.least && self.top.contains(&self.high)
    }
}

/// Tells the windows of 48 and of 32 bytes that begin in `from..to` of `bytes` and pass: where each
/// begins, and its length. `skew` is what is to be added to an index to know its alignment.
pub(crate) fn random_windows(
    bytes: &[u8],
    from: usize,
    to: usize,
    skew: usize,
    tell: &mut dyn FnMut(usize, usize),
) {
    let mut sizes = [Rolling::new(48, 36, 8..=40), Rolling::new(32, 24, 4..=28)];
    for rolling in &mut sizes {
        roll(rolling, bytes, from, to, skew, tell);
    }
}

fn roll(
    rolling: &mut Rolling,
    bytes: &[u8],
    from: usize,
    to: usize,
    skew: usize,
    tell: &mut dyn FnMut(usize, usize),
) {
    let first = from + (ALIGNMENT - (from + skew) % ALIGNMENT) % ALIGNMENT;
    let last = to.min((bytes.len() + 1).saturating_sub(rolling.len));
    let mut at = first;
    let mut is_begun = false;
    while at < last {
        let window = &bytes[at..at + rolling.len];
        if !is_begun {
            // Memory is mostly zeros: half a window of them lets none pass.
            if window[rolling.len - 16..] == [0; 16] {
                at += rolling.len - 16;
                at += (ALIGNMENT - (at + skew) % ALIGNMENT) % ALIGNMENT;
                continue;
            }
            rolling.begin(window);
            is_begun = true;
        }
        if rolling.passes() {
            tell(at, rolling.len);
        }
        let Some(next) = bytes.get(at + rolling.len..at + rolling.len + ALIGNMENT) else { break };
        if next == [0; ALIGNMENT] && window[rolling.len - 12..] == [0; 12] {
            is_begun = false;
        } else {
            window[..ALIGNMENT].iter().for_each(|&byte| rolling.remove(byte));
            next.iter().for_each(|&byte| rolling.add(byte));
        }
        at += ALIGNMENT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn told(bytes: &[u8]) -> BTreeSet<(usize, usize)> {
        let mut found = BTreeSet::new();
        random_windows(bytes, 0, bytes.len(), 0, &mut |at, len| {
            found.insert((at, len));
        });
        found
    }

    /// The same, each window counted anew.
    fn counted(bytes: &[u8]) -> BTreeSet<(usize, usize)> {
        let passes = |window: &[u8], least, top: std::ops::RangeInclusive<usize>| {
            let different: BTreeSet<_> = window.iter().collect();
            let high = window.iter().filter(|byte| **byte >= 128).count();
            different.len() >= least && top.contains(&high)
        };
        let starts = |len: usize| (0..(bytes.len() + 1).saturating_sub(len)).step_by(ALIGNMENT);
        let long = starts(48).filter(|&at| passes(&bytes[at..at + 48], 36, 8..=40));
        let short = starts(32).filter(|&at| passes(&bytes[at..at + 32], 24, 4..=28));
        long.map(|at| (at, 48)).chain(short.map(|at| (at, 32))).collect()
    }

    proptest! {
        #[test]
        fn rolling_tells_what_counting_tells(
            parts in prop::collection::vec((any::<[u8; 32]>(), 0..100_usize), 0..6)
        ) {
            let bytes: Vec<u8> =
                parts.iter().flat_map(|(random, zeros)| [&random[..], &vec![0; *zeros]].concat()).collect();
            prop_assert_eq!(told(&bytes), counted(&bytes));
        }

        #[test]
        fn a_random_secret_passes(secret: [u8; 48], before in 0..40_usize) {
            let bytes = [&vec![0; 4 * before][..], &secret, &[0; 80]].concat();
            prop_assert!(told(&bytes).contains(&(4 * before, 48)));
        }
    }
}
