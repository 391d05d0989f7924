//! Numbers in limbs, in one lane and side by side.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Kernel;
use crate::crt::Crt;
use crate::montgomery::{self, negative_inverse, power_of_two};
use crate::words::{self, Words};

/// Bits that R has more than a modulus (see [`Kernel`]).
const SPARE: usize = 4;

/// Equally long numbers side by side.
pub(super) type Numbers<K> = Zeroizing<Vec<<K as Kernel>::Limb>>;

/// The moduli of a key.
pub(crate) struct Prepared {
    pub(super) p: Modulus,
    pub(super) q: Modulus,
    /// `None` if it is too long for the lanes, though its primes are not.
    pub(super) n: Option<Modulus>,
}

/// A modulus in limbs.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Modulus {
    pub(super) words: Vec<u64>,
    pub(super) n: Vec<u64>,
    /// -1/n modulo a limb.
    pub(super) inverse: u64,
    /// R^2 and R^3 modulo n.
    pub(super) r2: Vec<u64>,
    pub(super) r3: Vec<u64>,
}

impl Prepared {
    /// `None` if the primes are too long.
    pub(crate) fn new<K: Kernel>(crt: &Crt) -> Option<Self> {
        let [p, q, n] = [&crt.p.prime, &crt.q.prime, &crt.n];
        // One length for both primes, so that the ciphertext has at most twice that.
        let longest = words::bits(p.words()).max(words::bits(q.words()));
        let half = limbs_for::<K>(longest)?;
        let whole = limbs_for::<K>(words::bits(n.words()));
        Some(Self {
            p: Modulus::new::<K>(p, half),
            q: Modulus::new::<K>(q, half),
            n: whole.map(|whole| Modulus::new::<K>(n, whole)),
        })
    }
}

/// How many limbs a modulus of this length needs, in whole blocks.
fn limbs_for<K: Kernel>(bits: usize) -> Option<usize> {
    let blocks = (bits + SPARE).div_ceil(K::BLOCK_LIMBS * K::LIMB_BITS);
    (blocks <= K::MOST_BLOCKS).then_some(blocks * K::BLOCK_LIMBS)
}

impl Modulus {
    fn new<K: Kernel>(modulus: &montgomery::Modulus, len: usize) -> Self {
        let (n, r) = (modulus.words(), len * K::LIMB_BITS);
        let limbs = |words: &[u64]| limbs::<K>(words, 0, len).collect();
        Self {
            words: n.to_vec(),
            n: limbs(n),
            inverse: negative_inverse(n[0]) & mask::<K>(),
            r2: limbs(&power_of_two(n, 2 * r)),
            r3: limbs(&power_of_two(n, 3 * r)),
        }
    }
}

fn mask<K: Kernel>() -> u64 {
    (1 << K::LIMB_BITS) - 1
}

/// `len` limbs of `words` from bit `start` on.
pub(super) fn limbs<K: Kernel>(
    words: &[u64],
    start: usize,
    len: usize,
) -> impl Iterator<Item = u64> {
    let limb = move |index| words::bits_at(words, start + index * K::LIMB_BITS, K::LIMB_BITS);
    (0..len).map(move |index| limb(index) as u64)
}

/// Zeros.
pub(super) fn zeros<K: Kernel>(len: usize) -> Numbers<K> {
    Zeroizing::new(vec![K::Limb::default(); len])
}

/// `count` numbers of `len` limbs side by side; lanes that have none repeat the first.
pub(super) fn side_by_side<K: Kernel, I: IntoIterator<Item = u64>>(
    len: usize,
    count: usize,
    number: impl Fn(usize) -> I,
) -> Numbers<K> {
    let mut numbers = zeros::<K>(len);
    for lane in 0..K::LANES {
        let limbs = number(if lane < count { lane } else { 0 });
        for (to, limb) in numbers.iter_mut().zip(limbs) {
            to.as_mut()[lane] = limb;
        }
    }
    numbers
}

/// The number of one lane, in at least `least` words.
pub(super) fn of_lane<K: Kernel>(numbers: &[K::Limb], lane: usize, least: usize) -> Words {
    let len = (numbers.len() * K::LIMB_BITS).div_ceil(64) + 1;
    let mut words = Zeroizing::new(vec![0; len.max(least)]);
    for (index, limb) in numbers.iter().enumerate() {
        let (word, shift) = (index * K::LIMB_BITS / 64, index * K::LIMB_BITS % 64);
        let limb = u128::from(limb.as_ref()[lane]) << shift;
        words[word] |= limb as u64;
        words[word + 1] |= (limb >> 64) as u64;
    }
    words
}

/// `a` += `b`, in whole limbs again.
pub(super) fn add<K: Kernel>(a: &mut [K::Limb], b: &[K::Limb]) {
    for lane in 0..K::LANES {
        let mut carry = 0;
        for (a, b) in a.iter_mut().zip(b) {
            let sum = a.as_ref()[lane] + b.as_ref()[lane] + carry;
            a.as_mut()[lane] = sum & mask::<K>();
            carry = sum >> K::LIMB_BITS;
        }
    }
}

/// In each lane the lane's number of what `number` says for it.
pub(super) fn select<'a, K: Kernel + 'a>(
    out: &mut [K::Limb],
    number: impl Fn(usize) -> &'a [K::Limb],
) {
    for lane in 0..K::LANES {
        for (to, from) in out.iter_mut().zip(number(lane).iter()) {
            to.as_mut()[lane] = from.as_ref()[lane];
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::super::{Avx2, Ifma};
    use super::*;

    fn words_become_limbs_and_words_again_in<K: Kernel>() {
        let words: Vec<u64> = (1..=17_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let len = (17 * 64_usize).div_ceil(K::LIMB_BITS);
        let numbers =
            side_by_side::<K, _>(len, K::LANES, |lane| limbs::<K>(&words[lane..], 0, len));
        for lane in 0..K::LANES {
            let again = of_lane::<K>(&numbers, lane, 0);
            assert_eq!(again[..words.len() - lane], words[lane..]);
        }
        assert!(numbers.iter().flat_map(AsRef::as_ref).all(|&limb| limb <= mask::<K>()));
    }

    #[test]
    fn words_become_limbs_and_words_again() {
        words_become_limbs_and_words_again_in::<Ifma>();
        words_become_limbs_and_words_again_in::<Avx2>();
    }

    #[test]
    fn the_usual_keys_fill_whole_blocks() {
        let all = [512, 1024, 1536, 2048, 3072, 4096];
        assert_eq!(all.map(limbs_for::<Ifma>), [10, 20, 30, 40, 60, 80].map(Some));
        let avx2 = [Some(20), Some(40), Some(55), Some(75), Some(110), None];
        assert_eq!(all.map(limbs_for::<Avx2>), avx2);
        assert_eq!([516, 517].map(limbs_for::<Ifma>), [Some(10), Some(20)]);
    }
}
