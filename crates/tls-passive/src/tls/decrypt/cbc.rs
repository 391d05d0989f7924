//! CBC records: padding and MAC (RFC 5246 §6.2.3.2, RFC 7366, RFC 6101 §5.2.3.2).

use super::block::CbcCipher;
use super::mac::RecordMac;
use super::protection::{Numbers, OpenFault, Opened, PseudoHeader};
use crate::tls::names::ProtocolVersion;

pub(super) struct Cbc {
    pub(super) cipher: Box<dyn CbcCipher>,
    pub(super) mac: Box<dyn RecordMac>,
    pub(super) block: usize,
    pub(super) encrypt_then_mac: bool,
    pub(super) version: ProtocolVersion,
    /// TLS 1.0 takes the last block of one record as the IV of the next; later versions send one.
    pub(super) chained_iv: Option<Vec<u8>>,
    /// The record that the IV was taken from did not verify. The MAC of encrypt-then-MAC does not
    /// cover a chained IV (RFC 7366 §3), so a wrong one would change the first block unseen.
    pub(super) is_chain_broken: bool,
}

impl Cbc {
    /// Opens a record that has one of `numbers`.
    pub(super) fn open(
        &mut self,
        pseudo: PseudoHeader,
        data: &mut [u8],
        numbers: Numbers,
    ) -> Result<Opened, OpenFault> {
        if self.encrypt_then_mac {
            self.open_etm(pseudo, data, numbers)
        } else {
            self.open_mte(pseudo, data, numbers)
        }
    }

    /// Takes the IV of the next record out of the bytes before it, where it is chained: the last
    /// block of ciphertext, in front of the MAC that encrypt-then-MAC puts behind it. None if those
    /// bytes were not captured: the first block cannot be decrypted then.
    pub(super) fn chain_behind(&mut self, before: &[u8]) -> Option<()> {
        if self.chained_iv.is_some() {
            self.chained_iv = Some(self.chained_to(before)?);
            self.is_chain_broken = false;
        }
        Some(())
    }

    /// The last block of ciphertext in the bytes before a record.
    pub(super) fn chained_to(&self, before: &[u8]) -> Option<Vec<u8>> {
        let behind = if self.encrypt_then_mac { self.mac.len() } else { 0 };
        let end = before.len().checked_sub(behind)?;
        Some(before.get(end.checked_sub(self.block)?..end)?.to_vec())
    }

    /// RFC 7366 §3: the MAC is of the ciphertext.
    fn open_etm(
        &mut self,
        pseudo: PseudoHeader,
        data: &mut [u8],
        mut numbers: Numbers,
    ) -> Result<Opened, OpenFault> {
        let was_broken = std::mem::replace(&mut self.is_chain_broken, self.chained_iv.is_some());
        let end = data.len().checked_sub(self.mac.len()).ok_or(OpenFault::Length)?;
        let (protected, tag) = data.split_at_mut(end);
        let mac = &self.mac;
        let number = numbers.find(|&number| {
            mac.verifies(&[pseudo.bytes(number, protected.len()).as_slice(), protected], tag)
        });
        let start = self.decrypt(protected)?;
        let blocks = protected.get(start..).unwrap_or_default();
        let number = number.ok_or(OpenFault::Integrity)?;
        self.is_chain_broken = false;
        if was_broken {
            return Err(OpenFault::Integrity);
        }
        let len = content_end(blocks, 0).ok_or(OpenFault::Padding)?;
        Ok(Opened { number, content: start..start + len })
    }

    /// RFC 5246 §6.2.3.2: the MAC is of the content, inside the padding.
    fn open_mte(
        &mut self,
        pseudo: PseudoHeader,
        data: &mut [u8],
        mut numbers: Numbers,
    ) -> Result<Opened, OpenFault> {
        let mac_len = self.mac.len();
        let start = self.decrypt(data)?;
        let blocks = data.get(start..).unwrap_or_default();
        let end = if self.version == ProtocolVersion::SSL3 {
            ssl3_content_end(blocks, mac_len, self.block)
        } else {
            content_end(blocks, mac_len)
        };
        let end = end.ok_or(OpenFault::Padding)?;
        let (content, rest) = blocks.split_at(end);
        let tag = rest.get(..mac_len).ok_or(OpenFault::Length)?;
        let number = numbers
            .find(|&number| {
                self.mac.verifies(&[pseudo.bytes(number, content.len()).as_slice(), content], tag)
            })
            .ok_or(OpenFault::Integrity)?;
        Ok(Opened { number, content: start..start + end })
    }

    /// Undoes CBC in place. Returns where the blocks start, behind an explicit IV.
    fn decrypt(&mut self, data: &mut [u8]) -> Result<usize, OpenFault> {
        let last = data.len().checked_sub(self.block).ok_or(OpenFault::Length)?;
        let last_block = data.get(last..).unwrap_or_default().to_vec();
        let (start, iv) = match &mut self.chained_iv {
            Some(iv) => (0, std::mem::replace(iv, last_block)),
            None => (self.block, data.get(..self.block).unwrap_or_default().to_vec()),
        };
        let blocks = data.get_mut(start..).unwrap_or_default();
        let is_whole = !blocks.is_empty() && blocks.len().is_multiple_of(self.block);
        if is_whole && self.cipher.decrypt(&iv, blocks) {
            Ok(start)
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

/// In SSL 3.0 the padding may hold anything, but is shorter than a block (RFC 6101 §5.2.3.2).
fn ssl3_content_end(blocks: &[u8], mac_len: usize, block: usize) -> Option<usize> {
    let (&padding, rest) = blocks.split_last()?;
    let padding = usize::from(padding);
    if padding >= block {
        return None;
    }
    rest.len().checked_sub(padding)?.checked_sub(mac_len)
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

    #[test]
    fn padding_of_ssl_3_is_shorter_than_a_block() {
        assert_eq!(ssl3_content_end(&[9, 9, 7, 8, 2], 1, 8), Some(1));
        assert_eq!(ssl3_content_end(&[9; 16], 0, 8), None);
    }
}
