//! Numbers and keys at the edges.

use crypto_bigint::ConcatenatingMul as _;
use rsa_batch::{Engine, Key, RawError, Request};

use crate::{agree, engines, keys};

/// 0, 1, n-1 and numbers around the borders of words of 52 and 64 bits, as long as the modulus.
fn edges(key: &Key) -> Vec<Vec<u8>> {
    let len = key.modulus().len();
    let small = |value: u128| [vec![0; len - 16], value.to_be_bytes().to_vec()].concat();
    let mut below = key.modulus().to_vec();
    *below.last_mut().unwrap() -= 1;
    let borders = [51, 52, 53, 63, 64, 65, 103, 104, 105].map(|bit| 1_u128 << bit);
    let around = borders.into_iter().flat_map(|power| [power - 1, power, power + 1]);
    let mut all: Vec<_> = [0, 1, 2].into_iter().chain(around).map(small).collect();
    // Powers of two all the way up, and ones below them.
    for byte in (1..len).step_by(13) {
        let mut power = vec![0; len];
        power[byte] = 1;
        let mut ones = vec![0; byte];
        ones.resize(len, 0xff);
        all.extend([power, ones]);
    }
    all.push(below);
    all
}

fn agree_at_the_edges_of(key: &Key) {
    let ciphertexts = edges(key);
    let requests: Vec<_> =
        ciphertexts.iter().map(|ciphertext| Request { key, ciphertext }).collect();
    agree(&requests);
}

#[test]
fn numbers_at_the_edges_are_right_for_keys_of_each_shape() {
    let shapes: [&[u32]; 9] = [
        &[256, 256],
        &[300, 212],
        &[200, 312],
        &[512, 512],
        &[513, 511],
        &[516, 508],
        &[518, 506],
        &[520, 504],
        &[150, 400],
    ];
    for (seed, bits) in shapes.into_iter().enumerate() {
        agree_at_the_edges_of(&keys::key(seed as u64, bits));
    }
}

#[test]
fn either_prime_may_be_the_larger() {
    let (small, large) = (keys::prime(1, 260), keys::prime(2, 300));
    for primes in [[&small, &large], [&large, &small]] {
        let key = keys::of_primes(&primes.map(Clone::clone)).unwrap();
        agree_at_the_edges_of(&key);
    }
}

#[test]
fn a_prime_multiplied_is_answered_too() {
    let (p, q) = (keys::prime(3, 256), keys::prime(4, 256));
    let key = keys::of_primes(&[p.clone(), q.clone()]).unwrap();
    let multiples = [p, q].map(|prime| {
        let bytes = prime.concatenating_mul(&rsa::BoxedUint::from(77_u64)).to_be_bytes();
        let mut padded = vec![0; 64_usize.saturating_sub(bytes.len())];
        padded.extend(&bytes[bytes.len().saturating_sub(64)..]);
        padded
    });
    agree(&multiples.each_ref().map(|ciphertext| Request { key: &key, ciphertext }));
}

#[test]
fn three_primes_are_left_to_the_reference() {
    let key = keys::key(5, &[180, 180, 180]);
    agree_at_the_edges_of(&key);
}

#[test]
fn what_cannot_be_a_ciphertext_is_told_and_harms_no_neighbour() {
    let key = keys::key(6, &[256, 256]);
    let len = key.modulus().len();
    let (good, short, large) = (vec![1; len], vec![1; len - 1], key.modulus().to_vec());
    let requests: Vec<_> = [&good, &short, &large, &good]
        .map(|ciphertext| Request { key: &key, ciphertext: ciphertext.as_slice() })
        .to_vec();
    for (choice, engine) in engines() {
        let answers = engine.decrypt_batch(&requests);
        let wrong = RawError::WrongLength { expected: len, actual: len - 1 };
        assert_eq!(answers[1], Err(wrong), "{choice:?}");
        assert_eq!(answers[2], Err(RawError::OutOfRange), "{choice:?}");
        assert_eq!(answers[0], answers[3], "{choice:?}");
        assert!(answers[0].is_ok(), "{choice:?}");
    }
    agree(&requests);
}

#[test]
fn nothing_asked_is_nothing_answered() {
    assert!(Engine::default().decrypt_batch(&[]).is_empty());
}
