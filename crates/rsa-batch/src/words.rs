//! Numbers as 64-bit words, the least significant first.

use zeroize::Zeroizing;

/// A secret number.
pub(crate) type Words = Zeroizing<Vec<u64>>;

/// A big-endian number in `len` words; `None` if it does not fit.
pub(crate) fn from_bytes(bytes: &[u8], len: usize) -> Option<Words> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let bytes = &bytes[zeros..];
    if bytes.len() > len * 8 {
        return None;
    }
    let mut words = Zeroizing::new(vec![0; len]);
    for (index, &byte) in bytes.iter().rev().enumerate() {
        words[index / 8] |= u64::from(byte) << (8 * (index % 8));
    }
    Some(words)
}

/// The low `len` bytes of a number, big-endian.
pub(crate) fn to_bytes(words: &[u64], len: usize) -> Zeroizing<Vec<u8>> {
    let byte = |index: usize| words.get(index / 8).map_or(0, |word| word.to_le_bytes()[index % 8]);
    Zeroizing::new((0..len).rev().map(byte).collect())
}

/// Length in bits, without leading zeros.
pub(crate) fn bits(words: &[u64]) -> usize {
    let used = words.iter().rposition(|&word| word != 0);
    used.map_or(0, |top| 64 * top + 64 - words[top].leading_zeros() as usize)
}

/// The `width` bits from bit `start` on; what lies beyond the number is zero.
pub(crate) fn bits_at(words: &[u64], start: usize, width: usize) -> usize {
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let (index, shift) = (start / 64, start % 64);
    let pair = u128::from(word(index)) | u128::from(word(index + 1)) << 64;
    (pair >> shift) as usize & ((1 << width) - 1)
}

/// Whether `a` is less than `b`, of the same length.
pub(crate) fn less(a: &[u64], b: &[u64]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// Subtracts `b` from `a` and says whether it was larger. `b` is not longer than `a`.
pub(crate) fn subtract(a: &mut [u64], b: &[u64]) -> bool {
    let mut borrow = false;
    let b = b.iter().copied().chain(std::iter::repeat(0));
    for (a, b) in a.iter_mut().zip(b) {
        let (less_b, under) = a.overflowing_sub(b);
        let (less_borrow, under_again) = less_b.overflowing_sub(u64::from(borrow));
        (*a, borrow) = (less_borrow, under | under_again);
    }
    borrow
}

/// Adds `b` to `a` and says whether a bit was carried out. `b` is not longer than `a`.
pub(crate) fn add(a: &mut [u64], b: &[u64]) -> bool {
    let mut carry = false;
    let b = b.iter().copied().chain(std::iter::repeat(0));
    for (a, b) in a.iter_mut().zip(b) {
        (*a, carry) = add_carry(*a, b, carry);
    }
    carry
}

/// One step of an addition: the compiler makes one instruction of it.
#[inline(always)]
pub(crate) fn add_carry(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, over) = a.overflowing_add(b);
    let (sum, over_again) = sum.overflowing_add(u64::from(carry));
    (sum, over | over_again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_words_and_bytes_again() {
        let bytes: Vec<u8> = (1..=19).collect();
        let words = from_bytes(&bytes, 3).unwrap();
        assert_eq!(words[0], 0x0c0d_0e0f_1011_1213);
        assert_eq!(words[2], 0x0001_0203);
        assert_eq!(to_bytes(&words, 19).as_slice(), bytes);
        assert!(from_bytes(&bytes, 2).is_none());
        assert_eq!(from_bytes(&[0, 0, 0, 7], 1).unwrap().as_slice(), [7]);
    }

    #[test]
    fn bits_are_counted_and_cut_across_words() {
        assert_eq!(bits(&[0, 0]), 0);
        assert_eq!(bits(&[5, 0]), 3);
        assert_eq!(bits(&[0, 1]), 65);
        assert_eq!(bits_at(&[0xF000_0000_0000_0000, 0b101], 62, 5), 0b10111);
        assert_eq!(bits_at(&[7], 64, 5), 0);
    }

    #[test]
    fn what_is_added_can_be_taken_away() {
        let mut sum = [u64::MAX, 3];
        assert!(!add(&mut sum, &[1]));
        assert_eq!(sum, [0, 4]);
        assert!(!subtract(&mut sum, &[1]));
        assert_eq!(sum, [u64::MAX, 3]);
        assert!(subtract(&mut sum, &[0, 4]));
        assert!(less(&[9, 1], &[0, 2]) && !less(&[0, 2], &[0, 2]));
    }
}
