//! Authenticated encryption with associated data.

use aes::{Aes128, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aria::{Aria128, Aria256};
use camellia::{Camellia128, Camellia256};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;

use super::protection::UnsupportedCipher;
use crate::tls::suite::Cipher;

/// A keyed AEAD cipher.
pub(super) trait AeadCipher: Send {
    /// Decrypts in place. False if the tag does not fit.
    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8]) -> bool;

    /// Encrypts in place. Gives the tag.
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> Option<Vec<u8>>;
}

/// All of them take a nonce of 12 bytes (RFC 5116 §5.1).
impl<T: AeadInOut<NonceSize = U12> + Send> AeadCipher for T {
    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8]) -> bool {
        let Ok(tag) = tag.try_into() else { return false };
        self.decrypt_inout_detached(nonce.into(), aad, data.into(), tag).is_ok()
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> Option<Vec<u8>> {
        let tag = self.encrypt_inout_detached(nonce.into(), aad, data.into()).ok()?;
        Some(tag.to_vec())
    }
}

/// The tag's length in bytes; None if it is no AEAD cipher.
pub(super) fn tag_len(cipher: Cipher) -> Option<usize> {
    match cipher {
        Cipher::Aes128Ccm8 | Cipher::Aes256Ccm8 => Some(8),
        Cipher::Aes128Gcm
        | Cipher::Aes256Gcm
        | Cipher::Aes128Ccm
        | Cipher::Aes256Ccm
        | Cipher::Camellia128Gcm
        | Cipher::Camellia256Gcm
        | Cipher::Aria128Gcm
        | Cipher::Aria256Gcm
        | Cipher::ChaCha20Poly1305 => Some(16),
        _ => None,
    }
}

/// The cipher with its key.
pub(super) fn keyed(cipher: Cipher, key: &[u8]) -> Result<Box<dyn AeadCipher>, UnsupportedCipher> {
    match cipher {
        Cipher::Aes128Gcm => boxed::<AesGcm<Aes128, U12>>(key),
        Cipher::Aes256Gcm => boxed::<AesGcm<Aes256, U12>>(key),
        Cipher::Aes128Ccm => boxed::<Ccm<Aes128, U16, U12>>(key),
        Cipher::Aes256Ccm => boxed::<Ccm<Aes256, U16, U12>>(key),
        Cipher::Aes128Ccm8 => boxed::<Ccm<Aes128, U8, U12>>(key),
        Cipher::Aes256Ccm8 => boxed::<Ccm<Aes256, U8, U12>>(key),
        Cipher::Camellia128Gcm => boxed::<AesGcm<Camellia128, U12>>(key),
        Cipher::Camellia256Gcm => boxed::<AesGcm<Camellia256, U12>>(key),
        Cipher::Aria128Gcm => boxed::<AesGcm<Aria128, U12>>(key),
        Cipher::Aria256Gcm => boxed::<AesGcm<Aria256, U12>>(key),
        Cipher::ChaCha20Poly1305 => boxed::<ChaCha20Poly1305>(key),
        _ => Err(UnsupportedCipher),
    }
}

fn boxed<C>(key: &[u8]) -> Result<Box<dyn AeadCipher>, UnsupportedCipher>
where
    C: AeadCipher + KeyInit + 'static,
{
    Ok(Box::new(C::new_from_slice(key).map_err(|_| UnsupportedCipher)?))
}
