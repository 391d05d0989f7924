//! The MAC of a record (RFC 5246 §6.2.3.1).

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::protection::UnsupportedCipher;
use crate::tls::suite::Hash;

/// A keyed MAC.
pub(super) trait RecordMac: Send {
    /// Its length in bytes.
    fn len(&self) -> usize;

    /// Whether `tag` is the MAC of `parts`, one after the other.
    fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool;
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

/// The HMAC over `hash` with `key`.
pub(super) fn record_mac(hash: Hash, key: &[u8]) -> Result<Box<dyn RecordMac>, UnsupportedCipher> {
    match hash {
        Hash::Md5 => keyed::<Hmac<Md5>>(key),
        Hash::Sha1 => keyed::<Hmac<Sha1>>(key),
        Hash::Sha256 => keyed::<Hmac<Sha256>>(key),
        Hash::Sha384 => keyed::<Hmac<Sha384>>(key),
        Hash::NoHash | Hash::Sha512 | Hash::Sm3 => Err(UnsupportedCipher),
    }
}

fn keyed<M>(key: &[u8]) -> Result<Box<dyn RecordMac>, UnsupportedCipher>
where
    M: Mac + KeyInit + Clone + Send + 'static,
{
    let mac = M::new_from_slice(key).map_err(|_| UnsupportedCipher)?;
    Ok(Box::new(HmacOf(mac, key.len())))
}
