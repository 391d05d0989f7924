//! Montgomery multiplication in 64-bit words (Montgomery 1985; the separated form of Koc, Acar and
//! Kaliski, "Analyzing and comparing Montgomery multiplication algorithms", 1996).
//!
//! Numbers have a multiple of [`CHUNK`] words, so that a row of products is a few chunks, each
//! unrolled into two long chains of additions with carry. R is 2^(64 * words). A product may be
//! anything below R: only what would need one bit more is reduced, and the last step does the rest.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::words::{self, Words, add_carry};

/// Words that are multiplied at once: as many as leave registers for the carries.
pub(crate) const CHUNK: usize = 8;

/// Bits of an exponent that are taken at once, where it is long enough for a table to pay.
const WINDOW: usize = 5;

/// Exponents up to this many bits are taken bit by bit: the public ones.
const SHORT: usize = 64;

/// An odd modulus and what belongs to it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Modulus {
    words: Vec<u64>,
    /// -1/n modulo 2^64.
    inverse: u64,
    /// R^2 and R^3 modulo n.
    r2: Vec<u64>,
    r3: Vec<u64>,
}

/// Room for the product of two numbers, used again and again.
pub(crate) struct Scratch(Words);

impl Modulus {
    /// `words` is odd and has a multiple of [`CHUNK`] words.
    pub(crate) fn new(words: &[u64]) -> Self {
        let mut modulus = Self {
            words: words.to_vec(),
            inverse: negative_inverse(words[0]),
            r2: power_of_two(words, 2 * 64 * words.len()).to_vec(),
            r3: vec![0; words.len()],
        };
        let (mut scratch, r2) = (modulus.scratch(), Zeroizing::new(modulus.r2.clone()));
        let mut r3 = modulus.zero();
        modulus.multiply(&mut r3, &r2, &r2, &mut scratch);
        modulus.reduce(&mut r3);
        modulus.r3.copy_from_slice(&r3);
        modulus
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch(Zeroizing::new(vec![0; 2 * self.words.len()]))
    }

    /// Zero, as long as the modulus.
    pub(crate) fn zero(&self) -> Words {
        Zeroizing::new(vec![0; self.words.len()])
    }

    /// `out` = a * b / R, below R.
    pub(crate) fn multiply(&self, out: &mut [u64], a: &[u64], b: &[u64], scratch: &mut Scratch) {
        let product = scratch.0.as_mut_slice();
        product.fill(0);
        for (i, &b) in b.iter().enumerate() {
            product[i + a.len()] = add_row(&mut product[i..i + a.len()], a, b);
        }
        self.divide(out, product);
    }

    /// `out` = a * a / R, below R.
    fn square(&self, out: &mut [u64], a: &[u64], scratch: &mut Scratch) {
        let product = scratch.0.as_mut_slice();
        product.fill(0);
        mixed_products(product, a);
        double_and_add_squares(product, a);
        self.divide(out, product);
    }

    /// Adds multiples of the modulus until the lower half is zero; `out` is the upper half.
    fn divide(&self, out: &mut [u64], product: &mut [u64]) {
        let len = self.words.len();
        let mut carry = false;
        for i in 0..len {
            let factor = product[i].wrapping_mul(self.inverse);
            let top = add_row(&mut product[i..i + len], &self.words, factor);
            (product[i + len], carry) = add_carry(product[i + len], top, carry);
        }
        out.copy_from_slice(&product[len..]);
        if carry {
            words::subtract(out, &self.words);
        }
    }

    /// Brings a number below R below the modulus.
    pub(crate) fn reduce(&self, number: &mut [u64]) {
        while !words::less(number, &self.words) {
            words::subtract(number, &self.words);
        }
    }

    /// A number of up to twice the length, times R, modulo n.
    fn enter(&self, number: &[u64], scratch: &mut Scratch) -> Words {
        let len = self.words.len();
        let (low, high) = number.split_at(len.min(number.len()));
        let mut result = self.padded_product(low, &self.r2, scratch);
        let above = self.padded_product(high, &self.r3, scratch);
        let mut carry = words::add(&mut result, &above);
        while carry {
            carry = !words::subtract(&mut result, &self.words);
        }
        result
    }

    fn padded_product(&self, number: &[u64], by: &[u64], scratch: &mut Scratch) -> Words {
        let (mut padded, mut result) = (self.zero(), self.zero());
        padded[..number.len()].copy_from_slice(number);
        self.multiply(&mut result, by, &padded, scratch);
        result
    }

    /// `base` ^ `exponent` modulo n, for a base of up to twice the length of the modulus.
    pub(crate) fn power(&self, base: &[u64], exponent: &[u64]) -> Words {
        let mut scratch = self.scratch();
        let base = self.enter(base, &mut scratch);
        let bits = words::bits(exponent);
        let mut result = match bits {
            0 => self.padded_product(&[1], &self.r2, &mut scratch),
            1..=SHORT => self.short_power(base, exponent, bits, &mut scratch),
            _ => self.window_power(base, exponent, bits, &mut scratch),
        };
        self.leave(&mut result, &mut scratch);
        result
    }

    fn leave(&self, number: &mut Words, scratch: &mut Scratch) {
        *number = self.padded_product(&[1], number, scratch);
        self.reduce(number);
    }

    /// a * R modulo n.
    pub(crate) fn times_r(&self, a: &[u64]) -> Words {
        self.padded_product(a, &self.r2, &mut self.scratch())
    }

    /// (a - b) * c / R modulo n, for any numbers of its length.
    pub(crate) fn difference_times(&self, a: &[u64], b: &[u64], c: &[u64]) -> Words {
        let mut scratch = self.scratch();
        let [mut a, mut b] = [a, b].map(|number| self.padded_product(number, c, &mut scratch));
        self.reduce(&mut a);
        self.reduce(&mut b);
        if words::subtract(&mut a, &b) {
            words::add(&mut a, &self.words);
        }
        a
    }

    /// n * a, of twice the length.
    pub(crate) fn plain_product(&self, a: &[u64]) -> Words {
        let Scratch(mut product) = self.scratch();
        for (i, &a) in a.iter().enumerate() {
            let len = self.words.len();
            product[i + len] = add_row(&mut product[i..i + len], &self.words, a);
        }
        product
    }

    /// From the top bit of the exponent down.
    fn short_power(&self, base: Words, exponent: &[u64], bits: usize, s: &mut Scratch) -> Words {
        let (mut result, mut next) = (base.clone(), self.zero());
        for bit in (0..bits - 1).rev() {
            self.square(&mut next, &result, s);
            std::mem::swap(&mut result, &mut next);
            if words::bits_at(exponent, bit, 1) == 1 {
                self.multiply(&mut next, &result, &base, s);
                std::mem::swap(&mut result, &mut next);
            }
        }
        result
    }

    fn window_power(&self, base: Words, exponent: &[u64], bits: usize, s: &mut Scratch) -> Words {
        let table = self.table(base, s);
        let windows = bits.div_ceil(WINDOW);
        let digit = |window| words::bits_at(exponent, window * WINDOW, WINDOW);
        let (mut result, mut next) = (table[digit(windows - 1)].clone(), self.zero());
        for window in (0..windows - 1).rev() {
            for _ in 0..WINDOW {
                self.square(&mut next, &result, s);
                std::mem::swap(&mut result, &mut next);
            }
            if digit(window) != 0 {
                self.multiply(&mut next, &result, &table[digit(window)], s);
                std::mem::swap(&mut result, &mut next);
            }
        }
        result
    }

    /// The powers of the base that a window may ask for.
    fn table(&self, base: Words, scratch: &mut Scratch) -> Vec<Words> {
        let one = self.padded_product(&[1], &self.r2, scratch);
        let mut table = vec![one, base];
        for power in 2..1 << WINDOW {
            let mut next = self.zero();
            self.multiply(&mut next, &table[power - 1], &table[1], scratch);
            table.push(next);
        }
        table
    }
}

/// -1/n modulo 2^64 by Newton's iteration, which doubles the correct bits each time.
pub(crate) fn negative_inverse(n: u64) -> u64 {
    let step = |x: u64, _| x.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(x)));
    (0..6).fold(1, step).wrapping_neg()
}

/// 2^`exponent` modulo `n`, by doubling.
pub(crate) fn power_of_two(n: &[u64], exponent: usize) -> Words {
    let mut power = Zeroizing::new(vec![0; n.len()]);
    // Doubling starts below n.
    let start = words::bits(n) - 1;
    power[start / 64] = 1 << (start % 64);
    for _ in start..exponent {
        let copy = power.clone();
        let carry = words::add(&mut power, &copy);
        if carry || !words::less(&power, n) {
            words::subtract(&mut power, n);
        }
    }
    power
}

/// Adds `row` * `factor` to as many words of `sum`; what is carried out is a word. (A loop and no
/// fold, which the compiler would not inline.)
#[inline(always)]
pub(crate) fn add_row(sum: &mut [u64], row: &[u64], factor: u64) -> u64 {
    let (sums, _) = sum.as_chunks_mut::<CHUNK>();
    let (rows, _) = row.as_chunks::<CHUNK>();
    // The lengths of the usual keys are told apart, so that their rows have no loop.
    match (sums, rows) {
        ([s0], [r0]) => add_product(s0, r0, factor, 0),
        ([s0, s1], [r0, r1]) => {
            let carry = add_product(s0, r0, factor, 0);
            add_product(s1, r1, factor, carry)
        }
        (sums, rows) => {
            let mut carry = 0;
            for (sum, row) in sums.iter_mut().zip(rows) {
                carry = add_product(sum, row, factor, carry);
            }
            carry
        }
    }
}

/// `sum` += `row` * `factor` + `carry`; what is carried out is a word. Two chains: the halves of
/// the products are added to each other, and then to the sum.
#[inline(always)]
fn add_product<const N: usize>(sum: &mut [u64; N], row: &[u64; N], factor: u64, carry: u64) -> u64 {
    let mut line = [0; N];
    let (mut above, mut over) = (carry, false);
    for j in 0..N {
        let product = u128::from(row[j]) * u128::from(factor);
        (line[j], over) = add_carry(product as u64, above, over);
        above = (product >> 64) as u64;
    }
    // A product's upper half is at most 2^64 - 2, and row * factor + carry + sum fits N + 1 words.
    above = above.wrapping_add(u64::from(over));
    over = false;
    for j in 0..N {
        (sum[j], over) = add_carry(sum[j], line[j], over);
    }
    above.wrapping_add(u64::from(over))
}

/// The products of words of different chunks, each pair once.
fn mixed_products(product: &mut [u64], a: &[u64]) {
    for end in (CHUNK..a.len()).step_by(CHUNK) {
        let above = &a[end..];
        for i in end - CHUNK..end {
            product[i + a.len()] = add_row(&mut product[i + end..i + a.len()], above, a[i]);
        }
    }
}

/// Doubles `product` and adds the square of each chunk of `a`.
fn double_and_add_squares(product: &mut [u64], a: &[u64]) {
    let (chunks, _) = a.as_chunks::<CHUNK>();
    let (pairs, _) = product.as_chunks_mut::<{ 2 * CHUNK }>();
    let (mut below, mut carry) = (0, false);
    for (pair, chunk) in pairs.iter_mut().zip(chunks) {
        let square = chunk_square(chunk);
        for (word, square) in pair.iter_mut().zip(square) {
            let twice = *word << 1 | below >> 63;
            below = *word;
            (*word, carry) = add_carry(twice, square, carry);
        }
    }
}

/// The square of a chunk: the mixed products twice, the squares of the words once.
#[inline(always)]
fn chunk_square(a: &[u64; CHUNK]) -> [u64; 2 * CHUNK] {
    let mut square = [0; 2 * CHUNK];
    mixed_row::<0, 7>(&mut square, a);
    mixed_row::<1, 6>(&mut square, a);
    mixed_row::<2, 5>(&mut square, a);
    mixed_row::<3, 4>(&mut square, a);
    mixed_row::<4, 3>(&mut square, a);
    mixed_row::<5, 2>(&mut square, a);
    mixed_row::<6, 1>(&mut square, a);
    let (mut below, mut carry) = (0, false);
    for (i, &word) in a.iter().enumerate() {
        let own = u128::from(word) * u128::from(word);
        let [low, high] = [square[2 * i], square[2 * i + 1]];
        (square[2 * i], carry) = add_carry(low << 1 | below >> 63, own as u64, carry);
        (square[2 * i + 1], carry) = add_carry(high << 1 | low >> 63, (own >> 64) as u64, carry);
        below = high;
    }
    square
}

/// Word `I` times the `REST` words above it. The lengths are constants, so that each row is one
/// chain.
#[inline(always)]
fn mixed_row<const I: usize, const REST: usize>(sum: &mut [u64; 2 * CHUNK], a: &[u64; CHUNK]) {
    let (_, sum) = sum.split_at_mut(2 * I + 1);
    let Some((sum, [top, ..])) = sum.split_first_chunk_mut::<REST>() else { return };
    let Some(row) = a.last_chunk::<REST>() else { return };
    *top = add_product(sum, row, a[I], 0);
}

#[cfg(test)]
mod tests;
