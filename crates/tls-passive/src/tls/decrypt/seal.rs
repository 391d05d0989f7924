//! What takes the place of a record's content is protected as the content was: in as many bytes, with
//! the same number, explicit IV and padding (RFC 5246 §6.2.3, RFC 8446 §5.2). For `anonymize`, which
//! has keys of its own for it.

use super::cbc::Cbc;
use super::protection::{Aead, Protection, PseudoHeader, RecordCipher};
use super::stream::Keystream;
use crate::tls::names::ProtocolVersion;
use crate::tls::record::{ContentType, RecordHeader};

/// Where a record stands among those of its direction and keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tls) struct RecordPlace {
    pub(super) number: u64,
    /// Keystream used ahead of it; 0 for other ciphers.
    pub(super) keystream: u64,
}

/// A record whose content was replaced.
pub(in crate::tls) struct Unsealed<'r> {
    pub(in crate::tls) place: RecordPlace,
    pub(in crate::tls) header: RecordHeader,
    /// The type of the content; TLS 1.3 puts another one into the header.
    pub(in crate::tls) content_type: ContentType,
    pub(in crate::tls) content: &'r [u8],
    /// The fragment as it was: its length and what is sent in clear are kept.
    pub(in crate::tls) original: &'r [u8],
    /// The bytes that stand before the record: TLS 1.0 chains to them.
    pub(in crate::tls) before: &'r [u8],
}

impl RecordCipher {
    /// Where the record stands that was opened last, of so many bytes.
    pub(in crate::tls) fn last_place(&self, fragment: usize) -> RecordPlace {
        let keystream = match &self.protection {
            Protection::Stream(stream) => stream.keystream.used().saturating_sub(fragment as u64),
            _ => 0,
        };
        RecordPlace { number: self.number.wrapping_sub(1), keystream }
    }

    /// Whether content is protected as it is: compressed, another has another length.
    pub(in crate::tls) fn can_seal(&self) -> bool {
        self.inflater.is_none()
    }

    /// The fragment that holds the new content. None if it does not fit.
    pub(in crate::tls) fn seal(&mut self, record: &Unsealed<'_>) -> Option<Vec<u8>> {
        let pseudo = PseudoHeader { version: self.version, header: record.header };
        let sealed = match &mut self.protection {
            Protection::Null(mac) => {
                let number = pseudo.bytes(record.place.number, record.content.len());
                Some([record.content, &mac.of(&[&number, record.content])].concat())
            }
            Protection::Stream(stream) => {
                let number = pseudo.bytes(record.place.number, record.content.len());
                let tag = stream.mac.of(&[&number, record.content]);
                let mut data = [record.content, &tag].concat();
                apply_at(&mut stream.keystream, record.place.keystream, &mut data)?;
                Some(data)
            }
            Protection::Cbc(cbc) => cbc.seal(pseudo, record),
            Protection::Aead(aead) => aead.seal(pseudo, record),
        };
        sealed.filter(|sealed| sealed.len() == record.original.len())
    }
}

/// Encrypts with the keystream from an offset on, which may only lie ahead.
fn apply_at(keystream: &mut Keystream, offset: u64, data: &mut [u8]) -> Option<()> {
    let passed = usize::try_from(offset.checked_sub(keystream.used())?).ok()?;
    keystream.advance(passed);
    keystream.apply(data);
    Some(())
}

impl Cbc {
    fn seal(&mut self, pseudo: PseudoHeader, record: &Unsealed<'_>) -> Option<Vec<u8>> {
        let (iv, start) = match &self.chained_iv {
            Some(first) if record.place.number == 0 => (first.clone(), 0),
            Some(_) => (self.chained_to(record.before)?, 0),
            None => (record.original.get(..self.block)?.to_vec(), self.block),
        };
        let behind = if self.encrypt_then_mac { self.mac.len() } else { 0 };
        let blocks_len = record.original.len().checked_sub(start + behind)?;
        let mut blocks = record.content.to_vec();
        if !self.encrypt_then_mac {
            let number = pseudo.bytes(record.place.number, record.content.len());
            blocks.extend(self.mac.of(&[&number, record.content]));
        }
        let padding = u8::try_from(blocks_len.checked_sub(blocks.len() + 1)?).ok()?;
        blocks.resize(blocks_len, padding);
        if !self.cipher.encrypt(&iv, &mut blocks) {
            return None;
        }
        let explicit = if start > 0 { iv } else { Vec::new() };
        let mut sealed = [explicit, blocks].concat();
        if self.encrypt_then_mac {
            let number = pseudo.bytes(record.place.number, sealed.len());
            sealed.extend(self.mac.of(&[&number, &sealed]));
        }
        Some(sealed)
    }
}

impl Aead {
    fn seal(&self, pseudo: PseudoHeader, record: &Unsealed<'_>) -> Option<Vec<u8>> {
        let explicit = record.original.get(..self.explicit_len())?;
        let len = record.original.len().checked_sub(explicit.len() + self.tag)?;
        let mut data = record.content.to_vec();
        let is_tls13 = pseudo.version == ProtocolVersion::TLS13;
        if is_tls13 {
            data.push(record.content_type.0);
            data.resize(len.max(data.len()), 0);
        }
        let told = if is_tls13 { record.original.len() } else { len };
        let aad = pseudo.bytes(record.place.number, told);
        let counter = explicit.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
        let nonce = self.nonce_of(counter, record.place.number);
        let tag = self.cipher.seal(&nonce, &aad, &mut data)?;
        Some([explicit, &data, &tag].concat())
    }
}
