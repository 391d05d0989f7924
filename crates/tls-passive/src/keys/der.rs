//! The DER of a private key becomes an RSA key: PKCS#1 (RFC 8017 §A.1.2) and PKCS#8 (RFC 5958).
//!
//! Nothing is believed: the numbers must multiply and invert as those of a key do, the CRT values of
//! the file included. The big numbers themselves belong to the `rsa` crate, which wipes those of a
//! key when it is dropped, but not those of a key it refuses.

use pkcs8::der::Decode;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rsa::pkcs1::{RsaPrivateKeyRef, UintRef};
use rsa::traits::PrivateKeyParts;
use rsa::{BoxedUint, PrivateKey};

use super::problem::{MAX_BITS, MIN_BITS, Problem};
use super::shape::Shape;

/// rsaEncryption (RFC 8017 §A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// id-RSASSA-PSS (RFC 8017 §A.2.3): the same numbers, promised to signatures.
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The other kinds of key that servers have, as a message says them.
const OTHER_KINDS: [(&str, &str); 8] = [
    ("1.2.840.10045.2.1", "an EC"),
    ("1.3.101.112", "an Ed25519"),
    ("1.3.101.113", "an Ed448"),
    ("1.3.101.110", "an X25519"),
    ("1.3.101.111", "an X448"),
    ("1.2.840.10040.4.1", "a DSA"),
    ("1.2.840.113549.1.3.1", "a Diffie-Hellman"),
    ("1.2.840.10046.2.1", "a Diffie-Hellman"),
];

/// The RSA key in `der`, or what it is instead.
pub(super) fn decode(der: &[u8]) -> Result<PrivateKey, Problem> {
    match Shape::of(der) {
        Shape::Pkcs1 => pkcs1(der),
        Shape::Pkcs8 => pkcs8(der),
        Shape::Sec1 => Err(Problem::NotRsa("an EC".into())),
        Shape::Dsa => Err(Problem::NotRsa("a DSA".into())),
        Shape::Certificate => Err(Problem::OnlyCertificates(1)),
        Shape::PublicKey => Err(Problem::PublicKey),
        // What is encrypted has been opened before, and nobody encrypts twice.
        Shape::EncryptedPkcs8 | Shape::Pkcs12 | Shape::Unknown => Err(Problem::Damaged),
    }
}

fn pkcs8(der: &[u8]) -> Result<PrivateKey, Problem> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| Problem::Damaged)?;
    match info.algorithm.oid {
        RSA | RSA_PSS => pkcs1(info.private_key.as_bytes()),
        other => Err(Problem::NotRsa(kind(other))),
    }
}

fn kind(oid: ObjectIdentifier) -> String {
    let oid = oid.to_string();
    let known = OTHER_KINDS.iter().find(|(number, _)| *number == oid);
    known.map_or_else(|| format!("a ({oid})"), |(_, name)| (*name).to_owned())
}

fn pkcs1(der: &[u8]) -> Result<PrivateKey, Problem> {
    let numbers = RsaPrivateKeyRef::from_der(der).map_err(|_| Problem::Damaged)?;
    let bits = bits(numbers.modulus.as_bytes());
    if !(MIN_BITS..=MAX_BITS).contains(&bits) {
        return Err(Problem::KeySize(bits));
    }
    let others = numbers.other_prime_infos.iter().flatten().map(|other| other.prime.as_bytes());
    let primes = [numbers.prime1.as_bytes(), numbers.prime2.as_bytes()].into_iter().chain(others);
    let primes: Vec<_> = primes.collect();
    let (n, e, d) = (&numbers.modulus, &numbers.public_exponent, &numbers.private_exponent);
    build([n, e, d].map(UintRef::as_bytes), &primes, bits)
        .filter(|key| crt_values_agree(key, &numbers))
        .ok_or(Problem::Inconsistent)
}

/// The key of these numbers, if n is the product of the primes and d inverts e modulo each.
fn build(numbers: [&[u8]; 3], primes: &[&[u8]], bits: u32) -> Option<PrivateKey> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits.next_multiple_of(8)).ok();
    let primes: Vec<_> = primes.iter().map(|prime| number(prime)).collect::<Option<_>>()?;
    // The crate keeps primes in half the modulus's width unless told that one is wider.
    let wide = primes.iter().any(|prime| prime.bit_width_vartime() > bits.div_ceil(2));
    let [n, e, d] = numbers.map(number);
    let (n, e, d) = (n?, e?, d?);
    let built = if wide {
        PrivateKey::from_components_with_wide_primes(n, e, d, primes)
    } else {
        PrivateKey::from_components_with_large_exponent(n, e, d, primes)
    };
    built.ok()
}

/// The key of these numbers in the big end first: modulus, exponents, primes.
pub(super) fn of_numbers(
    n: &[u8],
    e: &[u8],
    d: &[u8],
    primes: &[&[u8]],
) -> Result<PrivateKey, Problem> {
    let bits = bits(n);
    if !(MIN_BITS..=MAX_BITS).contains(&bits) {
        return Err(Problem::KeySize(bits));
    }
    build([n, e, d], primes, bits).ok_or(Problem::Inconsistent)
}

/// The crate computes these again and does not look at those of the file. A key that passes has
/// them, so that the raw operation takes the fast way.
fn crt_values_agree(key: &PrivateKey, numbers: &RsaPrivateKeyRef<'_>) -> bool {
    let same = |computed: Option<&BoxedUint>, written: &UintRef<'_>| {
        computed.is_some_and(|value| *value == BoxedUint::from_be_slice_vartime(written.as_bytes()))
    };
    same(key.dp(), &numbers.exponent1)
        && same(key.dq(), &numbers.exponent2)
        && same(key.crt_coefficient().as_ref(), &numbers.coefficient)
}

fn bits(bytes: &[u8]) -> u32 {
    let unused = bytes.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(unused)
}
