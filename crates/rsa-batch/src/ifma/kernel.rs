//! Montgomery multiplication of eight numbers by eight, in AVX-512 IFMA.
//!
//! A number is cut into limbs of 52 bits; [`Lanes`] has one limb of each of the eight. Ten limbs are
//! a [`Block`]. A product is built column by column of blocks: the twenty sums of a column stay in
//! registers while the blocks that belong to it are multiplied and added, its lower ten are made zero
//! by multiples of the modulus, and its upper ten begin the next column (the finely integrated
//! product scanning of Koc, Acar and Kaliski, 1996, with blocks for words).
//!
//! `vpmadd52luq` and `vpmadd52huq` add the lower and the upper 52 bits of a product of 104 to 64
//! bits, so sums have room for 4096 of them: in a column of [`MOST_BLOCKS`] there are at most 640.
//! R is 2^(520 * blocks), and a modulus is below R/16. A product of two numbers below 4n, or of one
//! below R and one below n, is then below 2n, so nothing is ever compared or subtracted here.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_load_si512, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_mask_mov_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_srli_epi64, _mm512_store_si512,
};

use zeroize::{Zeroize, Zeroizing};

/// Numbers in a register.
pub(super) const LANES: usize = 8;

/// Bits of a limb: what the instructions multiply.
pub(super) const LIMB_BITS: usize = 52;

/// Limbs of a block: ten, the twenty sums of their products, and what is being added fill the 32
/// registers; and 520 bits are 512, the smallest prime worth it, and a few to spare.
pub(super) const BLOCK_LIMBS: usize = 10;

/// The longest number, in blocks: the modulus of a key of 4096 bits.
pub(super) const MOST_BLOCKS: usize = 8;

/// One limb of each of the eight numbers.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [u64; LANES]);

/// Ten limbs of the eight numbers, the least significant first.
pub(super) type Block = [Lanes; BLOCK_LIMBS];

/// The sums of a column.
type Column = [__m512i; 2 * BLOCK_LIMBS];

/// Eight odd moduli.
pub(super) struct Moduli<'a> {
    pub(super) n: &'a [Block],
    /// -1/n modulo 2^52.
    pub(super) inverse: &'a Lanes,
}

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
fn load(lanes: &Lanes) -> __m512i {
    // SAFETY: `Lanes` is 64 bytes, aligned to 64.
    unsafe { _mm512_load_si512(lanes.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn store(lanes: &mut Lanes, value: __m512i) {
    // SAFETY: `Lanes` is 64 bytes, aligned to 64.
    unsafe { _mm512_store_si512(lanes.0.as_mut_ptr().cast(), value) }
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
    ($sums:ident, $moduli:expr, $quotient:expr) => {{
        let (n, quotient): (&Block, &mut Block) = (&$moduli.n[0], $quotient);
        let (zero, ones) = (_mm512_setzero_si512(), limb_mask());
        for_limbs!(|I| {
            let q = _mm512_madd52lo_epu64(zero, $sums[I], load($moduli.inverse));
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

/// The upper half of the sums becomes the lower.
macro_rules! next_column {
    ($sums:ident) => {
        for_limbs!(|I| {
            $sums[I] = $sums[I + BLOCK_LIMBS];
            $sums[I + BLOCK_LIMBS] = _mm512_setzero_si512();
        })
    };
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn limb_mask() -> __m512i {
    _mm512_set1_epi64((1 << LIMB_BITS) - 1)
}

/// The blocks of a number of `blocks` whose partner in column `column` exists.
fn partners(column: usize, blocks: usize) -> std::ops::Range<usize> {
    (column + 1).saturating_sub(blocks)..blocks.min(column + 1)
}

/// `out` = a * b / R modulo n. All have as many blocks as the moduli; `quotient` is room.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiply(
    out: &mut [Block],
    (a, b): (&[Block], &[Block]),
    moduli: &Moduli<'_>,
    quotient: &mut [Block],
) {
    let blocks = moduli.n.len();
    let mut sums: Column = [_mm512_setzero_si512(); 2 * BLOCK_LIMBS];
    for column in 0..2 * blocks {
        for i in partners(column, blocks) {
            add_products!(sums, &a[i], &b[column - i]);
        }
        for i in partners(column, blocks).filter(|&i| i < column) {
            add_products!(sums, &quotient[i], &moduli.n[column - i]);
        }
        match column.checked_sub(blocks) {
            None => clear_lower!(sums, moduli, &mut quotient[column]),
            Some(place) => write_lower!(sums, &mut out[place]),
        }
        next_column!(sums);
    }
}

/// `out` = a * a / R modulo n: the products of different limbs are added once and doubled.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn square(out: &mut [Block], a: &[Block], moduli: &Moduli<'_>, quotient: &mut [Block]) {
    let blocks = moduli.n.len();
    let mut carried = [_mm512_setzero_si512(); BLOCK_LIMBS];
    for column in 0..2 * blocks {
        let mut sums: Column = [_mm512_setzero_si512(); 2 * BLOCK_LIMBS];
        for i in partners(column, blocks).filter(|&i| 2 * i < column) {
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
        for i in partners(column, blocks).filter(|&i| i < column) {
            add_products!(sums, &quotient[i], &moduli.n[column - i]);
        }
        match column.checked_sub(blocks) {
            None => clear_lower!(sums, moduli, &mut quotient[column]),
            Some(place) => write_lower!(sums, &mut out[place]),
        }
        for_limbs!(|I| {
            carried[I] = sums[I + BLOCK_LIMBS];
        });
    }
}

/// `out` += b, in limbs of 52 bits.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add(out: &mut [Block], b: &[Block]) {
    let mut carry = _mm512_setzero_si512();
    for (out, b) in out.as_flattened_mut().iter_mut().zip(b.as_flattened()) {
        let sum = _mm512_add_epi64(_mm512_add_epi64(load(out), load(b)), carry);
        store(out, _mm512_and_si512(sum, limb_mask()));
        carry = _mm512_srli_epi64::<52>(sum);
    }
}

/// In each lane the number of `table` that the lane's digit names.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn select(out: &mut [Block], table: &[Zeroizing<Vec<Block>>], digits: [usize; LANES]) {
    let [first, rest @ ..] = digits.map(|digit| table[digit].as_flattened());
    for (out, limb) in out.as_flattened_mut().iter_mut().zip(first) {
        store(out, load(limb));
    }
    for (lane, entry) in rest.into_iter().enumerate() {
        let mask = 2 << lane;
        for (out, limb) in out.as_flattened_mut().iter_mut().zip(entry) {
            store(out, _mm512_mask_mov_epi64(load(out), mask, load(limb)));
        }
    }
}
