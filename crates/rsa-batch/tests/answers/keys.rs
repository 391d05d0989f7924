//! Keys made for a test.

use crypto_bigint::{ConcatenatingMul as _, Resize as _};
use crypto_primes::{Flavor, random_prime};
use rsa::rand_core::{Infallible, TryCryptoRng, TryRng};
use rsa::{BoxedUint, PrivateKey};
use rsa_batch::Key;

/// SplitMix64 (Steele, Lea, Flood 2014): the same keys of the same seed.
pub(crate) struct Chance(pub(crate) u64);

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.try_next_u64()? as u8;
        }
        Ok(())
    }
}

impl TryCryptoRng for Chance {}

/// A prime of this length.
pub(crate) fn prime(seed: u64, bits: u32) -> BoxedUint {
    random_prime(&mut Chance(seed), Flavor::Any, bits)
}

/// A key with primes of these lengths in bits, in this order.
pub(crate) fn key(seed: u64, bits: &[u32]) -> Key {
    let mut chance = Chance(seed);
    loop {
        let primes: Vec<BoxedUint> =
            bits.iter().map(|&bits| random_prime(&mut chance, Flavor::Any, bits)).collect();
        if let Some(key) = of_primes(&primes) {
            return key;
        }
    }
}

/// `None` where e does not fit the primes.
pub(crate) fn of_primes(primes: &[BoxedUint]) -> Option<Key> {
    let product = |factors: &mut dyn Iterator<Item = BoxedUint>| {
        factors.reduce(|product, factor| product.concatenating_mul(&factor)).unwrap()
    };
    let one = BoxedUint::one();
    let n = product(&mut primes.iter().cloned());
    let phi = product(&mut primes.iter().map(|prime| prime.wrapping_sub(&one)));
    let e = BoxedUint::from(65537_u64).resize_unchecked(phi.bits_precision());
    let d = Option::from(e.invert_mod(&phi.to_nz().unwrap()))?;
    let key = if primes.len() > 2 {
        PrivateKey::from_components(n, e, d, primes.to_vec())
    } else {
        PrivateKey::from_components_with_wide_primes(n, e, d, primes.to_vec())
    };
    Some(Key::new(key.unwrap()))
}
