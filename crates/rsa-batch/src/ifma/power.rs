//! Powers in eight lanes, by a fixed window, or bit by bit where all have the same short exponent.

use super::kernel::{self, Block, LANES, Lanes, Moduli};
use super::number::{Numbers, limbs, of_lane, side_by_side, zeros};
use super::{Job, SHORT};
use crate::words::{self, Words};

/// Bits of an exponent that are taken at once.
const WINDOW: usize = 5;

/// Eight moduli and room to multiply.
struct Eight {
    n: Numbers,
    inverse: Lanes,
    r2: Numbers,
    r3: Numbers,
    quotient: Numbers,
    /// The last product; swapped for what it was made of.
    spare: Numbers,
}

/// The powers of up to eight jobs of one company.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn powers(jobs: &[&Job<'_>]) -> Vec<Words> {
    let mut lanes = Eight::new(jobs);
    let base = lanes.enter(jobs);
    let bits = jobs.iter().map(|job| words::bits(job.exponent)).max().unwrap_or_default();
    let mut result = match bits {
        0 => lanes.one(),
        1..=SHORT => lanes.short_power(base, jobs[0].exponent, bits),
        _ => lanes.window_power(base, jobs, bits),
    };
    lanes.leave(&mut result);
    let number =
        |(lane, job): (usize, &&Job<'_>)| number_of_lane(&result, lane, &job.modulus.words);
    jobs.iter().enumerate().map(number).collect()
}

/// The number of one lane below the modulus: the kernel leaves at most n itself.
fn number_of_lane(numbers: &[Block], lane: usize, n: &[u64]) -> Words {
    let mut number = of_lane(numbers, lane, n.len());
    if !words::subtract(&mut number.clone(), n) {
        words::subtract(&mut number, n);
    }
    number.truncate(n.len());
    number
}

impl Eight {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(jobs: &[&Job<'_>]) -> Self {
        let blocks = jobs[0].modulus.blocks();
        let inverse =
            std::array::from_fn(|lane| jobs.get(lane).unwrap_or(&jobs[0]).modulus.inverse);
        let of = |limbs: fn(&super::Modulus) -> &[u64]| {
            side_by_side(blocks, jobs.len(), |lane| limbs(jobs[lane].modulus).iter().copied())
        };
        Self {
            n: of(|modulus| &modulus.n),
            inverse: Lanes(inverse),
            r2: of(|modulus| &modulus.r2),
            r3: of(|modulus| &modulus.r3),
            quotient: zeros(blocks),
            spare: zeros(blocks),
        }
    }

    /// `a` *= `b`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn multiply(&mut self, a: &mut Numbers, b: &[Block]) {
        let moduli = Moduli { n: &self.n, inverse: &self.inverse };
        kernel::multiply(&mut self.spare, (a, b), &moduli, &mut self.quotient);
        std::mem::swap(a, &mut self.spare);
    }

    /// `a` *= `a`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn square(&mut self, a: &mut Numbers) {
        let moduli = Moduli { n: &self.n, inverse: &self.inverse };
        kernel::square(&mut self.spare, a, &moduli, &mut self.quotient);
        std::mem::swap(a, &mut self.spare);
    }

    /// The bases times R. One may have twice the blocks of a modulus: its upper half times R^3 and
    /// its lower half times R^2, each divided by R, are added.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn enter(&mut self, jobs: &[&Job<'_>]) -> Numbers {
        let blocks = self.n.len();
        let half = blocks * kernel::BLOCK_LIMBS * kernel::LIMB_BITS;
        let part =
            |start| side_by_side(blocks, jobs.len(), |lane| limbs(jobs[lane].base, start, blocks));
        let (mut low, mut high) = (part(0), part(half));
        let (r2, r3) = (std::mem::take(&mut self.r2), std::mem::take(&mut self.r3));
        self.multiply(&mut low, &r2);
        self.multiply(&mut high, &r3);
        self.r2 = r2;
        kernel::add(&mut low, &high);
        low
    }

    /// Divides by R.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn leave(&mut self, numbers: &mut Numbers) {
        self.multiply(numbers, &unit(self.n.len()));
    }

    /// R modulo n: one, as the kernel has it.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn one(&mut self) -> Numbers {
        let mut one = self.r2.clone();
        self.multiply(&mut one, &unit(self.n.len()));
        one
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn short_power(&mut self, base: Numbers, exponent: &[u64], bits: usize) -> Numbers {
        let mut result = base.clone();
        for bit in (0..bits - 1).rev() {
            self.square(&mut result);
            if words::bits_at(exponent, bit, 1) == 1 {
                self.multiply(&mut result, &base);
            }
        }
        result
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn window_power(&mut self, base: Numbers, jobs: &[&Job<'_>], bits: usize) -> Numbers {
        let table = self.table(base);
        let digits = |window: usize| -> [usize; LANES] {
            let digit = |job: &Job<'_>| words::bits_at(job.exponent, window * WINDOW, WINDOW);
            std::array::from_fn(|lane| digit(jobs.get(lane).unwrap_or(&jobs[0])))
        };
        let windows = bits.div_ceil(WINDOW);
        let (mut result, mut factor) = (zeros(self.n.len()), zeros(self.n.len()));
        kernel::select(&mut result, &table, digits(windows - 1));
        for window in (0..windows - 1).rev() {
            for _ in 0..WINDOW {
                self.square(&mut result);
            }
            kernel::select(&mut factor, &table, digits(window));
            self.multiply(&mut result, &factor);
        }
        result
    }

    /// The powers of the bases that a window may ask for.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn table(&mut self, base: Numbers) -> Vec<Numbers> {
        let mut table = vec![self.one(), base];
        for power in 2..1 << WINDOW {
            let odd = power % 2 == 1;
            let mut next = table[if odd { power - 1 } else { power / 2 }].clone();
            match odd {
                true => self.multiply(&mut next, &table[1]),
                false => self.square(&mut next),
            }
            table.push(next);
        }
        table
    }
}

/// The number one in each lane.
fn unit(blocks: usize) -> Numbers {
    let mut unit = zeros(blocks);
    unit[0][0] = Lanes([1; LANES]);
    unit
}
