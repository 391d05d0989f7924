//! Authenticated encryption with associated data.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit, Nonce, Tag};

use super::protection::UnsupportedCipher;
use crate::tls::suite::Cipher;

/// A keyed AEAD cipher.
pub(super) trait AeadCipher: Send {
    /// Decrypts in place. False if the tag does not fit.
    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8]) -> bool;
}

macro_rules! aead_cipher {
    ($type:ty) => {
        impl AeadCipher for $type {
            fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8]) -> bool {
                let Ok(tag) = <&Tag>::try_from(tag) else { return false };
                self.decrypt_inout_detached(&Nonce::from(*nonce), aad, data.into(), tag).is_ok()
            }
        }
    };
}

aead_cipher!(Aes128Gcm);
aead_cipher!(Aes256Gcm);

/// Key and tag lengths of a cipher in bytes; None if it is no AEAD cipher known here.
pub(super) fn lengths(cipher: Cipher) -> Option<(usize, usize)> {
    match cipher {
        Cipher::Aes128Gcm => Some((16, 16)),
        Cipher::Aes256Gcm => Some((32, 16)),
        _ => None,
    }
}

/// The cipher with its key.
pub(super) fn keyed(cipher: Cipher, key: &[u8]) -> Result<Box<dyn AeadCipher>, UnsupportedCipher> {
    match cipher {
        Cipher::Aes128Gcm => boxed::<Aes128Gcm>(key),
        Cipher::Aes256Gcm => boxed::<Aes256Gcm>(key),
        _ => Err(UnsupportedCipher),
    }
}

fn boxed<C>(key: &[u8]) -> Result<Box<dyn AeadCipher>, UnsupportedCipher>
where
    C: AeadCipher + KeyInit + 'static,
{
    Ok(Box::new(C::new_from_slice(key).map_err(|_| UnsupportedCipher)?))
}
