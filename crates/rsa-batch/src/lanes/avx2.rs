//! Four numbers in AVX2.
//!
//! `vpmuludq` multiplies 32 bits to 64. With limbs of 28 a sum has room for 256 products; in a column
//! of [`Kernel::MOST_BLOCKS`] there are at most 250, and carries that are less than one more. The way
//! is that of the `ifma` kernel, in blocks of five: their nine sums, one to carry into, and what is
//! being added fill the 16 registers.

// The loads and stores of vectors, and the calls into code for this processor.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_load_si256, _mm256_mul_epu32,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_srli_epi64, _mm256_store_si256,
};
use std::sync::OnceLock;

use zeroize::Zeroize;

use super::power::Moduli;
use super::{Kernel, Prepared, partners};
use crate::key::Key;

const LIMB_BITS: usize = 28;

const BLOCK_LIMBS: usize = 5;

/// One limb of each number.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(32))]
pub(crate) struct Limb([u64; 4]);

type Block = [Limb; BLOCK_LIMBS];

/// Proof that this processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2");
        found.then_some(Self(()))
    }
}

impl Kernel for Avx2 {
    type Limb = Limb;

    const LANES: usize = 4;
    const LIMB_BITS: usize = LIMB_BITS;
    const BLOCK_LIMBS: usize = BLOCK_LIMBS;
    /// More would overflow the sums: the modulus of a key of 3496 bits.
    const MOST_BLOCKS: usize = 25;

    fn prepared(key: &Key) -> &OnceLock<Option<Prepared>> {
        &key.avx2
    }

    fn multiply(
        self,
        out: &mut [Limb],
        factors: (&[Limb], &[Limb]),
        moduli: &Moduli<Self>,
        quotient: &mut [Limb],
    ) {
        // SAFETY: `self` is only made where the processor has the instructions.
        unsafe { multiply(out, factors, moduli, quotient) }
    }

    fn square(self, out: &mut [Limb], a: &[Limb], moduli: &Moduli<Self>, quotient: &mut [Limb]) {
        // SAFETY: `self` is only made where the processor has the instructions.
        unsafe { square(out, a, moduli, quotient) }
    }
}

impl AsRef<[u64]> for Limb {
    fn as_ref(&self) -> &[u64] {
        &self.0
    }
}

impl AsMut<[u64]> for Limb {
    fn as_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }
}

/// The sums of a column.
type Column = [__m256i; 2 * BLOCK_LIMBS];

/// The body once for each limb of a block. Unrolled by hand, since the sums are in registers only
/// if each of their indices is a constant.
macro_rules! for_limbs {
    (|$i:ident| $body:block) => {
        for_limbs!(@ $i $body 0 1 2 3 4)
    };
    (@ $i:ident $body:block $($index:literal)*) => {
        $({ const $i: usize = $index; $body })*
    };
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(limb: &Limb) -> __m256i {
    // SAFETY: `Limb` is 32 bytes, aligned to 32.
    unsafe { _mm256_load_si256(limb.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(limb: &mut Limb, value: __m256i) {
    // SAFETY: `Limb` is 32 bytes, aligned to 32.
    unsafe { _mm256_store_si256(limb.0.as_mut_ptr().cast(), value) }
}

/// `sum` + a * b, of the lower 32 bits of each.
#[inline]
#[target_feature(enable = "avx2")]
fn add_product(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi64(sum, _mm256_mul_epu32(a, b))
}

/// The sums += a * b.
macro_rules! add_products {
    ($sums:ident, $a:expr, $b:expr) => {{
        let (a, b): (&Block, &Block) = ($a, $b);
        for_limbs!(|I| {
            let factor = load(&b[I]);
            for_limbs!(|J| {
                $sums[I + J] = add_product($sums[I + J], load(&a[J]), factor);
            });
        });
    }};
}

/// The sums += the products of different limbs of a, each pair once.
macro_rules! add_mixed_products {
    ($sums:ident, $a:expr) => {{
        let a: &Block = $a;
        for_limbs!(|I| {
            let factor = load(&a[I]);
            for_limbs!(|J| {
                if J > I {
                    $sums[I + J] = add_product($sums[I + J], load(&a[J]), factor);
                }
            });
        });
    }};
}

/// The sums += the squares of the limbs of a.
macro_rules! add_squares {
    ($sums:ident, $a:expr) => {{
        let a: &Block = $a;
        for_limbs!(|I| {
            let limb = load(&a[I]);
            $sums[2 * I] = add_product($sums[2 * I], limb, limb);
        });
    }};
}

/// Finds the block of multiples of the modulus that makes the lower half of the sums zero, and adds
/// its product with the lowest block of the modulus.
macro_rules! clear_lower {
    ($sums:ident, $n:expr, $inverse:expr, $quotient:expr) => {{
        let (n, quotient): (&Block, &mut Block) = ($n, $quotient);
        let ones = limb_mask();
        for_limbs!(|I| {
            let q = _mm256_and_si256(_mm256_mul_epu32($sums[I], load($inverse)), ones);
            store(&mut quotient[I], q);
            // The limb and q * n[0] are zero in 28 bits, but of q * n[0] more is carried.
            let cleared = add_product($sums[I], load(&n[0]), q);
            $sums[I + 1] = _mm256_add_epi64($sums[I + 1], _mm256_srli_epi64::<28>(cleared));
            for_limbs!(|J| {
                if J > 0 {
                    $sums[I + J] = add_product($sums[I + J], load(&n[J]), q);
                }
            });
        });
    }};
}

/// Writes the lower half of the sums as limbs of 52 bits, and carries into the upper.
macro_rules! write_lower {
    ($sums:ident, $out:expr) => {{
        let out: &mut Block = $out;
        for_limbs!(|I| {
            store(&mut out[I], _mm256_and_si256($sums[I], limb_mask()));
            $sums[I + 1] = _mm256_add_epi64($sums[I + 1], _mm256_srli_epi64::<28>($sums[I]));
        });
    }};
}

#[inline]
#[target_feature(enable = "avx2")]
fn limb_mask() -> __m256i {
    _mm256_set1_epi64x((1 << LIMB_BITS) - 1)
}

/// [`Kernel::multiply`].
#[target_feature(enable = "avx2")]
fn multiply(
    out: &mut [Limb],
    (a, b): (&[Limb], &[Limb]),
    moduli: &Moduli<Avx2>,
    quotient: &mut [Limb],
) {
    let [a, b, n] = [a, b, &moduli.n].map(|number| number.as_chunks::<BLOCK_LIMBS>().0);
    let [out, quotient] = [out, quotient].map(|number| number.as_chunks_mut::<BLOCK_LIMBS>().0);
    let mut sums: Column = [_mm256_setzero_si256(); 2 * BLOCK_LIMBS];
    for column in 0..2 * n.len() {
        for i in partners(column, n.len()) {
            add_products!(sums, &a[i], &b[column - i]);
        }
        for i in partners(column, n.len()).filter(|&i| i < column) {
            add_products!(sums, &quotient[i], &n[column - i]);
        }
        match column.checked_sub(n.len()) {
            None => clear_lower!(sums, &n[0], &moduli.inverse, &mut quotient[column]),
            Some(place) => write_lower!(sums, &mut out[place]),
        }
        for_limbs!(|I| {
            sums[I] = sums[I + BLOCK_LIMBS];
            sums[I + BLOCK_LIMBS] = _mm256_setzero_si256();
        });
    }
}

/// [`Kernel::square`]: the products of different limbs are added once and doubled.
#[target_feature(enable = "avx2")]
fn square(out: &mut [Limb], a: &[Limb], moduli: &Moduli<Avx2>, quotient: &mut [Limb]) {
    let [a, n] = [a, &moduli.n].map(|number| number.as_chunks::<BLOCK_LIMBS>().0);
    let [out, quotient] = [out, quotient].map(|number| number.as_chunks_mut::<BLOCK_LIMBS>().0);
    let mut carried = [_mm256_setzero_si256(); BLOCK_LIMBS];
    for column in 0..2 * n.len() {
        let mut sums: Column = [_mm256_setzero_si256(); 2 * BLOCK_LIMBS];
        for i in partners(column, n.len()).filter(|&i| 2 * i < column) {
            add_products!(sums, &a[i], &a[column - i]);
        }
        let middle = (column % 2 == 0).then_some(&a[column / 2]);
        if let Some(middle) = middle {
            add_mixed_products!(sums, middle);
        }
        for_limbs!(|I| {
            const UP: usize = I + BLOCK_LIMBS;
            sums[I] = _mm256_add_epi64(_mm256_add_epi64(sums[I], sums[I]), carried[I]);
            sums[UP] = _mm256_add_epi64(sums[UP], sums[UP]);
        });
        if let Some(middle) = middle {
            add_squares!(sums, middle);
        }
        for i in partners(column, n.len()).filter(|&i| i < column) {
            add_products!(sums, &quotient[i], &n[column - i]);
        }
        match column.checked_sub(n.len()) {
            None => clear_lower!(sums, &n[0], &moduli.inverse, &mut quotient[column]),
            Some(place) => write_lower!(sums, &mut out[place]),
        }
        for_limbs!(|I| {
            carried[I] = sums[I + BLOCK_LIMBS];
        });
    }
}
