//! Record protection: a protected fragment becomes its content, or a fault with a name
//! (RFC 5246 §6.2.3, RFC 8446 §5.2).

use std::ops::{Range, RangeInclusive};

use super::aead::{self, AeadCipher};
use super::block;
use super::cbc::Cbc;
use super::deflate::Inflater;
use super::derive::{self, Keys, SALT, WHOLE_NONCE};
use super::mac::{RecordMac, record_mac};
use super::prf::{MasterSecret, Randoms};
use super::stream::Keystream;
use super::trial_budget::TrialBudget;
use crate::role::PerRole;
use crate::tls::names::ProtocolVersion;
use crate::tls::record::{ContentType, HEADER, RecordHeader};
use crate::tls::suite::{Cipher, Suite};

/// Bytes of an AEAD nonce that stand in front of each record (RFC 5288 §3).
const EXPLICIT_NONCE: usize = 8;

/// Behind a gap a record's number is searched among so many: 4,096 records of SMTP lines are a
/// hundred thousand bytes lost at least.
pub(super) const MOST_NUMBERS: u64 = 4096;

/// Where the capture began late, each secret of a key log is tried with so many numbers: SMTP
/// sessions of hundreds of records are long ones.
pub(super) const MOST_LATE_NUMBERS: u64 = 512;

/// The shortest record in bytes.
const LEAST_RECORD: u64 = HEADER as u64 + 1;

/// So much keystream of RC4 is made to find the place in it behind a gap; 4 MiB.
pub(super) const MOST_KEYSTREAM: usize = 4 << 20;

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
    /// The content does not inflate.
    Compression,
}

/// What a record held.
pub(in crate::tls) struct Content<'s> {
    pub(in crate::tls) content_type: ContentType,
    pub(in crate::tls) bytes: &'s [u8],
}

/// What lies between the last record that was opened and the next: how many records is not known.
#[derive(Clone, Debug, Default)]
pub(in crate::tls) struct RecordGap {
    /// Bytes on the wire, headers included.
    pub(in crate::tls) bytes: u64,
    /// The last of them, if they were captured: the IV of CBC in TLS 1.0.
    pub(in crate::tls) before: Vec<u8>,
}

impl RecordGap {
    /// What came before the capture: the number of the next record is anybody's guess.
    pub(in crate::tls) fn before_capture() -> Self {
        Self { bytes: MOST_LATE_NUMBERS * LEAST_RECORD, before: Vec::new() }
    }
}

/// The numbers that a record may have; one where nothing is missing.
pub(super) type Numbers = RangeInclusive<u64>;

/// A record that was opened in place.
pub(super) struct Opened {
    pub(super) number: u64,
    /// Where the content lies.
    pub(super) content: Range<usize>,
}

/// The protection of one direction, from one change of keys to the next.
pub(in crate::tls) struct RecordCipher {
    /// The number of the next record (RFC 5246 §6.1).
    pub(super) number: u64,
    pub(super) version: ProtocolVersion,
    pub(super) protection: Protection,
    pub(super) inflater: Option<Inflater>,
}

pub(super) enum Protection {
    Null(Box<dyn RecordMac>),
    Stream(Box<Stream>),
    Cbc(Cbc),
    Aead(Aead),
}

pub(super) struct Stream {
    pub(super) keystream: Keystream,
    pub(super) mac: Box<dyn RecordMac>,
}

pub(super) struct Aead {
    pub(super) cipher: Box<dyn AeadCipher>,
    pub(super) nonce: Nonce,
    pub(super) tag: usize,
    /// The last explicit nonce and the number of its record.
    last: Option<(u64, u64)>,
}

/// Where the nonce of a record comes from.
pub(super) enum Nonce {
    /// The salt, and what stands in front of the record (RFC 5288 §3).
    Explicit([u8; SALT]),
    /// The IV, with the record's number XORed onto it (RFC 7905 §2, RFC 8446 §5.3).
    Numbered([u8; WHOLE_NONCE]),
}

/// What a session has agreed on besides its keys.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tls) struct RecordOptions {
    pub(in crate::tls) encrypt_then_mac: bool,
    pub(in crate::tls) deflate: bool,
}

/// The ciphers of both directions.
pub(in crate::tls) fn record_ciphers(
    suite: &Suite,
    version: ProtocolVersion,
    options: RecordOptions,
    master: &MasterSecret,
    randoms: &Randoms,
) -> Result<PerRole<RecordCipher>, UnsupportedCipher> {
    let [client, server] = derive::keys(suite, version, master, randoms)?;
    let cipher = |keys: &Keys| -> Result<RecordCipher, UnsupportedCipher> {
        let protection = protection(suite, version, options.encrypt_then_mac, keys)?;
        Ok(RecordCipher::new(version, protection, options.deflate))
    };
    Ok(PerRole { client: cipher(&client)?, server: cipher(&server)? })
}

fn protection(
    suite: &Suite,
    version: ProtocolVersion,
    encrypt_then_mac: bool,
    keys: &Keys,
) -> Result<Protection, UnsupportedCipher> {
    if aead::tag_len(suite.cipher).is_some() {
        return Ok(Protection::Aead(Aead::new(suite.cipher, &keys.key, &keys.iv)?));
    }
    let mac = record_mac(suite.hash, version, &keys.mac)?;
    match (suite.cipher, block::block_len(suite.cipher)) {
        (Cipher::Null, _) => Ok(Protection::Null(mac)),
        (_, None) => {
            let keystream = Keystream::new(&keys.key)?;
            Ok(Protection::Stream(Box::new(Stream { keystream, mac })))
        }
        (cipher, Some(block)) => Ok(Protection::Cbc(Cbc {
            cipher: block::keyed(cipher, &keys.key)?,
            mac,
            block,
            encrypt_then_mac,
            version,
            chained_iv: (version <= ProtocolVersion::TLS10).then(|| keys.iv.clone()),
            is_chain_broken: false,
        })),
    }
}

impl RecordCipher {
    fn new(version: ProtocolVersion, protection: Protection, deflate: bool) -> Self {
        let inflater = deflate.then(Inflater::new);
        Self { number: 0, version, protection, inflater }
    }

    /// The cipher of TLS 1.3 with a traffic key and IV.
    pub(super) fn tls13(suite: &Suite, key: &[u8], iv: &[u8]) -> Result<Self, UnsupportedCipher> {
        let protection = Protection::Aead(Aead::new_numbered(suite.cipher, key, iv)?);
        Ok(Self::new(ProtocolVersion::TLS13, protection, false))
    }

    /// Opens the next record. Its content is left in `scratch`. The record counts also if it
    /// cannot be opened.
    pub(in crate::tls) fn open<'s>(
        &mut self,
        header: RecordHeader,
        fragment: &[u8],
        scratch: &'s mut Vec<u8>,
    ) -> Result<Content<'s>, OpenFault> {
        let number = self.number;
        self.number = self.number.wrapping_add(1);
        copy(scratch, fragment);
        let pseudo = PseudoHeader { version: self.version, header };
        let opened = match &mut self.protection {
            Protection::Null(mac) => open_null(mac.as_ref(), pseudo, scratch, number..=number),
            Protection::Stream(stream) => stream.open(pseudo, scratch, number),
            Protection::Cbc(cbc) => cbc.open(pseudo, scratch, number..=number),
            Protection::Aead(aead) => aead.open(pseudo, scratch, number),
        }?;
        self.content(header, opened, scratch)
    }

    /// Opens a record behind a gap: its number is found by the integrity check, as far as `budget`
    /// allows.
    pub(in crate::tls) fn open_behind<'s>(
        &mut self,
        gap: &RecordGap,
        header: RecordHeader,
        fragment: &[u8],
        scratch: &'s mut Vec<u8>,
        budget: &mut TrialBudget,
    ) -> Result<Content<'s>, OpenFault> {
        let first = self.number;
        let trials = budget.trials(numbers_behind(gap), fragment.len());
        let last = first.saturating_add(trials.checked_sub(1).ok_or(OpenFault::Integrity)?);
        let opened = self.open_one_of(first..=last, gap, header, fragment, scratch);
        let tried = opened.as_ref().map_or(trials, |opened| opened.number - first + 1);
        budget.charge(tried, fragment.len());
        let opened = opened?;
        self.number = opened.number.wrapping_add(1);
        self.content(header, opened, scratch)
    }

    fn open_one_of(
        &mut self,
        numbers: Numbers,
        gap: &RecordGap,
        header: RecordHeader,
        fragment: &[u8],
        scratch: &mut Vec<u8>,
    ) -> Result<Opened, OpenFault> {
        copy(scratch, fragment);
        let pseudo = PseudoHeader { version: self.version, header };
        match &mut self.protection {
            Protection::Null(mac) => open_null(mac.as_ref(), pseudo, scratch, numbers),
            Protection::Stream(stream) => {
                stream.open_behind(pseudo, scratch, self.number, gap, numbers)
            }
            Protection::Cbc(cbc) => {
                cbc.chain_behind(&gap.before).ok_or(OpenFault::Length)?;
                cbc.open(pseudo, scratch, numbers)
            }
            Protection::Aead(aead) => aead.open_behind(pseudo, fragment, scratch, numbers),
        }
    }

    fn content<'s>(
        &mut self,
        header: RecordHeader,
        opened: Opened,
        scratch: &'s mut Vec<u8>,
    ) -> Result<Content<'s>, OpenFault> {
        let content_type = header.content_type;
        if let Some(inflater) = &mut self.inflater {
            let bytes = scratch.get(opened.content).unwrap_or_default();
            *scratch = inflater.inflate(bytes).ok_or(OpenFault::Compression)?;
            return Ok(Content { content_type, bytes: scratch });
        }
        let bytes = scratch.get(opened.content).unwrap_or_default();
        if self.version == ProtocolVersion::TLS13 {
            return inner_content(bytes).ok_or(OpenFault::Length);
        }
        Ok(Content { content_type, bytes })
    }
}

/// How many numbers the record behind a gap may have: the gap holds as many records as fit into
/// it, none if it is only a guess.
fn numbers_behind(gap: &RecordGap) -> u64 {
    (gap.bytes / LEAST_RECORD).min(MOST_NUMBERS) + 1
}

fn copy(scratch: &mut Vec<u8>, fragment: &[u8]) {
    scratch.clear();
    scratch.extend_from_slice(fragment);
}

/// In TLS 1.3 the type stands behind the content, and zeros behind it (RFC 8446 §5.2).
fn inner_content(bytes: &[u8]) -> Option<Content<'_>> {
    let end = bytes.iter().rposition(|&byte| byte != 0)?;
    let (content, rest) = bytes.split_at_checked(end)?;
    Some(Content { content_type: ContentType(*rest.first()?), bytes: content })
}

/// What is authenticated besides the content (RFC 5246 §6.2.3.1, §6.2.3.3).
#[derive(Clone, Copy)]
pub(super) struct PseudoHeader {
    pub(super) version: ProtocolVersion,
    pub(super) header: RecordHeader,
}

impl PseudoHeader {
    /// Number, type, version and length; SSL 3.0 leaves the version out, TLS 1.3 the number.
    pub(super) fn bytes(self, number: u64, length: usize) -> Vec<u8> {
        let kind = [self.header.content_type.0];
        let version = self.header.version.0.to_be_bytes();
        let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let number = number.to_be_bytes();
        match self.version {
            ProtocolVersion::TLS13 => [&kind[..], &version, &length].concat(),
            ProtocolVersion::SSL3 => [&number[..], &kind, &length].concat(),
            _ => [&number[..], &kind, &version, &length].concat(),
        }
    }
}

fn open_null(
    mac: &dyn RecordMac,
    pseudo: PseudoHeader,
    data: &[u8],
    mut numbers: Numbers,
) -> Result<Opened, OpenFault> {
    let end = data.len().checked_sub(mac.len()).ok_or(OpenFault::Length)?;
    let (content, tag) = data.split_at(end);
    let number = numbers
        .find(|&number| mac.verifies(&[pseudo.bytes(number, end).as_slice(), content], tag))
        .ok_or(OpenFault::Integrity)?;
    Ok(Opened { number, content: 0..end })
}

impl Stream {
    fn open(
        &mut self,
        pseudo: PseudoHeader,
        data: &mut [u8],
        number: u64,
    ) -> Result<Opened, OpenFault> {
        self.keystream.apply(data);
        open_null(self.mac.as_ref(), pseudo, data, number..=number)
    }

    /// The more records were lost, the more of the lost bytes were headers, which take no
    /// keystream.
    fn open_behind(
        &mut self,
        pseudo: PseudoHeader,
        data: &mut [u8],
        next: u64,
        gap: &RecordGap,
        numbers: Numbers,
    ) -> Result<Opened, OpenFault> {
        let lost = usize::try_from(gap.bytes).unwrap_or(usize::MAX);
        let sealed = data.to_vec();
        for number in numbers {
            let headers =
                usize::try_from(number - next).unwrap_or(usize::MAX).saturating_mul(HEADER);
            let Some(offset) = lost.checked_sub(headers) else { break };
            let end = offset.saturating_add(sealed.len());
            if end > MOST_KEYSTREAM {
                continue;
            }
            data.copy_from_slice(&sealed);
            super::stream::xor(data, self.keystream.peek(end).get(offset..).unwrap_or_default());
            let opened = open_null(self.mac.as_ref(), pseudo, data, number..=number);
            if opened.is_ok() {
                self.keystream.advance(end);
                return opened;
            }
        }
        Err(OpenFault::Integrity)
    }
}

impl Aead {
    fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Result<Self, UnsupportedCipher> {
        match <[u8; SALT]>::try_from(iv) {
            Ok(salt) => Self::with_nonce(cipher, key, Nonce::Explicit(salt)),
            Err(_) => Self::new_numbered(cipher, key, iv),
        }
    }

    fn new_numbered(cipher: Cipher, key: &[u8], iv: &[u8]) -> Result<Self, UnsupportedCipher> {
        let iv = iv.try_into().map_err(|_| UnsupportedCipher)?;
        Self::with_nonce(cipher, key, Nonce::Numbered(iv))
    }

    fn with_nonce(cipher: Cipher, key: &[u8], nonce: Nonce) -> Result<Self, UnsupportedCipher> {
        let tag = aead::tag_len(cipher).ok_or(UnsupportedCipher)?;
        Ok(Self { cipher: aead::keyed(cipher, key)?, nonce, tag, last: None })
    }

    fn open(
        &mut self,
        pseudo: PseudoHeader,
        data: &mut [u8],
        number: u64,
    ) -> Result<Opened, OpenFault> {
        let start = self.explicit_len();
        let end = data.len().checked_sub(self.tag).ok_or(OpenFault::Length)?;
        let len = end.checked_sub(start).ok_or(OpenFault::Length)?;
        let explicit = data.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
        let nonce = self.nonce_of(explicit, number);
        // TLS 1.3 authenticates the header as it stands, length of the tag included.
        let told = if pseudo.version == ProtocolVersion::TLS13 { data.len() } else { len };
        let aad = pseudo.bytes(number, told);
        let (sealed, tag) = data.split_at_mut(end);
        let content = sealed.get_mut(start..).unwrap_or_default();
        if !self.cipher.open(&nonce, &aad, content, tag) {
            return Err(OpenFault::Integrity);
        }
        self.last = Some((explicit, number));
        Ok(Opened { number, content: start..end })
    }

    /// Most stacks count their explicit nonces as they count records, so the nonce tells the
    /// number; if not, it is searched.
    fn open_behind(
        &mut self,
        pseudo: PseudoHeader,
        fragment: &[u8],
        scratch: &mut Vec<u8>,
        numbers: Numbers,
    ) -> Result<Opened, OpenFault> {
        let counted = self.counted(fragment).filter(|number| numbers.contains(number));
        for number in counted.into_iter().chain(numbers) {
            copy(scratch, fragment);
            let opened = self.open(pseudo, scratch, number);
            if opened.is_ok() {
                return opened;
            }
        }
        Err(OpenFault::Integrity)
    }

    fn counted(&self, fragment: &[u8]) -> Option<u64> {
        let Nonce::Explicit(_) = self.nonce else { return None };
        let explicit = u64::from_be_bytes(*fragment.first_chunk()?);
        let (last, number) = self.last.unwrap_or_default();
        number.checked_add(explicit.checked_sub(last)?)
    }

    /// Bytes of the nonce that stand in front of each record.
    pub(super) fn explicit_len(&self) -> usize {
        match self.nonce {
            Nonce::Explicit(_) => EXPLICIT_NONCE,
            Nonce::Numbered(_) => 0,
        }
    }

    pub(super) fn nonce_of(&self, explicit: u64, number: u64) -> [u8; WHOLE_NONCE] {
        let (mut nonce, tail) = match self.nonce {
            Nonce::Explicit(salt) => {
                let mut nonce = [0; WHOLE_NONCE];
                nonce[..SALT].copy_from_slice(&salt);
                (nonce, explicit)
            }
            Nonce::Numbered(iv) => (iv, number),
        };
        super::stream::xor(&mut nonce[SALT..], &tail.to_be_bytes());
        nonce
    }
}
