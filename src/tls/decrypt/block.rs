//! Block ciphers in CBC mode.

use aes::{Aes128, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};

use super::protection::UnsupportedCipher;
use crate::tls::suite::Cipher;

/// A keyed block cipher that undoes CBC.
pub(super) trait CbcCipher: Send {
    /// Decrypts whole blocks in place. False if they are not whole.
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool;
}

struct Keyed<C>(C);

impl<C: BlockCipherDecrypt + Clone + Send> CbcCipher for Keyed<C> {
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool {
        let Ok(mode) = Decryptor::inner_iv_slice_init(self.0.clone(), iv) else { return false };
        mode.decrypt_padded::<NoPadding>(blocks).is_ok()
    }
}

/// Key and block lengths of a cipher in bytes; None if it has no CBC mode here.
pub(super) fn lengths(cipher: Cipher) -> Option<(usize, usize)> {
    match cipher {
        Cipher::Aes128Cbc => Some((16, 16)),
        Cipher::Aes256Cbc => Some((32, 16)),
        _ => None,
    }
}

/// The cipher with its key.
pub(super) fn keyed(cipher: Cipher, key: &[u8]) -> Result<Box<dyn CbcCipher>, UnsupportedCipher> {
    match cipher {
        Cipher::Aes128Cbc => boxed::<Aes128>(key),
        Cipher::Aes256Cbc => boxed::<Aes256>(key),
        _ => Err(UnsupportedCipher),
    }
}

fn boxed<C>(key: &[u8]) -> Result<Box<dyn CbcCipher>, UnsupportedCipher>
where
    C: BlockCipherDecrypt + KeyInit + Clone + Send + 'static,
{
    Ok(Box::new(Keyed(C::new_from_slice(key).map_err(|_| UnsupportedCipher)?)))
}
