//! The premaster secret out of a ClientKeyExchange, by the server's RSA key (RFC 5246 §7.4.7.1).
//!
//! The raw operation is undone here, not by the `rsa` crate: its `decrypt` answers a wrong key with
//! plausible bytes, on purpose, against attackers who ask on line. Off line there is nobody to
//! deceive but the user.

use zeroize::Zeroizing;

use crate::keys::{KeyId, KeyRing, PreSharedKey, RawAnswer, RawError};
use crate::tls::names::ProtocolVersion;

/// Length of the premaster secret in bytes: two of version, 46 of chance.
const LENGTH: usize = 48;

/// The least padding of PKCS #1 v1.5: two fixed bytes, eight of chance, a zero (RFC 8017 §7.2.1).
const LEAST_PADDING: usize = 11;

/// A premaster secret: of 48 bytes in an RSA key exchange, of any length in others.
pub(in crate::tls) struct PremasterSecret(pub(super) Zeroizing<Vec<u8>>);

impl PremasterSecret {
    /// A premaster secret that a key log tells.
    pub(in crate::tls) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Of a pre-shared key and what else was agreed on, each behind its length; as many zeros as the key is
    /// long where that is nothing (RFC 4279 §2 to §4, RFC 5489 §2).
    pub(in crate::tls) fn of_pre_shared(key: &PreSharedKey, other: Option<&Self>) -> Self {
        let key = key.as_bytes();
        let zeros = vec![0; key.len()];
        let other = other.map_or(zeros.as_slice(), |other| &other.0);
        let mut secret = Zeroizing::new(Vec::with_capacity(other.len() + key.len() + 4));
        for part in [other, key] {
            secret.extend_from_slice(&u16::try_from(part.len()).unwrap_or_default().to_be_bytes());
            secret.extend_from_slice(part);
        }
        Self(secret)
    }
}

/// Why a key does not open a ClientKeyExchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tls) enum PremasterFault {
    /// The ciphertext has not the size of the key.
    Length,
    /// What comes out has no PKCS #1 v1.5 padding around 48 bytes: it is not this key's.
    Padding,
    /// The padding is right, but the version inside is neither the one that the client offered
    /// nor the one agreed on.
    Version(ProtocolVersion),
}

/// Opens the body of a ClientKeyExchange by a key of this length, whose raw operation is
/// `raw_decrypt`. `versions` are those that may stand in front of the secret: the client's offer,
/// and, as some clients do it wrong, what was agreed on.
pub(in crate::tls) fn open_premaster(
    modulus_len: usize,
    raw_decrypt: impl FnOnce(&[u8]) -> RawAnswer,
    body: &[u8],
    versions: [ProtocolVersion; 2],
) -> Result<PremasterSecret, PremasterFault> {
    let ciphertext = ciphertext_of(body, modulus_len).ok_or(PremasterFault::Length)?;
    let block = raw_decrypt(ciphertext).map_err(|_| PremasterFault::Length)?;
    let secret = unpad(&block, LENGTH).map(PremasterSecret).ok_or(PremasterFault::Padding)?;
    let version = secret.0.first_chunk().copied().map(u16::from_be_bytes).unwrap_or_default();
    let version = ProtocolVersion(version);
    if versions.contains(&version) { Ok(secret) } else { Err(PremasterFault::Version(version)) }
}

/// One of many ciphertexts.
pub(in crate::tls) struct PremasterRequest<'b> {
    /// The key that may open it.
    pub(in crate::tls) key: KeyId,
    /// The body of the ClientKeyExchange.
    pub(in crate::tls) body: &'b [u8],
    /// As for [`open_premaster`].
    pub(in crate::tls) versions: [ProtocolVersion; 2],
}

/// [`open_premaster`] for many, with all RSA operations at once.
pub(in crate::tls) fn open_premasters(
    ring: &KeyRing,
    requests: &[PremasterRequest<'_>],
) -> Vec<Result<PremasterSecret, PremasterFault>> {
    let length = |request: &PremasterRequest<'_>| ring.key(request.key).modulus_len();
    let ciphertexts = requests
        .iter()
        .filter_map(|request| Some((request.key, ciphertext_of(request.body, length(request))?)));
    let mut answers = ring.raw_decrypt_batch(&ciphertexts.collect::<Vec<_>>()).into_iter();
    // Asked only for what has the length of a ciphertext, so the answers come in step.
    let mut answer = |_: &[u8]| answers.next().unwrap_or(Err(RawError::OutOfRange));
    let open = |request: &PremasterRequest<'_>| {
        open_premaster(length(request), &mut answer, request.body, request.versions)
    };
    requests.iter().map(open).collect()
}

/// The ciphertext in the message: behind a length of two bytes in TLS, without it in SSL 3.0 and
/// from some stacks (RFC 5246 §7.4.7.1, implementation note).
fn ciphertext_of(body: &[u8], modulus_len: usize) -> Option<&[u8]> {
    if body.len() == modulus_len {
        return Some(body);
    }
    let (&length, rest) = body.split_first_chunk::<2>()?;
    let whole = usize::from(u16::from_be_bytes(length)) == rest.len();
    (whole && rest.len() == modulus_len).then_some(rest)
}

/// The secret of `length` bytes behind the padding (RFC 8017 §7.2.2 step 3).
pub(super) fn unpad(block: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let (padding, secret) = block.split_at_checked(block.len().checked_sub(length)?)?;
    let (&[0, 2], random) = padding.split_first_chunk()? else { return None };
    let (&0, random) = random.split_last()? else { return None };
    let sound = padding.len() >= LEAST_PADDING && random.iter().all(|&byte| byte != 0);
    sound.then(|| Zeroizing::new(secret.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(padding: usize) -> Vec<u8> {
        let mut block = vec![0, 2];
        block.resize(2 + padding, 0xAA);
        block.push(0);
        block.extend([3; LENGTH]);
        block
    }

    #[test]
    fn unpads_exactly_48_bytes() {
        assert_eq!(unpad(&block(8), LENGTH).unwrap().as_slice(), [3; LENGTH]);
        assert_eq!(unpad(&block(203), LENGTH).unwrap().as_slice(), [3; LENGTH]);
    }

    #[test]
    fn refuses_any_other_padding() {
        assert!(unpad(&block(7), LENGTH).is_none());
        for (position, byte) in [(0, 1), (1, 1), (5, 0), (10, 7)] {
            let mut damaged = block(8);
            damaged[position] = byte;
            assert!(unpad(&damaged, LENGTH).is_none(), "byte {position}");
        }
        assert!(unpad(&[], LENGTH).is_none());
    }

    #[test]
    fn takes_the_ciphertext_with_and_without_its_length() {
        assert_eq!(ciphertext_of(&[0, 2, 7, 8], 2), Some(&[7, 8][..]));
        assert_eq!(ciphertext_of(&[7, 8], 2), Some(&[7, 8][..]));
        assert_eq!(ciphertext_of(&[0, 3, 7, 8], 2), None);
    }
}
