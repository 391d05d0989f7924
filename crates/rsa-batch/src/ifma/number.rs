//! Numbers in limbs of 52 bits, in one lane and in eight.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::kernel::{BLOCK_LIMBS, Block, LANES, LIMB_BITS, Lanes, MOST_BLOCKS};
use crate::crt::Crt;
use crate::montgomery::{self, negative_inverse, power_of_two};
use crate::words::{self, Words};

/// Bits that R has more than a modulus, so that products need no comparison (see `kernel`).
const SPARE: usize = 4;

const BLOCK_BITS: usize = BLOCK_LIMBS * LIMB_BITS;

/// Eight numbers of equally many blocks.
pub(super) type Numbers = Zeroizing<Vec<Block>>;

/// The moduli of a key.
pub(crate) struct Prepared {
    pub(super) p: Modulus,
    pub(super) q: Modulus,
    pub(super) n: Modulus,
}

/// A modulus in limbs.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Modulus {
    pub(super) words: Vec<u64>,
    pub(super) n: Vec<u64>,
    /// -1/n modulo 2^52.
    pub(super) inverse: u64,
    /// R^2 and R^3 modulo n.
    pub(super) r2: Vec<u64>,
    pub(super) r3: Vec<u64>,
}

impl Prepared {
    /// `None` if the modulus of the key is too long.
    pub(crate) fn new(crt: &Crt) -> Option<Self> {
        let (p, q, n) = (&crt.p.prime, &crt.q.prime, &crt.n);
        // One length for both primes, so that the ciphertext has at most twice that.
        let longest = words::bits(p.words()).max(words::bits(q.words()));
        let (half, whole) = (blocks_for(longest), blocks_for(words::bits(n.words())));
        (half.max(whole) <= MOST_BLOCKS).then(|| Self {
            p: Modulus::new(p, half),
            q: Modulus::new(q, half),
            n: Modulus::new(n, whole),
        })
    }
}

/// How many blocks a modulus of this length needs.
fn blocks_for(bits: usize) -> usize {
    (bits + SPARE).div_ceil(BLOCK_BITS)
}

impl Modulus {
    fn new(modulus: &montgomery::Modulus, blocks: usize) -> Self {
        let (n, r) = (modulus.words(), blocks * BLOCK_BITS);
        let limbs = |words: &[u64]| limbs(words, 0, blocks).collect();
        Self {
            words: n.to_vec(),
            n: limbs(n),
            inverse: negative_inverse(n[0]) & ((1 << LIMB_BITS) - 1),
            r2: limbs(&power_of_two(n, 2 * r)),
            r3: limbs(&power_of_two(n, 3 * r)),
        }
    }

    pub(super) fn blocks(&self) -> usize {
        self.n.len() / BLOCK_LIMBS
    }
}

/// The limbs of `words` from bit `start` on, as many as `blocks` have.
pub(super) fn limbs(words: &[u64], start: usize, blocks: usize) -> impl Iterator<Item = u64> {
    let limb = move |index| words::bits_at(words, start + index * LIMB_BITS, LIMB_BITS) as u64;
    (0..blocks * BLOCK_LIMBS).map(limb)
}

/// Zeros.
pub(super) fn zeros(blocks: usize) -> Numbers {
    Zeroizing::new(vec![[Lanes::default(); BLOCK_LIMBS]; blocks])
}

/// Eight numbers side by side; lanes that have none repeat the first.
pub(super) fn side_by_side<I: Iterator<Item = u64>>(
    blocks: usize,
    count: usize,
    number: impl Fn(usize) -> I,
) -> Numbers {
    let mut numbers = zeros(blocks);
    for lane in 0..LANES {
        let limbs = number(if lane < count { lane } else { 0 });
        for (lanes, limb) in numbers.as_flattened_mut().iter_mut().zip(limbs) {
            lanes.0[lane] = limb;
        }
    }
    numbers
}

/// The number of one lane, in at least `least` words.
pub(super) fn of_lane(numbers: &[Block], lane: usize, least: usize) -> Words {
    let limbs = numbers.as_flattened();
    let len = (limbs.len() * LIMB_BITS).div_ceil(64) + 1;
    let mut words = Zeroizing::new(vec![0; len.max(least)]);
    for (index, lanes) in limbs.iter().enumerate() {
        let (word, shift) = (index * LIMB_BITS / 64, index * LIMB_BITS % 64);
        let limb = u128::from(lanes.0[lane]) << shift;
        words[word] |= limb as u64;
        words[word + 1] |= (limb >> 64) as u64;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_limbs_and_words_again() {
        let words: Vec<u64> = (1..=17_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let numbers = side_by_side(3, LANES, |lane| limbs(&words[lane..], 0, 3));
        for lane in 0..LANES {
            let again = of_lane(&numbers, lane, 0);
            assert_eq!(again[..words.len() - lane], words[lane..]);
        }
        assert!(numbers.as_flattened().iter().flat_map(|l| l.0).all(|limb| limb < 1 << LIMB_BITS));
    }

    #[test]
    fn the_usual_keys_fill_whole_blocks() {
        assert_eq!([512, 1024, 1536, 2048, 3072, 4096].map(blocks_for), [1, 2, 3, 4, 6, 8]);
        assert_eq!([516, 517, 2076, 2077].map(blocks_for), [1, 2, 4, 5]);
    }
}
