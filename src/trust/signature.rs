//! Signatures of certificates: whether a key made one (RFC 5280 §4.1.1.3).

#[cfg(feature = "certificates")]
mod arithmetic;

#[cfg(feature = "certificates")]
pub(super) use arithmetic::{FOR_WEBPKI, verify};

#[cfg(not(feature = "certificates"))]
use super::reading::{Algorithm, Key};

/// What is known of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// The key made it.
    Yes,
    /// The key did not make it.
    No,
    /// Its algorithm, or the key's, is not one that we can verify.
    Unknown,
}

impl From<bool> for Signed {
    fn from(is_right: bool) -> Self {
        if is_right { Self::Yes } else { Self::No }
    }
}

/// RSA keys beyond this many bits are not computed with: nobody has one, and each costs.
pub(super) const MOST_RSA_BITS: usize = 16_384;

/// Without the crates that compute, nothing is known of any signature.
#[cfg(not(feature = "certificates"))]
pub(super) fn verify(_: &Algorithm, _: &Key, _: &[u8], _: &[u8]) -> Signed {
    Signed::Unknown
}
