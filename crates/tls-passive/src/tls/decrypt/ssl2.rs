//! Keys and record protection of SSL 2.0 (Hickman 1995, §1.2 and §D.1).

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::block::{self, CbcCipher};
use super::premaster::{PremasterFault, unpad};
use super::prf::MasterSecret;
use super::protection::UnsupportedCipher;
use super::stream::Keystream;
use super::trial_budget::TrialBudget;
use crate::keys::RsaKey;
use crate::role::PerRole;
use crate::tls::suite::{Cipher, CipherKind};

/// Length of the MAC in bytes.
const MAC: usize = 16;

/// Length of a block, and so of the IV, in bytes, for all its block ciphers.
const BLOCK: usize = 8;

/// Length of a record header without padding, and of the shortest record, in bytes.
const HEADER: u64 = 2;
const LEAST_RECORD: u64 = HEADER + MAC as u64 + 1;

/// So many lost records are looked for behind a gap: more are no packet or two.
pub(super) const MOST_LOST: u64 = 256;

/// So much keystream of RC4 is made to find the place in it behind a gap; 1 MiB.
pub(super) const MOST_KEYSTREAM: usize = 1 << 20;

/// The longest master key in bytes.
const LONGEST_MASTER: usize = 24;

/// What a session is resumed with: its master key, and what was agreed on beside it.
pub(in crate::tls) struct Ssl2Session {
    pub(in crate::tls) kind: CipherKind,
    master: Zeroizing<Vec<u8>>,
    /// The IV; empty for RC4.
    key_arg: Vec<u8>,
}

/// Decrypts the secret part of a master key with `key`, and joins it to the part sent in clear.
pub(in crate::tls) fn open_master_key(
    key: &RsaKey,
    kind: CipherKind,
    clear: &[u8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PremasterFault> {
    let whole = cipher_of(kind).map_or(0, key_len);
    let secret_len = whole.checked_sub(clear.len()).ok_or(PremasterFault::Length)?;
    let block = key.raw_decrypt(encrypted).map_err(|_| PremasterFault::Length)?;
    let secret = unpad(&block, secret_len).ok_or(PremasterFault::Padding)?;
    Ok(Zeroizing::new([clear, &secret].concat()))
}

fn cipher_of(kind: CipherKind) -> Option<Cipher> {
    kind.suite().map(|suite| suite.cipher)
}

/// Length in bytes of the master key and of each session key.
fn key_len(cipher: Cipher) -> usize {
    match cipher {
        Cipher::DesCbc => 8,
        Cipher::TripleDesCbc => LONGEST_MASTER,
        _ => 16,
    }
}

impl Ssl2Session {
    pub(in crate::tls) fn new(kind: CipherKind, master: Zeroizing<Vec<u8>>, arg: &[u8]) -> Self {
        Self { kind, master, key_arg: arg.to_vec() }
    }

    /// As the store of sessions keeps it: kind, then IV and master key, each behind its length.
    pub(in crate::tls) fn to_master_secret(&self) -> Option<MasterSecret> {
        let mut bytes = Zeroizing::new([0; 48]);
        let [_, kind @ ..] = self.kind.0.to_be_bytes();
        let lengths =
            [u8::try_from(self.key_arg.len()).ok()?, u8::try_from(self.master.len()).ok()?];
        let parts = [&kind[..], &lengths, &self.key_arg, &self.master];
        let mut rest = bytes.as_mut_slice();
        for part in parts {
            let (place, behind) = rest.split_at_mut_checked(part.len())?;
            place.copy_from_slice(part);
            rest = behind;
        }
        Some(MasterSecret(bytes))
    }

    pub(in crate::tls) fn from_master_secret(secret: &MasterSecret) -> Option<Self> {
        let (&[a, b, c, arg, master], rest) = secret.0.split_first_chunk()?;
        let (key_arg, rest) = rest.split_at_checked(usize::from(arg))?;
        let master = Zeroizing::new(rest.get(..usize::from(master))?.to_vec());
        Some(Self::new(CipherKind::from_wire([a, b, c]), master, key_arg))
    }

    /// The ciphers of both directions. More than one pair where it takes a record to tell: for
    /// DES the draft leaves the digit out of the key material, and OpenSSL does not.
    pub(in crate::tls) fn ciphers(
        &self,
        challenge: &[u8],
        connection_id: &[u8],
    ) -> Result<Vec<PerRole<Ssl2Cipher>>, UnsupportedCipher> {
        let cipher = cipher_of(self.kind).ok_or(UnsupportedCipher)?;
        let with_digits = [true, false];
        let flavours = if cipher == Cipher::DesCbc { &with_digits[..] } else { &with_digits[..1] };
        let pair = |&has_digit: &bool| -> Result<_, UnsupportedCipher> {
            let length = key_len(cipher);
            let material = self.key_material(2 * length, has_digit, challenge, connection_id);
            let (read, write) = material.split_at_checked(length).ok_or(UnsupportedCipher)?;
            let keyed = |key| Ssl2Cipher::new(cipher, key, &self.key_arg);
            Ok(PerRole { client: keyed(write)?, server: keyed(read)? })
        };
        flavours.iter().map(pair).collect()
    }

    fn key_material(
        &self,
        length: usize,
        has_digit: bool,
        challenge: &[u8],
        connection_id: &[u8],
    ) -> Zeroizing<Vec<u8>> {
        let mut material = Zeroizing::new(Vec::new());
        for digit in b'0'.. {
            let mut hash = Md5::new_with_prefix(&*self.master);
            if has_digit {
                hash.update([digit]);
            }
            hash.update(challenge);
            material.extend_from_slice(&hash.chain_update(connection_id).finalize());
            if material.len() >= length {
                break;
            }
        }
        material.truncate(length);
        material
    }
}

/// The protection of one direction.
pub(in crate::tls) struct Ssl2Cipher {
    /// The key is the secret of the MAC too.
    key: Zeroizing<Vec<u8>>,
    protection: Protection,
}

enum Protection {
    Stream(Box<Keystream>),
    Cbc(Box<dyn CbcCipher>, Vec<u8>),
}

impl Ssl2Cipher {
    fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Result<Self, UnsupportedCipher> {
        let protection = match block::block_len(cipher) {
            None => Protection::Stream(Box::new(Keystream::new(key)?)),
            Some(_) if iv.len() == BLOCK => {
                Protection::Cbc(block::keyed(cipher, key)?, iv.to_vec())
            }
            Some(_) => return Err(UnsupportedCipher),
        };
        Ok(Self { key: Zeroizing::new(key.to_vec()), protection })
    }

    /// Opens the next record, the direction's `number`-th from its first, those in clear counted.
    /// None if its MAC does not fit.
    pub(in crate::tls) fn open(
        &mut self,
        number: u32,
        data: &[u8],
        padding: usize,
    ) -> Option<Vec<u8>> {
        let mut plain = data.to_vec();
        match &mut self.protection {
            Protection::Stream(keystream) => keystream.apply(&mut plain),
            Protection::Cbc(cipher, iv) => unchain(cipher.as_ref(), iv, &mut plain)?,
        }
        self.content(&plain, number, padding)
    }

    /// Opens a record behind a gap, where `next` would be its number if none had been lost, and
    /// gives the number that its MAC proves. The IV of the first one is in the gap: it stays
    /// closed, but is the IV of the second.
    pub(in crate::tls) fn open_behind(
        &mut self,
        next: u32,
        gap: &Ssl2Gap,
        data: &[u8],
        padding: usize,
        budget: &mut TrialBudget,
    ) -> Option<(u32, Vec<u8>)> {
        let trials = budget.trials((gap.unknown / LEAST_RECORD).min(MOST_LOST), data.len());
        budget.charge(trials, data.len());
        let mut plain = data.to_vec();
        if let Protection::Cbc(cipher, iv) = &mut self.protection {
            unchain(cipher.as_ref(), iv, &mut plain)?;
        }
        for lost in 1..=u32::try_from(trials).ok()? {
            let passed = gap.content(lost)?;
            if let Protection::Stream(keystream) = &mut self.protection {
                plain.copy_from_slice(data);
                let ahead = keystream.peek(passed + data.len());
                super::stream::xor(&mut plain, ahead.get(passed..)?);
            }
            let number = next.wrapping_add(lost);
            if let Some(content) = self.content(&plain, number, padding) {
                if let Protection::Stream(keystream) = &mut self.protection {
                    keystream.advance(passed + data.len());
                }
                return Some((number, content));
            }
        }
        None
    }

    fn content(&self, plain: &[u8], number: u32, padding: usize) -> Option<Vec<u8>> {
        let (mac, content) = plain.split_at_checked(MAC)?;
        let expected = Md5::new_with_prefix(&*self.key)
            .chain_update(content)
            .chain_update(number.to_be_bytes())
            .finalize();
        let end = content.len().checked_sub(padding)?;
        (expected.as_slice() == mac).then(|| content.get(..end).map(<[u8]>::to_vec))?
    }
}

/// Undoes CBC in place. The last block is the IV of the next record.
fn unchain(cipher: &dyn CbcCipher, iv: &mut Vec<u8>, data: &mut [u8]) -> Option<()> {
    let next = data.get(data.len().checked_sub(BLOCK)?..)?.to_vec();
    cipher.decrypt(iv, data).then_some(())?;
    *iv = next;
    Some(())
}

/// What lies between the last record that was opened and the next. How many records were lost in it
/// is not known; those that came since, and stayed closed, are counted.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tls) struct Ssl2Gap {
    /// Bytes on the wire, headers included.
    bytes: u64,
    /// Bytes of them that were lost.
    unknown: u64,
    /// Records that came since.
    seen: u32,
}

impl Ssl2Gap {
    /// So many bytes more were lost.
    pub(in crate::tls) fn wider(self, lost: u64) -> Self {
        let [bytes, unknown] = [self.bytes, self.unknown].map(|all| all.saturating_add(lost));
        Self { bytes, unknown, ..self }
    }

    /// A record of so many bytes stayed closed.
    pub(in crate::tls) fn with_record(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), seen: self.seen.saturating_add(1), ..self }
    }

    /// The bytes in it that take keystream, if so many records were lost: headers take none.
    fn content(&self, lost: u32) -> Option<usize> {
        let headers = HEADER * (u64::from(lost) + u64::from(self.seen));
        let content = usize::try_from(self.bytes.checked_sub(headers)?).ok()?;
        (content <= MOST_KEYSTREAM).then_some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(kind: u32, master: &[u8], arg: &[u8]) -> Ssl2Session {
        Ssl2Session::new(CipherKind(kind), Zeroizing::new(master.to_vec()), arg)
    }

    #[test]
    fn a_session_comes_back_from_the_store_as_it_went_in() {
        let kept = session(0x07_00C0, &[7; 24], &[9; 8]).to_master_secret().unwrap();
        let back = Ssl2Session::from_master_secret(&kept).unwrap();
        assert_eq!(back.kind, CipherKind(0x07_00C0));
        assert_eq!((&back.master[..], &back.key_arg[..]), (&[7; 24][..], &[9; 8][..]));
        assert!(session(0x01_0080, &[7; 16], &[0; 99]).to_master_secret().is_none());
    }

    #[test]
    fn des_may_be_keyed_in_two_ways_and_others_in_one() {
        let count = |kind, master: &[u8]| {
            session(kind, master, &[1; 8]).ciphers(&[2; 16], &[3; 16]).map(|all| all.len()).ok()
        };
        assert_eq!(count(0x06_0040, &[5; 8]), Some(2));
        assert_eq!(count(0x07_00C0, &[5; 24]), Some(1));
        assert_eq!(count(0x99_0080, &[5; 16]), None);
    }
}
