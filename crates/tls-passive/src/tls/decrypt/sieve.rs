//! Whether a traffic secret of TLS 1.3 may open the first record that it protects, at the cost of one block.
//!
//! The last byte of what a record holds is its type, or padding (RFC 8446 §5.2). With AES-GCM one block of
//! the keystream shows it (NIST SP 800-38D §6.5), and as the IV of the first record hangs on the secret
//! alone, that block is the same for every session. So a thousand sessions cost hardly more than one.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use zeroize::Zeroizing;

use super::tls13::TrafficSecret;
use crate::tls::suite::{Cipher, Suite};

/// Bytes of a block and of a tag.
const BLOCK: usize = 16;

/// The counter of the block that the content begins with (NIST SP 800-38D §7.1).
const FIRST: usize = 2;

/// What the last byte may be: padding, or one of the types of content.
const LAST: [u8; 4] = [0, 21, 22, 23];

/// The sieve of a suite.
pub(in crate::tls) struct Sieve {
    suite: &'static Suite,
}

/// The sieve with a secret.
pub(in crate::tls) struct Sifter {
    keyed: Option<(Keyed, [u8; 12])>,
    /// Blocks of the keystream that were asked for, by their numbers.
    keystream: Vec<(usize, Zeroizing<[u8; BLOCK]>)>,
}

enum Keyed {
    Aes128(Box<Aes128>),
    Aes256(Box<Aes256>),
}

impl Sieve {
    pub(in crate::tls) fn new(suite: &'static Suite) -> Self {
        Self { suite }
    }

    /// The sieve with this secret. With another cipher than AES-GCM all passes.
    pub(in crate::tls) fn of(&self, secret: &TrafficSecret) -> Sifter {
        let keyed = match self.suite.cipher {
            Cipher::Aes128Gcm | Cipher::Aes256Gcm => secret.key_and_iv(self.suite),
            _ => None,
        };
        let keyed = keyed.and_then(|(key, iv)| {
            let keyed = match self.suite.cipher {
                Cipher::Aes128Gcm => Keyed::Aes128(Box::new(Aes128::new_from_slice(&key).ok()?)),
                _ => Keyed::Aes256(Box::new(Aes256::new_from_slice(&key).ok()?)),
            };
            Some((keyed, iv.as_slice().try_into().ok()?))
        });
        Sifter { keyed, keystream: Vec::new() }
    }
}

impl Sifter {
    /// Whether the record may be the first that the secret protects.
    pub(in crate::tls) fn may_open(&mut self, fragment: &[u8]) -> bool {
        let Some(last) = fragment.len().checked_sub(BLOCK + 1) else { return false };
        let Some(key) = self.key_byte(last) else { return true };
        LAST.contains(&(fragment[last] ^ key))
    }

    /// The byte of the keystream at this place of the content.
    fn key_byte(&mut self, at: usize) -> Option<u8> {
        let (keyed, iv) = self.keyed.as_ref()?;
        let number = at / BLOCK;
        if let Some((_, block)) = self.keystream.iter().find(|(known, _)| *known == number) {
            return Some(block[at % BLOCK]);
        }
        let mut block = Zeroizing::new([0; BLOCK]);
        block[..12].copy_from_slice(iv);
        block[12..].copy_from_slice(&u32::try_from(number + FIRST).ok()?.to_be_bytes());
        match keyed {
            Keyed::Aes128(cipher) => cipher.encrypt_block((&mut *block).into()),
            Keyed::Aes256(cipher) => cipher.encrypt_block((&mut *block).into()),
        }
        let byte = block[at % BLOCK];
        self.keystream.push((number, block));
        Some(byte)
    }
}
