//! Random keys, random ciphertexts, random batches.

use proptest::prelude::*;
use rsa_batch::Request;

use crate::{agree, keys};

/// Below the modulus since the top byte is zero.
fn ciphertext(len: usize, chance: &mut keys::Chance) -> Vec<u8> {
    use rsa::rand_core::TryRng as _;
    let mut bytes = vec![0; len];
    let Ok(()) = chance.try_fill_bytes(&mut bytes[1..]);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn engines_agree_on_random_keys(
        seed: u64,
        p in 160_u32..620,
        q in 160_u32..620,
        count in 1_usize..12,
    ) {
        let keys = [keys::key(seed, &[p, q]), keys::key(!seed, &[q, p])];
        let mut chance = keys::Chance(seed);
        let ciphertexts: Vec<_> = (0..count)
            .map(|number| ciphertext(keys[number % 2].modulus().len(), &mut chance))
            .collect();
        let requests: Vec<_> = ciphertexts
            .iter()
            .enumerate()
            .map(|(number, ciphertext)| Request { key: &keys[number % 2], ciphertext })
            .collect();
        agree(&requests);
    }
}
