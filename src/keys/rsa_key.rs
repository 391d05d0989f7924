//! One RSA private key: who it is, where it belongs, and the raw operation.

use std::fmt;

use pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, RsaPrivateKey, hazmat, rand_core};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::row::Row;

/// An RSA private key. Neither `Clone` nor `Serialize`, and its `Debug` shows the identity alone.
pub struct RsaKey {
    key: RsaPrivateKey,
    /// Big-endian, without leading zeros.
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
    identity: KeyIdentity,
    rows: Vec<Row>,
}

/// What may be told of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIdentity {
    /// `keys.list:3` or `--key server.pem`: the first that named it.
    pub source: String,
    /// The file it was read from.
    pub path: String,
    /// Length of the modulus, in bits.
    pub bits: u32,
    /// SHA-256 of the DER SubjectPublicKeyInfo, what `openssl pkey -pubout -outform der |
    /// sha256sum` prints.
    pub spki_sha256: [u8; 32],
    /// What the user should know, though the key is good.
    pub note: Option<String>,
}

/// Why a ciphertext cannot be one of this key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// The number is not below the modulus (RFC 8017 §5.1.2 step 1).
    #[error("ciphertext representative out of range")]
    OutOfRange,
    /// The ciphertext is not as long as the modulus (RFC 8017 §7.2.2 step 1).
    #[error("ciphertext of {actual} bytes for a key of {expected}")]
    WrongLength {
        /// Length of the modulus, in bytes.
        expected: usize,
        /// Length of the ciphertext, in bytes.
        actual: usize,
    },
}

impl RsaKey {
    /// The key, named by `row` and read from `path`; `None` if it has no public form, which no key
    /// that passed the decoder lacks.
    pub(super) fn new(key: RsaPrivateKey, row: Row, path: String) -> Option<Self> {
        let spki = key.as_public_key().to_public_key_der().ok()?;
        let identity = KeyIdentity {
            source: row.source.clone(),
            path,
            bits: key.n().bits(),
            spki_sha256: Sha256::digest(spki.as_bytes()).into(),
            note: None,
        };
        let (modulus, exponent) = (key.n_bytes(), key.e_bytes());
        Some(Self { key, modulus, exponent, identity, rows: vec![row] })
    }

    /// Who the key is.
    #[must_use]
    pub fn identity(&self) -> &KeyIdentity {
        &self.identity
    }

    /// The rows that name it, in the order given; a key given alone has one for any server.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Length of the modulus, in bytes.
    #[must_use]
    pub fn modulus_len(&self) -> usize {
        self.modulus.len()
    }

    /// Whether this is the private half of the public key (big-endian numbers, leading zeros
    /// allowed).
    #[must_use]
    pub fn matches_public_key(&self, modulus: &[u8], exponent: &[u8]) -> bool {
        *self.modulus == *unpadded(modulus) && *self.exponent == *unpadded(exponent)
    }

    /// The raw RSA private operation c^d mod n (RFC 8017 §5.1.2), by the Chinese remainder theorem:
    /// the padded block, as long as the modulus. No padding is looked at.
    ///
    /// Not blinded: offline there is nobody to measure the time.
    ///
    /// # Errors
    ///
    /// If the ciphertext cannot have been made for this key.
    pub fn raw_decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, RawError> {
        let (expected, actual) = (self.modulus_len(), ciphertext.len());
        if actual != expected {
            return Err(RawError::WrongLength { expected, actual });
        }
        let plaintext = self.operate(ciphertext).ok_or(RawError::OutOfRange)?;
        let bytes = Zeroizing::new(plaintext.to_be_bytes());
        // The number comes back in whole machine words.
        Ok(Zeroizing::new(bytes[bytes.len() - expected..].to_vec()))
    }

    /// `None` only for a number not below n: the crate checks that and the precision, which is
    /// n's own here.
    fn operate(&self, ciphertext: &[u8]) -> Option<Zeroizing<BoxedUint>> {
        let number = BoxedUint::from_be_slice(ciphertext, self.key.n_bits_precision()).ok()?;
        let unblinded = None::<&mut dyn rand_core::CryptoRng>;
        hazmat::rsa_decrypt(unblinded, &self.key, &number).ok().map(Zeroizing::new)
    }

    /// Adds a row; one that is there already, because a file holds the key twice, is not repeated.
    pub(super) fn add_row(&mut self, row: Row) {
        if self.rows.last() != Some(&row) {
            self.rows.push(row);
        }
    }

    /// Adds to the note, once.
    pub(super) fn remark(&mut self, text: &str) {
        match &mut self.identity.note {
            None => self.identity.note = Some(text.to_owned()),
            Some(note) if note.contains(text) => {}
            Some(note) => {
                note.push_str("; ");
                note.push_str(text);
            }
        }
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RsaKey").field(&self.identity).finish()
    }
}

/// A big-endian number without its leading zeros.
fn unpadded(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}
