//! Eight exponentiations at a time in AVX-512 IFMA, each with its own modulus and exponent.
//!
//! The jobs of a batch are the powers modulo p and modulo q of all its requests, whichever keys they
//! have; those with equally many blocks fill lanes together. Joining the halves is left to
//! [`Crt::join`], and the check is another job, modulo n.
// Here is the call into code for this processor, and in `kernel` are its loads and stores.
#![allow(unsafe_code)]

mod kernel;
mod number;
mod power;

use crate::crt::{Crt, same};
use crate::words::{self, Words};

use self::number::Modulus;
pub(crate) use self::number::Prepared;

/// Exponents up to this many bits, the public ones, are taken bit by bit, and so lanes with the same
/// one go together.
const SHORT: usize = 64;

/// Proof that this processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ifma(());

/// A request: what is computed of its key, and a number below the modulus.
pub(crate) type Request<'a> = (&'a Crt, &'a Prepared, &'a [u64]);

/// One exponentiation.
struct Job<'a> {
    modulus: &'a Modulus,
    exponent: &'a [u64],
    base: &'a [u64],
}

impl Ifma {
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma");
        found.then_some(Self(()))
    }

    /// c^d modulo n of each, and whether it passed the check: that m^e is c again.
    pub(crate) fn decrypt(self, requests: &[Request<'_>]) -> Vec<(Words, bool)> {
        let halves: Vec<_> = requests.iter().flat_map(|request| halves(*request)).collect();
        let powers = self.powers(&halves);
        let blocks: Vec<_> = requests
            .iter()
            .zip(powers.chunks_exact(2))
            .map(|((crt, ..), halves)| crt.join(&halves[0], &halves[1]))
            .collect();
        let passed = self.check(requests, &blocks);
        blocks.into_iter().zip(passed).collect()
    }

    /// Encrypts again. An exponent that is long itself is left to [`Crt::encrypts_to`].
    fn check(self, requests: &[Request<'_>], blocks: &[Words]) -> Vec<bool> {
        let is_short = |crt: &Crt| words::bits(&crt.e) <= SHORT;
        let all = || requests.iter().zip(blocks);
        let jobs: Vec<_> = all()
            .filter(|((crt, ..), _)| is_short(crt))
            .map(|((crt, prepared, _), m)| Job { modulus: &prepared.n, exponent: &crt.e, base: m })
            .collect();
        let mut again = self.powers(&jobs).into_iter();
        let mut passes = |&(crt, _, c): &Request<'_>, m: &Words| match is_short(crt) {
            true => again.next().is_some_and(|again| same(&again, c)),
            false => crt.encrypts_to(m, c),
        };
        all().map(|(request, m)| passes(request, m)).collect()
    }

    /// The power of each job, in their order, whatever lanes they went through.
    fn powers(self, jobs: &[Job<'_>]) -> Vec<Words> {
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|&index| jobs[index].company());
        let mut powers = vec![Words::default(); jobs.len()];
        for group in order.chunk_by(|&a, &b| jobs[a].company() == jobs[b].company()) {
            for lanes in group.chunks(kernel::LANES) {
                let jobs: Vec<_> = lanes.iter().map(|&index| &jobs[index]).collect();
                // SAFETY: `self` is only made where the processor has the instructions.
                let results = unsafe { power::powers(&jobs) };
                for (&index, result) in lanes.iter().zip(results) {
                    powers[index] = result;
                }
            }
        }
        powers
    }
}

impl Job<'_> {
    /// Jobs that are equal in this go through lanes together: the length, and an exponent that all
    /// must have.
    fn company(&self) -> (usize, Option<u64>) {
        let short = words::bits(self.exponent) <= SHORT;
        (self.modulus.blocks(), short.then(|| self.exponent.first().copied().unwrap_or_default()))
    }
}

fn halves<'a>((crt, prepared, c): Request<'a>) -> [Job<'a>; 2] {
    let job = |modulus, exponent| Job { modulus, exponent, base: c };
    [job(&prepared.p, crt.p.exponent.as_slice()), job(&prepared.q, crt.q.exponent.as_slice())]
}

#[cfg(test)]
mod tests;
