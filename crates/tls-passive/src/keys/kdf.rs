//! Keys from passwords, the old ways. (PBKDF2 and scrypt belong to the `pkcs5` crate.)

use md5::Md5;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// SHA-1 works on blocks of this length (v of RFC 7292 §B.2).
const SHA1_BLOCK: usize = 64;

/// PBKDF1 (RFC 8018 §5.1): the whole hash. PBES1 takes its first 16 bytes.
pub(super) fn pbkdf1<D: Digest>(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
) -> Zeroizing<Vec<u8>> {
    let first = D::new().chain_update(password).chain_update(salt).finalize();
    rehash::<D>(Zeroizing::new(first.to_vec()), iterations)
}

/// EVP_BytesToKey with MD5 and one iteration, as OpenSSL makes the key of an encrypted PEM block:
/// each hash covers the one before it.
pub(super) fn bytes_to_key(password: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last = Zeroizing::new(Vec::new());
    while key.len() < length {
        let hash = Md5::new().chain_update(&*last).chain_update(password).chain_update(salt);
        last = Zeroizing::new(hash.finalize().to_vec());
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

/// What a PKCS#12 derivation is for (RFC 7292 §B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
}

/// The derivation of PKCS#12 (RFC 7292 §B.2) with SHA-1; the password is a BMPString with its
/// terminator.
pub(super) fn pkcs12(
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let mut input =
        Zeroizing::new([repeated(salt), repeated(password)].map(|z| z.to_vec()).concat());
    let mut key = Zeroizing::new(Vec::with_capacity(length + 20));
    while key.len() < length {
        let first = Sha1::new().chain_update([purpose as u8; SHA1_BLOCK]).chain_update(&*input);
        let hash = rehash::<Sha1>(Zeroizing::new(first.finalize().to_vec()), iterations);
        key.extend_from_slice(&hash);
        input.chunks_exact_mut(SHA1_BLOCK).for_each(|block| add_with_one(block, &hash));
    }
    key.truncate(length);
    key
}

fn rehash<D: Digest>(mut hash: Zeroizing<Vec<u8>>, iterations: u32) -> Zeroizing<Vec<u8>> {
    for _ in 1..iterations {
        let next = D::digest(&*hash);
        hash.copy_from_slice(&next);
    }
    hash
}

/// The bytes over and over, to a whole number of blocks; nothing stays nothing.
fn repeated(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = bytes.len().next_multiple_of(SHA1_BLOCK);
    Zeroizing::new(bytes.iter().copied().cycle().take(length).collect())
}

/// I = (I + B + 1) mod 2^v, B being the hash over and over (RFC 7292 §B.2 step 6C).
fn add_with_one(block: &mut [u8], hash: &[u8]) {
    let mut carry = 1_u16;
    for index in (0..block.len()).rev() {
        let sum = u16::from(block[index]) + u16::from(hash[index % hash.len()]) + carry;
        [_, block[index]] = sum.to_be_bytes();
        carry = sum >> 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of the kind that BouncyCastle and NSS share (password `smeg`, PKCS#12 SHA-1).
    #[test]
    fn the_pkcs12_derivation_gives_the_known_keys() {
        let password = b"\0s\0m\0e\0g\0\0";
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let key = pkcs12(Purpose::Key, password, &salt, 1, 24);
        let expected = [
            0x8a, 0xaa, 0xe6, 0x29, 0x7b, 0x6c, 0xb0, 0x46, 0x42, 0xab, 0x5b, 0x07, 0x78, 0x51,
            0x28, 0x4e, 0xb7, 0x12, 0x8f, 0x1a, 0x2a, 0x7f, 0xbc, 0xa3,
        ];
        assert_eq!(key.as_slice(), expected);
        assert_eq!(
            pkcs12(Purpose::Iv, password, &salt, 1, 8).as_slice(),
            [0x79, 0x99, 0x3d, 0xfe, 0x04, 0x8d, 0x3b, 0x76]
        );
    }

    #[test]
    fn a_password_of_no_bytes_and_no_salt_are_no_trouble() {
        assert_eq!(pkcs12(Purpose::Key, b"", b"", 0, 40).len(), 40);
        assert_eq!(pbkdf1::<Md5>(b"", b"", 0).len(), 16);
        assert_eq!(bytes_to_key(b"", b"", 33).len(), 33);
    }
}
