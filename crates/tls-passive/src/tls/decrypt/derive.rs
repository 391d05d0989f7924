//! The key block is cut into the keys of both directions (RFC 5246 §6.3), and, for the weakened
//! suites of old export rules, stretched again (RFC 2246 §6.3.1, RFC 6101 §6.2.2.1).

use zeroize::Zeroizing;

use super::aead;
use super::block;
use super::mac::mac_len;
use super::prf::{MasterSecret, Prf, Randoms};
use super::protection::UnsupportedCipher;
use crate::role::Role;
use crate::tls::names::ProtocolVersion;
use crate::tls::suite::{Cipher, Suite};

/// Bytes of an AEAD nonce that the handshake fixes where each record carries the rest
/// (RFC 5288 §3), and where it does not (RFC 7905 §2).
pub(super) const SALT: usize = 4;
pub(super) const WHOLE_NONCE: usize = 12;

/// Lengths in bytes of what a suite needs.
struct Lengths {
    mac: usize,
    /// What the key block gives.
    material: usize,
    /// What the cipher takes: more than `material` for export suites.
    key: usize,
    iv: usize,
}

impl Lengths {
    fn of(suite: &Suite) -> Option<Self> {
        let (material, key) = key_lengths(suite.cipher)?;
        let (mac, iv) = match (aead::tag_len(suite.cipher), block::block_len(suite.cipher)) {
            (Some(_), _) if suite.cipher == Cipher::ChaCha20Poly1305 => (0, WHOLE_NONCE),
            (Some(_), _) => (0, SALT),
            (None, Some(block)) => (mac_len(suite.hash)?, block),
            (None, None) => (mac_len(suite.hash)?, 0),
        };
        Some(Self { mac, material, key, iv })
    }
}

/// Length of the key in the key block, and of the key that the cipher takes.
pub(super) fn key_lengths(cipher: Cipher) -> Option<(usize, usize)> {
    Some(match cipher {
        Cipher::Null => (0, 0),
        Cipher::Rc4Bits40 | Cipher::Rc2Bits40Cbc => (5, 16),
        Cipher::Rc4Bits56 | Cipher::Rc2Bits56Cbc => (7, 16),
        Cipher::Des40Cbc => (5, 8),
        Cipher::DesCbc => (8, 8),
        Cipher::TripleDesCbc => (24, 24),
        Cipher::Rc4Bits128
        | Cipher::Rc2Bits128Cbc
        | Cipher::IdeaCbc
        | Cipher::SeedCbc
        | Cipher::Aes128Cbc
        | Cipher::Aes128Gcm
        | Cipher::Aes128Ccm
        | Cipher::Aes128Ccm8
        | Cipher::Camellia128Cbc
        | Cipher::Camellia128Gcm
        | Cipher::Aria128Cbc
        | Cipher::Aria128Gcm => (16, 16),
        Cipher::Aes256Cbc
        | Cipher::Aes256Gcm
        | Cipher::Aes256Ccm
        | Cipher::Aes256Ccm8
        | Cipher::Camellia256Cbc
        | Cipher::Camellia256Gcm
        | Cipher::Aria256Cbc
        | Cipher::Aria256Gcm
        | Cipher::ChaCha20Poly1305 => (32, 32),
        Cipher::Other => return None,
    })
}

/// One direction's keys.
pub(super) struct Keys {
    pub(super) mac: Zeroizing<Vec<u8>>,
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) iv: Vec<u8>,
}

/// The keys of both directions, client first.
pub(super) fn keys(
    suite: &Suite,
    version: ProtocolVersion,
    master: &MasterSecret,
    randoms: &Randoms,
) -> Result<[Keys; 2], UnsupportedCipher> {
    let prf = Prf::of(version, suite).ok_or(UnsupportedCipher)?;
    let lengths = Lengths::of(suite).ok_or(UnsupportedCipher)?;
    let len = 2 * (lengths.mac + lengths.material + lengths.iv);
    let block = prf.key_block(master, randoms, len);
    let cut = |start: usize, len: usize| {
        [0, 1].map(|i| block.get(start + i * len..start + (i + 1) * len).unwrap_or_default())
    };
    let macs = cut(0, lengths.mac);
    let material = cut(2 * lengths.mac, lengths.material);
    let ivs = cut(2 * (lengths.mac + lengths.material), lengths.iv);
    Ok([(0, Role::Client), (1, Role::Server)].map(|(i, role)| {
        let (key, iv) = if suite.is_export() {
            let key = prf.export_key(role, material[i], randoms, lengths.key);
            (key, prf.export_iv(role, randoms, lengths.iv))
        } else {
            (Zeroizing::new(material[i].to_vec()), ivs[i].to_vec())
        };
        Keys { mac: Zeroizing::new(macs[i].to_vec()), key, iv }
    }))
}
