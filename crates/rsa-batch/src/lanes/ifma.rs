//! Eight numbers in AVX-512 IFMA.
//!
//! `vpmadd52luq` and `vpmadd52huq` multiply 52 bits and add the lower and the upper half of the
//! product to 64. Ten limbs are a block. A product is built column by column of blocks: the twenty
//! sums of a column stay in registers while the blocks that belong to it are multiplied and added,
//! its lower ten are made zero by multiples of the modulus, and its upper ten begin the next column
//! (the finely integrated product scanning of Koc, Acar and Kaliski, 1996, with blocks for words).
//!
//! A sum has room for 4096 halves; in a column of [`Kernel::MOST_BLOCKS`] there are at most 640.

// The loads and stores of vectors, and the calls into code for this processor.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_load_si512, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srli_epi64,
    _mm512_store_si512,
};
use std::sync::OnceLock;

use zeroize::Zeroize;

use super::power::Moduli;
use super::{Kernel, Prepared, partners};
use crate::key::Key;

const LIMB_BITS: usize = 52;

/// Ten limbs, the twenty sums of their products, and what is being added fill the 32 registers; and
/// 520 bits are 512, half of the shortest key worth it, and a few to spare.
const BLOCK_LIMBS: usize = 10;

/// One limb of each number.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(64))]
pub(crate) struct Limb([u64; 8]);

type Block = [Limb; BLOCK_LIMBS];

/// Proof that this processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ifma(());

impl Ifma {
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma");
        found.then_some(Self(()))
    }
}

impl Kernel for Ifma {
    type Limb = Limb;

    const LANES: usize = 8;
    const LIMB_BITS: usize = LIMB_BITS;
    const BLOCK_LIMBS: usize = BLOCK_LIMBS;
    /// The modulus of a key of 4096 bits.
    const MOST_BLOCKS: usize = 8;

    fn prepared(key: &Key) -> &OnceLock<Option<Prepared>> {
        &key.ifma
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
type Column = [__m512i; 2 * BLOCK_LIMBS];

/// The body once for each limb of a block. Unrolled by hand, since the sums are in registers only
/// if each of their indices is a constant.
macro_rules! for_limbs {
    (|$i:ident| $body:block) => {
        for_limbs!(@ $i $body 0 1 2 3 4 5 6 7 8 9)
    };
    (@ $i:ident $body:block $($index:literal)*) => {
        $({ const $i: usize = $index; $body })*
    };
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn load(limb: &Limb) -> __m512i {
    // SAFETY: `Limb` is 64 bytes, aligned to 64.
    unsafe { _mm512_load_si512(limb.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn store(limb: &mut Limb, value: __m512i) {
    // SAFETY: `Limb` is 64 bytes, aligned to 64.
    unsafe { _mm512_store_si512(limb.0.as_mut_ptr().cast(), value) }
}

/// The sums += a * b.
macro_rules! add_products {
    ($sums:ident, $a:expr, $b:expr) => {{
        let (a, b): (&Block, &Block) = ($a, $b);
        for_limbs!(|I| {
            let factor = load(&b[I]);
            for_limbs!(|J| {
                $sums[I + J] = _mm512_madd52lo_epu64($sums[I + J], load(&a[J]), factor);
            });
            for_limbs!(|J| {
                $sums[I + J + 1] = _mm512_madd52hi_epu64($sums[I + J + 1], load(&a[J]), factor);
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
                    $sums[I + J] = _mm512_madd52lo_epu64($sums[I + J], load(&a[J]), factor);
                }
            });
            for_limbs!(|J| {
                if J > I {
                    $sums[I + J + 1] = _mm512_madd52hi_epu64($sums[I + J + 1], load(&a[J]), factor);
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
            $sums[2 * I] = _mm512_madd52lo_epu64($sums[2 * I], limb, limb);
            $sums[2 * I + 1] = _mm512_madd52hi_epu64($sums[2 * I + 1], limb, limb);
        });
    }};
}

/// Finds the block of multiples of the modulus that makes the lower half of the sums zero, and adds
/// its product with the lowest block of the modulus.
macro_rules! clear_lower {
    ($sums:ident, $n:expr, $inverse:expr, $quotient:expr) => {{
        let (n, quotient): (&Block, &mut Block) = ($n, $quotient);
        let (zero, ones) = (_mm512_setzero_si512(), limb_mask());
        for_limbs!(|I| {
            let q = _mm512_madd52lo_epu64(zero, $sums[I], load($inverse));
            store(&mut quotient[I], q);
            // The limb and q * n[0] are zero in 52 bits: what is carried is known without adding.
            let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64($sums[I], ones));
            $sums[I + 1] = _mm512_add_epi64($sums[I + 1], carry);
            for_limbs!(|J| {
                if J > 0 {
                    $sums[I + J] = _mm512_madd52lo_epu64($sums[I + J], load(&n[J]), q);
                }
            });
            for_limbs!(|J| {
                $sums[I + J + 1] = _mm512_madd52hi_epu64($sums[I + J + 1], load(&n[J]), q);
            });
        });
    }};
}

/// Writes the lower half of the sums as limbs of 52 bits, and carries into the upper.
macro_rules! write_lower {
    ($sums:ident, $out:expr) => {{
        let out: &mut Block = $out;
        for_limbs!(|I| {
            store(&mut out[I], _mm512_and_si512($sums[I], limb_mask()));
            $sums[I + 1] = _mm512_add_epi64($sums[I + 1], _mm512_srli_epi64::<52>($sums[I]));
        });
    }};
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn limb_mask() -> __m512i {
    _mm512_set1_epi64((1 << LIMB_BITS) - 1)
}

/// [`Kernel::multiply`].
#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply(
    out: &mut [Limb],
    (a, b): (&[Limb], &[Limb]),
    moduli: &Moduli<Ifma>,
    quotient: &mut [Limb],
) {
    let [a, b, n] = [a, b, &moduli.n].map(|number| number.as_chunks::<BLOCK_LIMBS>().0);
    let [out, quotient] = [out, quotient].map(|number| number.as_chunks_mut::<BLOCK_LIMBS>().0);
    let mut sums: Column = [_mm512_setzero_si512(); 2 * BLOCK_LIMBS];
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
            sums[I + BLOCK_LIMBS] = _mm512_setzero_si512();
        });
    }
}

/// [`Kernel::square`]: the products of different limbs are added once and doubled.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square(out: &mut [Limb], a: &[Limb], moduli: &Moduli<Ifma>, quotient: &mut [Limb]) {
    let [a, n] = [a, &moduli.n].map(|number| number.as_chunks::<BLOCK_LIMBS>().0);
    let [out, quotient] = [out, quotient].map(|number| number.as_chunks_mut::<BLOCK_LIMBS>().0);
    let mut carried = [_mm512_setzero_si512(); BLOCK_LIMBS];
    for column in 0..2 * n.len() {
        let mut sums: Column = [_mm512_setzero_si512(); 2 * BLOCK_LIMBS];
        for i in partners(column, n.len()).filter(|&i| 2 * i < column) {
            add_products!(sums, &a[i], &a[column - i]);
        }
        let middle = (column % 2 == 0).then_some(&a[column / 2]);
        if let Some(middle) = middle {
            add_mixed_products!(sums, middle);
        }
        for_limbs!(|I| {
            const UP: usize = I + BLOCK_LIMBS;
            sums[I] = _mm512_add_epi64(_mm512_add_epi64(sums[I], sums[I]), carried[I]);
            sums[UP] = _mm512_add_epi64(sums[UP], sums[UP]);
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
