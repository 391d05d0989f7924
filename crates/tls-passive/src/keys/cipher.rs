//! The ciphers that key files are encrypted with, all in CBC mode with the padding of RFC 8018
//! §6.1.1, or RC4.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit, StreamCipher};
use des::{Des, TdesEde2, TdesEde3};
use rc2::Rc2;
use rc4::Rc4;
use zeroize::Zeroizing;

/// A cipher; RC2's effective key is as long as its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Des,
    TripleDes2,
    TripleDes3,
    Rc2 { key_len: usize },
    Rc4 { key_len: usize },
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    /// Length of the key, in bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Des => 8,
            Self::TripleDes2 | Self::Aes128 => 16,
            Self::TripleDes3 | Self::Aes192 => 24,
            Self::Rc2 { key_len } | Self::Rc4 { key_len } => key_len,
            Self::Aes256 => 32,
        }
    }

    /// Length of the initialization vector, in bytes.
    pub(super) fn iv_len(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::Rc4 { .. } => 0,
            _ => 8,
        }
    }

    /// The plaintext without its padding; `None` if the padding is wrong, as a wrong key makes it.
    pub(super) fn decrypt(
        self,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = Zeroizing::new(ciphertext.to_vec());
        match self {
            Self::Des => cbc(Des::new_from_slice(key).ok()?, iv, bytes),
            Self::TripleDes2 => cbc(TdesEde2::new_from_slice(key).ok()?, iv, bytes),
            Self::TripleDes3 => cbc(TdesEde3::new_from_slice(key).ok()?, iv, bytes),
            Self::Rc2 { key_len } => cbc(Rc2::new_with_eff_key_len(key, key_len * 8), iv, bytes),
            Self::Rc4 { .. } => rc4(key, bytes),
            Self::Aes128 => cbc(Aes128::new_from_slice(key).ok()?, iv, bytes),
            Self::Aes192 => cbc(Aes192::new_from_slice(key).ok()?, iv, bytes),
            Self::Aes256 => cbc(Aes256::new_from_slice(key).ok()?, iv, bytes),
        }
    }
}

fn cbc<C: BlockCipherDecrypt>(
    cipher: C,
    iv: &[u8],
    mut bytes: Zeroizing<Vec<u8>>,
) -> Option<Zeroizing<Vec<u8>>> {
    let mode = Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    let length = mode.decrypt_padded::<Pkcs7>(&mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

fn rc4(key: &[u8], mut bytes: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    Rc4::new_from_slice(key).ok()?.apply_keystream(&mut bytes);
    Some(bytes)
}
