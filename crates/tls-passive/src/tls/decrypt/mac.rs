//! The MAC of a record: HMAC (RFC 5246 §6.2.3.1), or what SSL 3.0 had before it
//! (RFC 6101 §5.2.3.1).

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::protection::UnsupportedCipher;
use crate::tls::names::ProtocolVersion;
use crate::tls::suite::Hash;

/// A keyed MAC.
pub(super) trait RecordMac: Send {
    /// Its length in bytes.
    fn len(&self) -> usize;

    /// Whether `tag` is the MAC of `parts`, one after the other.
    fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool;

    /// The MAC of `parts`.
    fn of(&self, parts: &[&[u8]]) -> Vec<u8>;
}

struct HmacOf<M>(M, usize);

impl<M: Mac + Clone + Send> RecordMac for HmacOf<M> {
    fn len(&self) -> usize {
        self.1
    }

    fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(tag).is_ok()
    }

    fn of(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }
}

/// `hash(secret + pad_2 + hash(secret + pad_1 + content))`, with `inner` and `outer` the hashes
/// that have taken secret and padding already.
struct Ssl3Mac<D> {
    inner: D,
    outer: D,
    len: usize,
}

impl<D: Digest + Clone + Send> RecordMac for Ssl3Mac<D> {
    fn len(&self) -> usize {
        self.len
    }

    fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        // Off line there is nobody who could learn from the time that this takes.
        self.of(parts) == tag
    }

    fn of(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut inner = self.inner.clone();
        parts.iter().for_each(|part| inner.update(part));
        self.outer.clone().chain_update(inner.finalize()).finalize().to_vec()
    }
}

/// Length in bytes of the MAC and of its key.
pub(super) fn mac_len(hash: Hash) -> Option<usize> {
    match hash {
        Hash::Md5 => Some(16),
        Hash::Sha1 => Some(20),
        Hash::Sha256 => Some(32),
        Hash::Sha384 => Some(48),
        Hash::NoHash | Hash::Sha512 | Hash::Sm3 => None,
    }
}

/// The MAC over `hash` with `key`, as `version` makes it.
pub(super) fn record_mac(
    hash: Hash,
    version: ProtocolVersion,
    key: &[u8],
) -> Result<Box<dyn RecordMac>, UnsupportedCipher> {
    match (version, hash) {
        // The padding fills a block of the hash, but for four bytes with SHA-1.
        (ProtocolVersion::SSL3, Hash::Md5) => Ok(ssl3::<Md5>(key, 48)),
        (ProtocolVersion::SSL3, Hash::Sha1) => Ok(ssl3::<Sha1>(key, 40)),
        (_, Hash::Md5) => keyed::<Hmac<Md5>>(key),
        (_, Hash::Sha1) => keyed::<Hmac<Sha1>>(key),
        (_, Hash::Sha256) => keyed::<Hmac<Sha256>>(key),
        (_, Hash::Sha384) => keyed::<Hmac<Sha384>>(key),
        (_, Hash::NoHash | Hash::Sha512 | Hash::Sm3) => Err(UnsupportedCipher),
    }
}

fn keyed<M>(key: &[u8]) -> Result<Box<dyn RecordMac>, UnsupportedCipher>
where
    M: Mac + KeyInit + Clone + Send + 'static,
{
    let mac = M::new_from_slice(key).map_err(|_| UnsupportedCipher)?;
    Ok(Box::new(HmacOf(mac, key.len())))
}

fn ssl3<D: Digest + Clone + Send + 'static>(key: &[u8], padding: usize) -> Box<dyn RecordMac> {
    let padded = |byte: u8| {
        let mut start = Zeroizing::new(key.to_vec());
        start.resize(key.len() + padding, byte);
        D::new_with_prefix(start.as_slice())
    };
    Box::new(Ssl3Mac { inner: padded(0x36), outer: padded(0x5C), len: key.len() })
}
