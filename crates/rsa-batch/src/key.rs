//! A private key, made ready for each engine.

use std::fmt;
use std::sync::OnceLock;

use rsa::PrivateKey;
use rsa::traits::PublicKeyParts as _;

use crate::crt::Crt;
use crate::lanes::{Kernel, Prepared};
use crate::words::{self, Words};

/// An RSA private key with what the engines compute of it once. Neither `Clone` nor `Serialize`,
/// and its `Debug` shows the length alone. Its numbers are wiped when it is dropped.
pub struct Key {
    pub(crate) private: PrivateKey,
    /// Big-endian, without leading zeros.
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
    /// `None` for the keys that only the reference takes: those of more than two primes, and of
    /// primes beyond [`crate::crt::MOST_WORDS`].
    pub(crate) crt: Option<Crt>,
    /// What the lanes of each kind need, from the first time that they are asked.
    pub(crate) ifma: OnceLock<Option<Prepared>>,
    pub(crate) avx2: OnceLock<Option<Prepared>>,
}

/// Why a ciphertext cannot be one of a key's.
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

impl Key {
    /// Computes what the engines need. That takes about as long as one operation.
    #[must_use]
    pub fn new(private: PrivateKey) -> Self {
        let (modulus, exponent) = (private.n_bytes(), private.e_bytes());
        let crt = Crt::new(&private);
        Self { private, modulus, exponent, crt, ifma: OnceLock::new(), avx2: OnceLock::new() }
    }

    /// n, big-endian, without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// e, big-endian, without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The key as the lanes take it; `None` if they do not.
    pub(crate) fn for_lanes<K: Kernel>(&self) -> Option<(&Crt, &Prepared)> {
        let crt = self.crt.as_ref()?;
        let prepared = K::prepared(self).get_or_init(|| Prepared::new::<K>(crt));
        Some((crt, prepared.as_ref()?))
    }

    /// The ciphertext as a number below the modulus (RFC 8017 §5.1.2 step 1).
    pub(crate) fn representative(&self, ciphertext: &[u8]) -> Result<Words, RawError> {
        let (expected, actual) = (self.modulus.len(), ciphertext.len());
        if actual != expected {
            return Err(RawError::WrongLength { expected, actual });
        }
        if *ciphertext >= *self.modulus {
            return Err(RawError::OutOfRange);
        }
        words::from_bytes(ciphertext, expected.div_ceil(8)).ok_or(RawError::OutOfRange)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("bytes", &self.modulus.len()).finish_non_exhaustive()
    }
}
