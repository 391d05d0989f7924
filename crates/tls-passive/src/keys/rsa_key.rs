//! One RSA private key: who it is, where it belongs, and the raw operation.

use std::fmt;

use pkcs8::EncodePublicKey;
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;
use rsa_batch::{Engine, Key, RawError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::row::Row;

/// An RSA private key. Neither `Clone` nor `Serialize`, and its `Debug` shows the identity alone.
pub struct RsaKey {
    key: Key,
    engine: Engine,
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

impl RsaKey {
    /// The key, named by `row` and read from `path`; `None` if it has no public form, which no key
    /// that passed the decoder lacks.
    pub(super) fn new(key: PrivateKey, row: Row, path: String) -> Option<Self> {
        let spki = key.as_public_key().to_public_key_der().ok()?;
        let identity = KeyIdentity {
            source: row.source.clone(),
            path,
            bits: key.n().bit_width(),
            spki_sha256: Sha256::digest(spki.as_bytes()).into(),
            note: None,
        };
        let (key, engine) = (Key::new(key), Engine::default());
        Some(Self { key, engine, identity, rows: vec![row] })
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
        self.key.modulus().len()
    }

    /// Whether this is the private half of the public key (big-endian numbers, leading zeros
    /// allowed).
    #[must_use]
    pub fn matches_public_key(&self, modulus: &[u8], exponent: &[u8]) -> bool {
        *self.key.modulus() == *unpadded(modulus) && *self.key.exponent() == *unpadded(exponent)
    }

    /// The raw RSA private operation c^d mod n (RFC 8017 §5.1.2): the padded block, as long as the
    /// modulus. No padding is looked at. For many at once see [`KeyRing::raw_decrypt_batch`].
    ///
    /// # Errors
    ///
    /// If the ciphertext cannot have been made for this key.
    ///
    /// [`KeyRing::raw_decrypt_batch`]: super::KeyRing::raw_decrypt_batch
    pub fn raw_decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, RawError> {
        self.engine.decrypt(&self.key, ciphertext)
    }

    /// The key as an engine takes it.
    pub(super) fn prepared(&self) -> &Key {
        &self.key
    }

    /// Computes with another engine than the quickest.
    pub(super) fn use_engine(&mut self, engine: Engine) {
        self.engine = engine;
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
