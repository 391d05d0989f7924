//! The keys of TLS 1.3 out of its traffic secrets (RFC 8446 §7).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroizing;

use super::derive::{WHOLE_NONCE, key_lengths};
use super::premaster::PremasterSecret;
use super::protection::{RecordCipher, UnsupportedCipher};
use crate::keys::PreSharedKey;
use crate::tls::suite::{Hash, Suite};

/// The hash of a suite of TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tls) enum Tls13Hash {
    Sha256,
    Sha384,
}

impl Tls13Hash {
    pub(in crate::tls) fn of(suite: &Suite) -> Option<Self> {
        match suite.hash {
            Hash::Sha256 => Some(Self::Sha256),
            Hash::Sha384 => Some(Self::Sha384),
            _ => None,
        }
    }

    pub(in crate::tls) fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    pub(in crate::tls) fn digest(self, messages: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(messages).to_vec(),
            Self::Sha384 => Sha384::digest(messages).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, parts),
            Self::Sha384 => hmac::<Hmac<Sha384>>(key, parts),
        }
    }

    /// HKDF-Expand-Label without context.
    fn expand_label(self, secret: &[u8], label: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
        self.expand(secret, label, &[], len)
    }

    /// HKDF-Expand-Label (RFC 8446 §7.1, RFC 5869 §2.3).
    fn expand(self, secret: &[u8], label: &[u8], context: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
        let size = u16::try_from(len).unwrap_or_default().to_be_bytes();
        let length = |bytes: usize| u8::try_from(bytes).unwrap_or_default();
        let (label_len, context_len) = (length(label.len() + 6), length(context.len()));
        let info = [&size[..], &[label_len], b"tls13 ", label, &[context_len], context].concat();
        let mut out = Zeroizing::new(Vec::with_capacity(len + self.len()));
        let mut block = Zeroizing::new(Vec::new());
        for counter in 1..=u8::MAX {
            if out.len() >= len {
                break;
            }
            block = self.hmac(secret, &[&block, &info, &[counter]]);
            out.extend_from_slice(&block);
        }
        out.truncate(len);
        out
    }
}

/// Where the keys of a handshake come from (RFC 8446 §7.1): the early secret, then that of the handshake,
/// then the master secret.
pub(in crate::tls) struct KeySchedule {
    hash: Tls13Hash,
    secret: Zeroizing<Vec<u8>>,
}

impl KeySchedule {
    /// The early secret of a pre-shared key, or of none.
    pub(in crate::tls) fn early(hash: Tls13Hash, key: Option<&PreSharedKey>) -> Self {
        let zeros = [0; 48];
        let none = zeros.get(..hash.len()).unwrap_or_default();
        let key = key.map_or(none, PreSharedKey::as_bytes);
        Self { hash, secret: hash.hmac(&[], &[key]) }
    }

    /// The secret of the handshake, of what was agreed on beside the pre-shared key.
    pub(in crate::tls) fn into_handshake(self, agreed: Option<&PremasterSecret>) -> Self {
        let zeros = [0; 48];
        let none = zeros.get(..self.hash.len()).unwrap_or_default();
        self.next(agreed.map_or(none, |agreed| &agreed.0))
    }

    /// The master secret.
    pub(in crate::tls) fn into_master(self) -> Self {
        let zeros = [0; 48];
        let none = zeros.get(..self.hash.len()).unwrap_or_default();
        self.next(none)
    }

    /// HKDF-Extract with what was derived before for salt.
    fn next(self, input: &[u8]) -> Self {
        let salt = self.derive(b"derived", &[]);
        Self { hash: self.hash, secret: self.hash.hmac(&salt, &[input]) }
    }

    /// Derive-Secret.
    fn derive(&self, label: &[u8], messages: &[u8]) -> Zeroizing<Vec<u8>> {
        self.hash.expand(&self.secret, label, &self.hash.digest(messages), self.hash.len())
    }

    /// A traffic secret, of the messages so far.
    pub(in crate::tls) fn traffic(&self, label: &[u8], messages: &[u8]) -> TrafficSecret {
        TrafficSecret { hash: self.hash, secret: self.derive(label, messages) }
    }

    /// Whether the early secret made this binder of the messages up to the binders, for a key that was given
    /// by other ways or one of an earlier session (RFC 8446 §4.2.11.2).
    pub(in crate::tls) fn binds(&self, messages: &[u8], binder: &[u8]) -> bool {
        [&b"ext binder"[..], b"res binder"].iter().any(|label| {
            let secret = self.derive(label, &[]);
            TrafficSecret { hash: self.hash, secret }.verify_data(messages) == binder
        })
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let Ok(mut mac) = M::new_from_slice(key) else { return Zeroizing::default() };
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// A traffic key and its IV.
type KeyAndIv = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// A traffic secret.
pub(in crate::tls) struct TrafficSecret {
    hash: Tls13Hash,
    secret: Zeroizing<Vec<u8>>,
}

impl TrafficSecret {
    /// The secret of a session with `suite`. None if it has not the length of the suite's hash.
    pub(in crate::tls) fn new(suite: &Suite, secret: &[u8]) -> Option<Self> {
        let hash = Tls13Hash::of(suite)?;
        let secret = Zeroizing::new(secret.to_vec());
        (secret.len() == hash.len()).then_some(Self { hash, secret })
    }

    /// The record cipher that it keys (RFC 8446 §7.3).
    pub(in crate::tls) fn cipher(&self, suite: &Suite) -> Result<RecordCipher, UnsupportedCipher> {
        let (key, iv) = self.key_and_iv(suite).ok_or(UnsupportedCipher)?;
        RecordCipher::tls13(suite, &key, &iv)
    }

    /// Its key and IV; None if the cipher has none that is known.
    pub(super) fn key_and_iv(&self, suite: &Suite) -> Option<KeyAndIv> {
        let (_, key_len) = key_lengths(suite.cipher)?;
        let key = self.hash.expand_label(&self.secret, b"key", key_len);
        Some((key, self.hash.expand_label(&self.secret, b"iv", WHOLE_NONCE)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.secret
    }

    /// The next generation, after a KeyUpdate (RFC 8446 §7.2).
    pub(in crate::tls) fn updated(&self) -> Self {
        let hash = self.hash;
        Self { hash, secret: hash.expand_label(&self.secret, b"traffic upd", hash.len()) }
    }

    /// The content of the Finished message of the end whose handshake secret this is
    /// (RFC 8446 §4.4.4).
    pub(in crate::tls) fn verify_data(&self, transcript: &[u8]) -> Vec<u8> {
        let key = self.hash.expand_label(&self.secret, b"finished", self.hash.len());
        self.hash.hmac(&key, &[&self.hash.digest(transcript)]).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8448 §3, "Simple 1-RTT Handshake": the server's handshake traffic keys.
    #[test]
    fn keys_are_those_of_the_example_handshake() {
        let secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let key = Tls13Hash::Sha256.expand_label(&secret, b"key", 16);
        let iv = Tls13Hash::Sha256.expand_label(&secret, b"iv", 12);
        assert_eq!(*key, hex("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(*iv, hex("5d313eb2671276ee13000b30"));
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = |i| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digits).collect()
    }
}
