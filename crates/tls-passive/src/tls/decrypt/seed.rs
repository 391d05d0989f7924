//! SEED (RFC 4269) in CBC mode: no crate of the generation that the others are of has it.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::block::CbcCipher;
use super::seed_tables::{S0, S1};

const BLOCK: usize = 16;
const ROUNDS: usize = 16;

/// The key constants: KC_0 is the golden ratio, each next one is the last rotated by a bit.
const GOLDEN_RATIO: u32 = 0x9E37_79B9;

/// The round keys.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Seed([[u32; 2]; ROUNDS]);

impl Seed {
    /// Expands a key of 16 bytes (RFC 4269 §2.3). None if it has another length.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        let [mut a, mut b, mut c, mut d] = words(key)?;
        let mut keys = [[0; 2]; ROUNDS];
        for (round, key) in keys.iter_mut().enumerate() {
            let constant = GOLDEN_RATIO.rotate_left(round as u32);
            *key = [
                g(a.wrapping_add(c).wrapping_sub(constant)),
                g(b.wrapping_sub(d).wrapping_add(constant)),
            ];
            if round % 2 == 0 {
                (a, b) = rotate_right(a, b);
            } else {
                (c, d) = rotate_left(c, d);
            }
        }
        Some(Self(keys))
    }

    /// The rounds of one block: decryption has the keys in reverse order.
    fn rounds<'k>(block: [u8; BLOCK], keys: impl Iterator<Item = &'k [u32; 2]>) -> [u8; BLOCK] {
        let Some([mut l0, mut l1, mut r0, mut r1]) = words(&block) else { return block };
        for &key in keys {
            let [f0, f1] = f([r0, r1], key);
            (l0, l1, r0, r1) = (r0, r1, l0 ^ f0, l1 ^ f1);
        }
        // The halves are not exchanged after the last round.
        let mut out = [0; BLOCK];
        for (bytes, word) in out.chunks_exact_mut(4).zip([r0, r1, l0, l1]) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

impl CbcCipher for Seed {
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool {
        let Ok(mut previous) = <[u8; BLOCK]>::try_from(iv) else { return false };
        if !blocks.len().is_multiple_of(BLOCK) {
            return false;
        }
        for block in blocks.as_chunks_mut::<BLOCK>().0 {
            let cipher = *block;
            *block = Self::rounds(cipher, self.0.iter().rev());
            super::stream::xor(block, &previous);
            previous = cipher;
        }
        true
    }

    fn encrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool {
        let Ok(mut previous) = <[u8; BLOCK]>::try_from(iv) else { return false };
        if !blocks.len().is_multiple_of(BLOCK) {
            return false;
        }
        for block in blocks.as_chunks_mut::<BLOCK>().0 {
            super::stream::xor(block, &previous);
            *block = Self::rounds(*block, self.0.iter());
            previous = *block;
        }
        true
    }
}

fn words(bytes: &[u8]) -> Option<[u32; 4]> {
    let bytes: &[u8; BLOCK] = bytes.try_into().ok()?;
    let (words, _) = bytes.as_chunks::<4>();
    Some([0, 1, 2, 3].map(|i| u32::from_be_bytes(words[i])))
}

fn rotate_right(high: u32, low: u32) -> (u32, u32) {
    split((u64::from(high) << 32 | u64::from(low)).rotate_right(8))
}

fn rotate_left(high: u32, low: u32) -> (u32, u32) {
    split((u64::from(high) << 32 | u64::from(low)).rotate_left(8))
}

fn split(both: u64) -> (u32, u32) {
    ((both >> 32) as u32, both as u32)
}

/// The round function (RFC 4269 §2.1).
fn f([c, d]: [u32; 2], [k0, k1]: [u32; 2]) -> [u32; 2] {
    let mixed = g((c ^ k0) ^ (d ^ k1));
    let first = g(mixed.wrapping_add(c ^ k0));
    let second = g(mixed.wrapping_add(first));
    [first.wrapping_add(second), second]
}

/// The function G (RFC 4269 §2.2).
fn g(x: u32) -> u32 {
    const M: [u32; 4] = [0xFC, 0xF3, 0xCF, 0x3F];
    let [x3, x2, x1, x0] = x.to_be_bytes();
    let y = [S0[usize::from(x0)], S1[usize::from(x1)], S0[usize::from(x2)], S1[usize::from(x3)]];
    let z = |i: usize| (0..4).fold(0, |sum, j| sum ^ (u32::from(y[j]) & M[(i + j) % 4]));
    z(3) << 24 | z(2) << 16 | z(1) << 8 | z(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4269, appendix B.
    #[test]
    fn agrees_with_the_vectors_of_its_rfc() {
        let cases = [
            (
                "00000000000000000000000000000000",
                "000102030405060708090A0B0C0D0E0F",
                "5EBAC6E0054E166819AFF1CC6D346CDB",
            ),
            (
                "000102030405060708090A0B0C0D0E0F",
                "00000000000000000000000000000000",
                "C11F22F20140505084483597E4370F43",
            ),
            (
                "4706480851E61BE85D74BFB3FD956185",
                "83A2F8A288641FB9A4E9A5CC2F131C7D",
                "EE54D13EBCAE706D226BC3142CD40D4A",
            ),
        ];
        for (key, plain, cipher) in cases {
            let mut block = hex(cipher);
            assert!(Seed::new(&hex(key)).unwrap().decrypt(&[0; BLOCK], &mut block));
            assert_eq!(block, hex(plain));
            assert!(Seed::new(&hex(key)).unwrap().encrypt(&[0; BLOCK], &mut block));
            assert_eq!(block, hex(cipher));
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = |i| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digits).collect()
    }
}
