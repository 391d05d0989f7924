//! Powers in all lanes, by a fixed window, or bit by bit where all have the same short exponent.

use zeroize::Zeroizing;

use super::number::{Modulus, Numbers, add, limbs, of_lane, select, side_by_side, zeros};
use super::{Job, Kernel, SHORT};
use crate::words::{self, Words};

/// Bits of an exponent that are taken at once.
const WINDOW: usize = 5;

/// A modulus in each lane.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) struct Moduli<K: Kernel> {
    pub(super) n: Numbers<K>,
    /// -1/n modulo a limb.
    pub(super) inverse: K::Limb,
    r2: Numbers<K>,
    r3: Numbers<K>,
}

/// Moduli, and room to multiply.
struct Lanes<K: Kernel> {
    kernel: K,
    moduli: Moduli<K>,
    quotient: Numbers<K>,
    /// The last product; swapped for what it was made of.
    spare: Numbers<K>,
}

/// The powers of jobs of one company, at most as many as there are lanes.
pub(super) fn powers<K: Kernel>(kernel: K, jobs: &[&Job<'_>]) -> Vec<Words> {
    let len = jobs[0].modulus.n.len();
    let moduli = Moduli::new(jobs);
    let mut lanes = Lanes { kernel, moduli, quotient: zeros::<K>(len), spare: zeros::<K>(len) };
    let base = lanes.enter(jobs);
    let bits = jobs.iter().map(|job| words::bits(job.exponent)).max().unwrap_or_default();
    let mut result = match bits {
        0 => lanes.one(),
        1..=SHORT => lanes.short_power(base, jobs[0].exponent, bits),
        _ => lanes.window_power(base, jobs, bits),
    };
    lanes.leave(&mut result);
    let jobs = jobs.iter().enumerate();
    jobs.map(|(lane, job)| number_of_lane::<K>(&result, lane, &job.modulus.words)).collect()
}

/// The number of one lane below the modulus: the kernel leaves at most n itself.
fn number_of_lane<K: Kernel>(numbers: &[K::Limb], lane: usize, n: &[u64]) -> Words {
    let mut number = of_lane::<K>(numbers, lane, n.len());
    if !words::subtract(&mut number.clone(), n) {
        words::subtract(&mut number, n);
    }
    number.truncate(n.len());
    number
}

impl<K: Kernel> Moduli<K> {
    fn new(jobs: &[&Job<'_>]) -> Self {
        let len = jobs[0].modulus.n.len();
        let of = |limbs: fn(&Modulus) -> &[u64]| {
            side_by_side::<K, _>(len, jobs.len(), |lane| limbs(jobs[lane].modulus).iter().copied())
        };
        let inverse = side_by_side::<K, _>(1, jobs.len(), |lane| [jobs[lane].modulus.inverse]);
        Self {
            n: of(|modulus| &modulus.n),
            inverse: inverse[0],
            r2: of(|modulus| &modulus.r2),
            r3: of(|modulus| &modulus.r3),
        }
    }
}

impl<K: Kernel> Lanes<K> {
    /// `a` *= `b`.
    fn multiply(&mut self, a: &mut Numbers<K>, b: &[K::Limb]) {
        self.kernel.multiply(&mut self.spare, (a, b), &self.moduli, &mut self.quotient);
        std::mem::swap(a, &mut self.spare);
    }

    /// `a` *= `a`.
    fn square(&mut self, a: &mut Numbers<K>) {
        self.kernel.square(&mut self.spare, a, &self.moduli, &mut self.quotient);
        std::mem::swap(a, &mut self.spare);
    }

    /// The bases times R. One may be twice as long as a modulus: its upper half times R^3 and its
    /// lower half times R^2, each divided by R, are added.
    fn enter(&mut self, jobs: &[&Job<'_>]) -> Numbers<K> {
        let len = self.spare.len();
        let part = |start| {
            let base = |lane: usize| limbs::<K>(jobs[lane].base, start, len);
            side_by_side::<K, _>(len, jobs.len(), base)
        };
        let (mut low, mut high) = (part(0), part(len * K::LIMB_BITS));
        let (r2, r3) = (self.moduli.r2.clone(), self.moduli.r3.clone());
        self.multiply(&mut low, &r2);
        self.multiply(&mut high, &r3);
        add::<K>(&mut low, &high);
        low
    }

    /// Divides by R.
    fn leave(&mut self, numbers: &mut Numbers<K>) {
        self.multiply(numbers, &unit::<K>(numbers.len()));
    }

    /// R modulo n: one, as the kernel has it.
    fn one(&mut self) -> Numbers<K> {
        let mut one = self.moduli.r2.clone();
        self.leave(&mut one);
        one
    }

    fn short_power(&mut self, base: Numbers<K>, exponent: &[u64], bits: usize) -> Numbers<K> {
        let mut result = base.clone();
        for bit in (0..bits - 1).rev() {
            self.square(&mut result);
            if words::bits_at(exponent, bit, 1) == 1 {
                self.multiply(&mut result, &base);
            }
        }
        result
    }

    fn window_power(&mut self, base: Numbers<K>, jobs: &[&Job<'_>], bits: usize) -> Numbers<K> {
        let len = base.len();
        let table = self.table(base);
        let power = |lane: usize, window: usize| {
            let job = jobs.get(lane).unwrap_or(&jobs[0]);
            let digit = words::bits_at(job.exponent, window * WINDOW, WINDOW);
            &table[digit * len..][..len]
        };
        let windows = bits.div_ceil(WINDOW);
        let (mut result, mut factor) = (zeros::<K>(len), zeros::<K>(len));
        select::<K>(&mut result, |lane| power(lane, windows - 1));
        for window in (0..windows - 1).rev() {
            for _ in 0..WINDOW {
                self.square(&mut result);
            }
            select::<K>(&mut factor, |lane| power(lane, window));
            self.multiply(&mut result, &factor);
        }
        result
    }

    /// The powers of the bases that a window may ask for, one behind the other: one piece of memory.
    fn table(&mut self, base: Numbers<K>) -> Numbers<K> {
        let len = base.len();
        let mut table = zeros::<K>(len << WINDOW);
        table[..len].copy_from_slice(&self.one());
        table[len..2 * len].copy_from_slice(&base);
        let mut next = base;
        for power in 2..1 << WINDOW {
            // The last power times the base, or the square of that with half the exponent.
            match power % 2 {
                1 => self.multiply(&mut next, &table[len..2 * len]),
                _ => {
                    next.copy_from_slice(&table[power / 2 * len..][..len]);
                    self.square(&mut next);
                }
            }
            table[power * len..][..len].copy_from_slice(&next);
        }
        table
    }
}

/// The number one in each lane.
fn unit<K: Kernel>(len: usize) -> Numbers<K> {
    let mut unit: Numbers<K> = Zeroizing::new(vec![K::Limb::default(); len]);
    unit[0].as_mut().fill(1);
    unit
}
