//! Record protection: a protected fragment becomes its content, or a fault with a name
//! (RFC 5246 §6.2.3).

use super::aead::{self, AeadCipher};
use super::block::{self, CbcCipher};
use super::mac::{RecordMac, mac_len, record_mac};
use super::prf::{MasterSecret, Prf, Randoms};
use crate::role::PerRole;
use crate::tls::names::ProtocolVersion;
use crate::tls::record::RecordHeader;
use crate::tls::suite::{Cipher, Suite};

/// Bytes of an AEAD nonce that are fixed by the handshake (RFC 5288 §3).
const SALT: usize = 4;
/// Bytes of an AEAD nonce that stand in front of each record (RFC 5288 §3).
const EXPLICIT_NONCE: usize = 8;

/// The suite's cipher, or its version, is not one that can be opened here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tls) struct UnsupportedCipher;

/// Why a record could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tls) enum OpenFault {
    /// Too short for its protection, or not of whole blocks.
    Length,
    /// The CBC padding is wrong.
    Padding,
    /// The MAC or tag does not fit.
    Integrity,
}

/// The protection of one direction, from one ChangeCipherSpec to the next.
pub(in crate::tls) struct RecordCipher {
    /// The number of the next record (RFC 5246 §6.1).
    sequence: u64,
    protection: Protection,
}

enum Protection {
    Cbc(Cbc),
    Aead(Aead),
}

struct Cbc {
    cipher: Box<dyn CbcCipher>,
    mac: Box<dyn RecordMac>,
    block: usize,
    encrypt_then_mac: bool,
    /// TLS 1.0 takes the last block of one record as the IV of the next; later versions send one.
    chained_iv: Option<Vec<u8>>,
}

struct Aead {
    cipher: Box<dyn AeadCipher>,
    salt: [u8; SALT],
    tag: usize,
}

/// The ciphers of both directions.
pub(in crate::tls) fn record_ciphers(
    suite: &Suite,
    version: ProtocolVersion,
    encrypt_then_mac: bool,
    master: &MasterSecret,
    randoms: &Randoms,
) -> Result<PerRole<RecordCipher>, UnsupportedCipher> {
    let prf = Prf::of(version, suite).ok_or(UnsupportedCipher)?;
    let lengths = Lengths::of(suite).ok_or(UnsupportedCipher)?;
    let block = prf.key_block(master, randoms, 2 * (lengths.mac + lengths.key + lengths.iv));
    let mut rest = block.as_slice();
    let mut pair = |len| -> Result<[&[u8]; 2], UnsupportedCipher> {
        let (client, tail) = rest.split_at_checked(len).ok_or(UnsupportedCipher)?;
        let (server, tail) = tail.split_at_checked(len).ok_or(UnsupportedCipher)?;
        rest = tail;
        Ok([client, server])
    };
    let (macs, keys, ivs) = (pair(lengths.mac)?, pair(lengths.key)?, pair(lengths.iv)?);
    let make = |i: usize| {
        let parts = Parts { mac: macs[i], key: keys[i], iv: ivs[i] };
        parts.protection(suite, version, encrypt_then_mac)
    };
    let cipher = |protection| RecordCipher { sequence: 0, protection };
    Ok(PerRole { client: cipher(make(0)?), server: cipher(make(1)?) })
}

/// Lengths in bytes of what is cut from the key block.
struct Lengths {
    mac: usize,
    key: usize,
    iv: usize,
}

impl Lengths {
    fn of(suite: &Suite) -> Option<Self> {
        if let Some((key, _)) = aead::lengths(suite.cipher) {
            return Some(Self { mac: 0, key, iv: SALT });
        }
        let (key, block) = block::lengths(suite.cipher)?;
        Some(Self { mac: mac_len(suite.hash)?, key, iv: block })
    }
}

/// One direction's share of the key block.
struct Parts<'a> {
    mac: &'a [u8],
    key: &'a [u8],
    iv: &'a [u8],
}

impl Parts<'_> {
    fn protection(
        &self,
        suite: &Suite,
        version: ProtocolVersion,
        encrypt_then_mac: bool,
    ) -> Result<Protection, UnsupportedCipher> {
        match aead::lengths(suite.cipher) {
            Some((_, tag)) => self.aead(suite.cipher, tag),
            None => self.cbc(suite, version, encrypt_then_mac),
        }
    }

    fn aead(&self, cipher: Cipher, tag: usize) -> Result<Protection, UnsupportedCipher> {
        let salt = self.iv.try_into().map_err(|_| UnsupportedCipher)?;
        let cipher = aead::keyed(cipher, self.key)?;
        Ok(Protection::Aead(Aead { cipher, salt, tag }))
    }

    fn cbc(
        &self,
        suite: &Suite,
        version: ProtocolVersion,
        encrypt_then_mac: bool,
    ) -> Result<Protection, UnsupportedCipher> {
        let is_chained = version <= ProtocolVersion::TLS10;
        Ok(Protection::Cbc(Cbc {
            cipher: block::keyed(suite.cipher, self.key)?,
            mac: record_mac(suite.hash, self.mac)?,
            block: self.iv.len(),
            encrypt_then_mac,
            chained_iv: is_chained.then(|| self.iv.to_vec()),
        }))
    }
}

impl RecordCipher {
    /// Opens the next record. Its content is left in `scratch` and returned as a part of it. The
    /// record counts also if it cannot be opened.
    pub(in crate::tls) fn open<'s>(
        &mut self,
        header: RecordHeader,
        fragment: &[u8],
        scratch: &'s mut Vec<u8>,
    ) -> Result<&'s [u8], OpenFault> {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        scratch.clear();
        scratch.extend_from_slice(fragment);
        let pseudo = PseudoHeader { sequence, header };
        match &mut self.protection {
            Protection::Cbc(cbc) => cbc.open(pseudo, scratch),
            Protection::Aead(aead) => aead.open(pseudo, scratch),
        }
    }
}

/// What is authenticated besides the content (RFC 5246 §6.2.3.1, §6.2.3.3).
#[derive(Clone, Copy)]
struct PseudoHeader {
    sequence: u64,
    header: RecordHeader,
}

impl PseudoHeader {
    fn bytes(self, length: usize) -> [u8; 13] {
        let mut bytes = [0; 13];
        let [length_high, length_low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let [major, minor] = self.header.version.0.to_be_bytes();
        bytes[..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[8..].copy_from_slice(&[
            self.header.content_type.0,
            major,
            minor,
            length_high,
            length_low,
        ]);
        bytes
    }
}

impl Aead {
    fn open<'s>(&self, pseudo: PseudoHeader, data: &'s mut [u8]) -> Result<&'s [u8], OpenFault> {
        let (explicit, rest) =
            data.split_first_chunk_mut::<EXPLICIT_NONCE>().ok_or(OpenFault::Length)?;
        let end = rest.len().checked_sub(self.tag).ok_or(OpenFault::Length)?;
        let (content, tag) = rest.split_at_mut(end);
        let mut nonce = [0; SALT + EXPLICIT_NONCE];
        nonce[..SALT].copy_from_slice(&self.salt);
        nonce[SALT..].copy_from_slice(explicit);
        let aad = pseudo.bytes(content.len());
        let fits = self.cipher.open(&nonce, &aad, content, tag);
        if fits { Ok(content) } else { Err(OpenFault::Integrity) }
    }
}

impl Cbc {
    fn open<'s>(
        &mut self,
        pseudo: PseudoHeader,
        data: &'s mut [u8],
    ) -> Result<&'s [u8], OpenFault> {
        if self.encrypt_then_mac {
            self.open_etm(pseudo, data)
        } else {
            self.open_mte(pseudo, data)
        }
    }

    /// RFC 7366 §3: the MAC is of the ciphertext, and checked first.
    fn open_etm<'s>(
        &mut self,
        pseudo: PseudoHeader,
        data: &'s mut [u8],
    ) -> Result<&'s [u8], OpenFault> {
        let end = data.len().checked_sub(self.mac.len()).ok_or(OpenFault::Length)?;
        let (protected, tag) = data.split_at_mut(end);
        let fits = self.mac.verifies(&[&pseudo.bytes(protected.len()), protected], tag);
        let blocks = self.decrypt(protected)?;
        if !fits {
            return Err(OpenFault::Integrity);
        }
        let end = content_end(blocks, 0).ok_or(OpenFault::Padding)?;
        Ok(&blocks[..end])
    }

    /// RFC 5246 §6.2.3.2: the MAC is of the content, inside the padding.
    fn open_mte<'s>(
        &mut self,
        pseudo: PseudoHeader,
        data: &'s mut [u8],
    ) -> Result<&'s [u8], OpenFault> {
        let mac_len = self.mac.len();
        let blocks = self.decrypt(data)?;
        let end = content_end(blocks, mac_len).ok_or(OpenFault::Padding)?;
        let (content, rest) = blocks.split_at(end);
        let tag = rest.get(..mac_len).ok_or(OpenFault::Length)?;
        let fits = self.mac.verifies(&[&pseudo.bytes(content.len()), content], tag);
        if fits { Ok(content) } else { Err(OpenFault::Integrity) }
    }

    /// Undoes CBC: the blocks without their IV.
    fn decrypt<'s>(&mut self, data: &'s mut [u8]) -> Result<&'s mut [u8], OpenFault> {
        let last = data.len().checked_sub(self.block).ok_or(OpenFault::Length)?;
        let last_block = data.get(last..).unwrap_or_default().to_vec();
        let (iv, blocks) = match &mut self.chained_iv {
            Some(iv) => (std::mem::replace(iv, last_block), data),
            None => {
                let (iv, blocks) = data.split_at_mut(self.block);
                (iv.to_vec(), blocks)
            }
        };
        let is_whole = !blocks.is_empty() && blocks.len() % self.block == 0;
        if is_whole && self.cipher.decrypt(&iv, blocks) {
            Ok(blocks)
        } else {
            Err(OpenFault::Length)
        }
    }
}

/// Where the content ends in decrypted blocks: before the MAC and the padding, all of whose bytes
/// say how long it is (RFC 5246 §6.2.3.2).
fn content_end(blocks: &[u8], mac_len: usize) -> Option<usize> {
    let (&padding, rest) = blocks.split_last()?;
    let padded = rest.len().checked_sub(usize::from(padding))?;
    let sound = rest.get(padded..)?.iter().all(|&byte| byte == padding);
    if sound { padded.checked_sub(mac_len) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_checked_byte_by_byte() {
        assert_eq!(content_end(&[9, 9, 2, 2, 2], 0), Some(2));
        assert_eq!(content_end(&[9, 9, 1, 2, 2], 0), None);
        assert_eq!(content_end(&[9, 9, 0], 1), Some(1));
        assert_eq!(content_end(&[5], 0), None);
        assert_eq!(content_end(&[], 0), None);
    }
}
