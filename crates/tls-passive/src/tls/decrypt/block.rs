//! Block ciphers in CBC mode.

use aes::{Aes128, Aes256};
use aria::{Aria128, Aria256};
use camellia::{Camellia128, Camellia256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    KeyInit,
};
use cbc::{Decryptor, Encryptor};
use des::{Des, TdesEde3};
use idea::Idea;
use rc2::Rc2;

use super::protection::UnsupportedCipher;
use super::seed::Seed;
use crate::tls::suite::Cipher;

/// A keyed block cipher in CBC mode.
pub(super) trait CbcCipher: Send {
    /// Decrypts whole blocks in place. False if they are not whole.
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool;

    /// Encrypts whole blocks in place. False if they are not whole.
    fn encrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool;
}

struct Keyed<C>(C);

impl<C: BlockCipherDecrypt + BlockCipherEncrypt + Clone + Send> CbcCipher for Keyed<C> {
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool {
        let Ok(mode) = Decryptor::inner_iv_slice_init(self.0.clone(), iv) else { return false };
        mode.decrypt_padded::<NoPadding>(blocks).is_ok()
    }

    fn encrypt(&self, iv: &[u8], blocks: &mut [u8]) -> bool {
        let Ok(mode) = Encryptor::inner_iv_slice_init(self.0.clone(), iv) else { return false };
        mode.encrypt_padded::<NoPadding>(blocks, blocks.len()).is_ok()
    }
}

/// The block length of a cipher in bytes; None if it is no block cipher.
pub(super) fn block_len(cipher: Cipher) -> Option<usize> {
    match cipher {
        Cipher::Rc2Bits40Cbc
        | Cipher::Rc2Bits56Cbc
        | Cipher::Rc2Bits128Cbc
        | Cipher::Des40Cbc
        | Cipher::DesCbc
        | Cipher::TripleDesCbc
        | Cipher::IdeaCbc => Some(8),
        Cipher::SeedCbc
        | Cipher::Aes128Cbc
        | Cipher::Aes256Cbc
        | Cipher::Camellia128Cbc
        | Cipher::Camellia256Cbc
        | Cipher::Aria128Cbc
        | Cipher::Aria256Cbc => Some(16),
        _ => None,
    }
}

/// The cipher with its key.
pub(super) fn keyed(cipher: Cipher, key: &[u8]) -> Result<Box<dyn CbcCipher>, UnsupportedCipher> {
    match cipher {
        Cipher::Rc2Bits40Cbc | Cipher::Rc2Bits56Cbc | Cipher::Rc2Bits128Cbc => boxed::<Rc2>(key),
        Cipher::Des40Cbc | Cipher::DesCbc => boxed::<Des>(key),
        Cipher::TripleDesCbc => boxed::<TdesEde3>(key),
        Cipher::IdeaCbc => boxed::<Idea>(key),
        Cipher::SeedCbc => Ok(Box::new(Seed::new(key).ok_or(UnsupportedCipher)?)),
        Cipher::Aes128Cbc => boxed::<Aes128>(key),
        Cipher::Aes256Cbc => boxed::<Aes256>(key),
        Cipher::Camellia128Cbc => boxed::<Camellia128>(key),
        Cipher::Camellia256Cbc => boxed::<Camellia256>(key),
        Cipher::Aria128Cbc => boxed::<Aria128>(key),
        Cipher::Aria256Cbc => boxed::<Aria256>(key),
        _ => Err(UnsupportedCipher),
    }
}

fn boxed<C>(key: &[u8]) -> Result<Box<dyn CbcCipher>, UnsupportedCipher>
where
    C: BlockCipherDecrypt + BlockCipherEncrypt + KeyInit + Clone + Send + 'static,
{
    Ok(Box::new(Keyed(C::new_from_slice(key).map_err(|_| UnsupportedCipher)?)))
}
