//! Montgomery arithmetic against the `rsa` crate's big numbers.

use proptest::prelude::*;
use rsa::BoxedUint;
use rsa::traits::PublicKeyParts as _;

use super::*;

/// `base` ^ `exponent` modulo `n` by the `rsa` crate, which calls that encryption.
fn expected(n: &[u64], base: &[u64], exponent: u64) -> Vec<u64> {
    let number = |words: &[u64]| {
        BoxedUint::from_be_slice(&words::to_bytes(words, words.len() * 8), words.len() as u32 * 64)
            .unwrap()
    };
    let key = rsa::PublicKey::new_unchecked(number(n), BoxedUint::from(exponent));
    let bytes = rsa::hazmat::rsa_encrypt(&key, &number(base)).unwrap().to_be_bytes();
    assert_eq!(key.n().bit_width() as usize, words::bits(n));
    words::from_bytes(&bytes, n.len()).unwrap().to_vec()
}

fn odd_words(chunks: usize) -> impl Strategy<Value = Vec<u64>> {
    let word = prop_oneof![3 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX)];
    prop::collection::vec(word, chunks * CHUNK).prop_map(|mut words| {
        words[0] |= 1;
        *words.last_mut().unwrap() |= 1 << 63;
        words
    })
}

fn pair() -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
    (1_usize..5).prop_flat_map(|chunks| (odd_words(chunks), odd_words(chunks)))
}

proptest! {
    #[test]
    fn powers_are_those_of_the_reference((n, base) in pair(), exponent in 1_u64..) {
        let modulus = Modulus::new(&n);
        prop_assert_eq!(modulus.power(&base, &[exponent]).to_vec(), expected(&n, &base, exponent));
    }

    #[test]
    fn a_square_is_a_product((n, a) in pair()) {
        let modulus = Modulus::new(&n);
        let (mut square, mut product) = (modulus.zero(), modulus.zero());
        let mut scratch = modulus.scratch();
        modulus.square(&mut square, &a, &mut scratch);
        modulus.multiply(&mut product, &a, &a, &mut scratch);
        prop_assert_eq!(square, product);
    }

    #[test]
    fn a_long_exponent_is_two_short_ones((n, base) in pair(), a in 1_u64.., b in 1_u64..) {
        let modulus = Modulus::new(&n);
        let product = u128::from(a) * u128::from(b);
        let both = modulus.power(&base, &[product as u64, (product >> 64) as u64]);
        let one_by_one = modulus.power(&modulus.power(&base, &[a]), &[b]);
        prop_assert_eq!(both, one_by_one);
    }

    #[test]
    fn a_base_of_twice_the_length_is_reduced((n, base) in pair(), quotient in any::<u64>()) {
        let modulus = Modulus::new(&n);
        let mut long = base.clone();
        long.resize(2 * n.len(), 0);
        let carry = add_row(&mut long[CHUNK..][..n.len()], &n, quotient);
        let rest = &mut long[CHUNK + n.len()..];
        if rest.is_empty() {
            return Ok(());
        }
        words::add(rest, &[carry]);
        let exponent = [3];
        prop_assert_eq!(modulus.power(&long, &exponent), modulus.power(&base, &exponent));
    }
}

#[test]
fn the_inverse_inverts() {
    for n in [1, 3, 0xFFFF_FFFF_FFFF_FFFF, 0x1234_5678_9ABC_DEF1_u64] {
        assert_eq!(n.wrapping_mul(negative_inverse(n)), u64::MAX, "{n}");
    }
}

#[test]
fn zero_and_one_stay_what_they_are() {
    let mut n = vec![u64::MAX; 8];
    n[3] = 5;
    let modulus = Modulus::new(&n);
    let mut one = vec![0; 8];
    assert_eq!(modulus.power(&one, &[7]).as_slice(), one);
    one[0] = 1;
    assert_eq!(modulus.power(&one, &[7]).as_slice(), one);
    assert_eq!(modulus.power(&n, &[7]).as_slice(), [0; 8]);
    assert_eq!(modulus.power(&n, &[0]).as_slice(), one);
}
