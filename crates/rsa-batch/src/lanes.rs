//! Several exponentiations at a time in the lanes of vector registers, each with its own modulus and
//! exponent.
//!
//! The jobs of a batch are the powers modulo p and modulo q of all its requests, whichever keys they
//! have; those with equally many blocks fill lanes together. Joining the halves is left to
//! [`Crt::join`], and the check is another job, modulo n.
//!
//! [`Kernel`] is all that differs between processors: how long a limb is, and how numbers of many
//! are multiplied.

#[cfg(not(target_arch = "x86_64"))]
mod absent;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod number;
mod power;

use std::sync::OnceLock;

use zeroize::Zeroize;

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use self::absent::{Avx2, Ifma};
#[cfg(target_arch = "x86_64")]
pub(crate) use self::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use self::ifma::Ifma;
use self::number::Modulus;
pub(crate) use self::number::Prepared;
use self::power::Moduli;
use crate::crt::{Crt, same};
use crate::key::Key;
use crate::words::{self, Words};

/// Exponents up to this many bits, the public ones, are taken bit by bit, and so lanes with the same
/// one go together.
const SHORT: usize = 64;

/// Montgomery multiplication of a few numbers by as many. A value is proof that the processor has
/// the instructions.
///
/// Numbers are cut into limbs, the least significant first, and the limbs of all of them lie side by
/// side. R is 2^(LIMB_BITS * limbs). A modulus is below R/16, so that a product of two numbers below
/// 4n, or of one below R and one below n, is below 2n: nothing is ever compared or subtracted here.
pub(crate) trait Kernel: Copy {
    /// One limb of each number.
    type Limb: Copy + Default + Zeroize + AsRef<[u64]> + AsMut<[u64]>;

    /// Numbers side by side.
    const LANES: usize;

    const LIMB_BITS: usize;

    /// Numbers have a multiple of this many limbs, which are multiplied at once.
    const BLOCK_LIMBS: usize;

    /// The longest number, in blocks.
    const MOST_BLOCKS: usize;

    /// Where a key keeps what is prepared for this kernel.
    fn prepared(key: &Key) -> &OnceLock<Option<Prepared>>;

    /// `out` = a * b / R modulo n. All are as long as the moduli; `quotient` is room.
    fn multiply(
        self,
        out: &mut [Self::Limb],
        factors: (&[Self::Limb], &[Self::Limb]),
        moduli: &Moduli<Self>,
        quotient: &mut [Self::Limb],
    );

    /// `out` = a * a / R modulo n.
    fn square(
        self,
        out: &mut [Self::Limb],
        a: &[Self::Limb],
        moduli: &Moduli<Self>,
        quotient: &mut [Self::Limb],
    );
}

/// A request: what is computed of its key, and a number below the modulus.
pub(crate) type Request<'a> = (&'a Crt, &'a Prepared, &'a [u64]);

/// One exponentiation.
struct Job<'a> {
    modulus: &'a Modulus,
    exponent: &'a [u64],
    base: &'a [u64],
}

/// c^d modulo n of each, and whether it passed the check: that m^e is c again.
pub(crate) fn decrypt<K: Kernel>(kernel: K, requests: &[Request<'_>]) -> Vec<(Words, bool)> {
    let halves: Vec<_> = requests.iter().flat_map(|request| halves(*request)).collect();
    let powers = powers(kernel, &halves);
    let blocks: Vec<_> = requests
        .iter()
        .zip(powers.chunks_exact(2))
        .map(|((crt, ..), halves)| crt.join(&halves[0], &halves[1]))
        .collect();
    let passed = check(kernel, requests, &blocks);
    blocks.into_iter().zip(passed).collect()
}

fn halves<'a>((crt, prepared, c): Request<'a>) -> [Job<'a>; 2] {
    let job = |modulus, exponent| Job { modulus, exponent, base: c };
    [job(&prepared.p, crt.p.exponent.as_slice()), job(&prepared.q, crt.q.exponent.as_slice())]
}

/// Encrypts again: in lanes with a short exponent, which nearly all keys have, else alone.
fn check<K: Kernel>(kernel: K, requests: &[Request<'_>], blocks: &[Words]) -> Vec<bool> {
    let all = || requests.iter().zip(blocks);
    let jobs: Vec<_> = all().filter_map(|(request, m)| check_in_lanes(*request, m)).collect();
    let mut again = powers(kernel, &jobs).into_iter();
    let mut passes =
        |&(crt, prepared, c): &Request<'_>, m: &Words| match check_in_lanes((crt, prepared, c), m)
            .and_then(|_| again.next())
        {
            Some(again) => same(&again, c),
            None => crt.encrypts_to(m, c),
        };
    all().map(|(request, m)| passes(request, m)).collect()
}

fn check_in_lanes<'a>((crt, prepared, _): Request<'a>, m: &'a [u64]) -> Option<Job<'a>> {
    let modulus = prepared.n.as_ref()?;
    let is_short = words::bits(&crt.e) <= SHORT;
    is_short.then_some(Job { modulus, exponent: &crt.e, base: m })
}

/// The power of each job, in their order, whatever lanes they went through.
fn powers<K: Kernel>(kernel: K, jobs: &[Job<'_>]) -> Vec<Words> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&index| jobs[index].company());
    let mut powers = vec![Words::default(); jobs.len()];
    for group in order.chunk_by(|&a, &b| jobs[a].company() == jobs[b].company()) {
        for lanes in group.chunks(K::LANES) {
            let jobs: Vec<_> = lanes.iter().map(|&index| &jobs[index]).collect();
            for (&index, power) in lanes.iter().zip(power::powers(kernel, &jobs)) {
                powers[index] = power;
            }
        }
    }
    powers
}

impl Job<'_> {
    /// Jobs that are equal in this go through lanes together: the length, and an exponent that all
    /// must have.
    fn company(&self) -> (usize, Option<u64>) {
        let short = words::bits(self.exponent) <= SHORT;
        (self.modulus.n.len(), short.then(|| self.exponent.first().copied().unwrap_or_default()))
    }
}

/// The blocks of a number of `blocks` whose partner in column `column` of a product exists.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
fn partners(column: usize, blocks: usize) -> std::ops::Range<usize> {
    (column + 1).saturating_sub(blocks)..blocks.min(column + 1)
}

#[cfg(test)]
mod tests;
