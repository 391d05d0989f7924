//! The operation of the `rsa` crate: what the others are measured by, and the last resort.

use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, hazmat, rand_core};
use zeroize::Zeroizing;

use crate::key::{Key, RawError};

/// c^d mod n, as long as the modulus. Not blinded: offline there is nobody to measure the time.
pub(crate) fn decrypt(key: &Key, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, RawError> {
    // The crate checks the range again, and the precision, which is n's own here.
    key.representative(ciphertext)?;
    let plaintext = operate(key, ciphertext).ok_or(RawError::OutOfRange)?;
    let bytes = Zeroizing::new(plaintext.to_be_bytes());
    // The number comes back in whole machine words.
    Ok(Zeroizing::new(bytes[bytes.len() - ciphertext.len()..].to_vec()))
}

fn operate(key: &Key, ciphertext: &[u8]) -> Option<Zeroizing<BoxedUint>> {
    let number = BoxedUint::from_be_slice(ciphertext, key.private.n_bits_precision()).ok()?;
    let unblinded = None::<&mut dyn rand_core::CryptoRng>;
    hazmat::rsa_decrypt(unblinded, &key.private, &number).ok().map(Zeroizing::new)
}
