//! The arithmetic of signatures. Old hashes are verified too: that they are weak is another matter
//! than that they are wrong.

use md5::Md5;
use rsa::traits::SignatureScheme;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, PublicKey};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::super::reading::{Algorithm, Key};
use super::{MOST_RSA_BITS, Signed};

/// A hash, and what PKCS #1 v1.5 puts ahead of it (RFC 8017 §9.2, note 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(message).to_vec(),
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Md5 => {
                b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10"
            }
            Self::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            Self::Sha224 => {
                b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c"
            }
            Self::Sha256 => {
                b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
            }
            Self::Sha384 => {
                b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
            }
            Self::Sha512 => {
                b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
            }
        }
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Pkcs1(Hash),
    Pss(Hash),
    Ecdsa(Hash),
    Ed25519,
}

impl Scheme {
    fn of(algorithm: &Algorithm) -> Option<Self> {
        Some(match algorithm.oid.as_str() {
            "1.2.840.113549.1.1.4" => Self::Pkcs1(Hash::Md5),
            "1.2.840.113549.1.1.5" => Self::Pkcs1(Hash::Sha1),
            "1.2.840.113549.1.1.14" => Self::Pkcs1(Hash::Sha224),
            "1.2.840.113549.1.1.11" => Self::Pkcs1(Hash::Sha256),
            "1.2.840.113549.1.1.12" => Self::Pkcs1(Hash::Sha384),
            "1.2.840.113549.1.1.13" => Self::Pkcs1(Hash::Sha512),
            "1.2.840.113549.1.1.10" => Self::Pss(pss_hash(&algorithm.parameters)?),
            "1.2.840.10045.4.1" => Self::Ecdsa(Hash::Sha1),
            "1.2.840.10045.4.3.1" => Self::Ecdsa(Hash::Sha224),
            "1.2.840.10045.4.3.2" => Self::Ecdsa(Hash::Sha256),
            "1.2.840.10045.4.3.3" => Self::Ecdsa(Hash::Sha384),
            "1.2.840.10045.4.3.4" => Self::Ecdsa(Hash::Sha512),
            "1.3.101.112" => Self::Ed25519,
            _ => return None,
        })
    }
}

/// The hash in the parameters of RSASSA-PSS; SHA-1 if they name none (RFC 4055 §3.1).
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let has = |oid: &[u8]| parameters.windows(oid.len()).any(|window| window == oid);
    let sha2 = |last: u8| [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last];
    let named = [(1, Hash::Sha256), (2, Hash::Sha384), (3, Hash::Sha512)];
    let found = named.into_iter().find(|(last, _)| has(&sha2(*last)));
    found.map(|(_, hash)| hash).or_else(|| parameters.is_empty().then_some(Hash::Sha1))
}

/// Whether `key` made `signature` on `message`.
pub(in crate::trust) fn verify(
    algorithm: &Algorithm,
    key: &Key,
    message: &[u8],
    signature: &[u8],
) -> Signed {
    let Some(scheme) = Scheme::of(algorithm) else { return Signed::Unknown };
    match scheme {
        Scheme::Pkcs1(hash) => rsa(key, |key| pkcs1(key, hash, message, signature)),
        Scheme::Pss(hash) => rsa(key, |key| pss(key, hash, message, signature)),
        Scheme::Ecdsa(hash) => ecdsa(key, &hash.digest(message), signature),
        Scheme::Ed25519 => ed25519(&key.bits, message, signature).into(),
    }
}

fn rsa(key: &Key, verify: impl FnOnce(&PublicKey) -> bool) -> Signed {
    let Some((modulus, exponent)) = &key.rsa else { return Signed::No };
    match rsa_key(modulus, exponent) {
        Some(key) => verify(&key).into(),
        None => Signed::Unknown,
    }
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
    let number = |octets: &[u8]| BoxedUint::from_be_slice_vartime(octets);
    PublicKey::new_with_size_limits(number(modulus), number(exponent), 0..=MOST_RSA_BITS).ok()
}

fn pkcs1(key: &PublicKey, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let digest = hash.digest(message);
    let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: hash.prefix().into() };
    scheme.verify(key, &digest, signature).is_ok()
}

fn pss(key: &PublicKey, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let digest = hash.digest(message);
    match hash {
        Hash::Sha1 => of_any_salt(Pss::<Sha1>::new()).verify(key, &digest, signature),
        Hash::Sha384 => of_any_salt(Pss::<Sha384>::new()).verify(key, &digest, signature),
        Hash::Sha512 => of_any_salt(Pss::<Sha512>::new()).verify(key, &digest, signature),
        _ => of_any_salt(Pss::<Sha256>::new()).verify(key, &digest, signature),
    }
    .is_ok()
}

fn of_any_salt<D>(scheme: Pss<D>) -> Pss<D>
where
    D: Digest,
{
    Pss { salt_len: None, ..scheme }
}

/// The curves that we can compute with, by the OID of the key's parameters (RFC 5480 §2.1.1.1).
fn ecdsa(key: &Key, digest: &[u8], signature: &[u8]) -> Signed {
    match key.algorithm.parameters.as_slice() {
        b"\x2a\x86\x48\xce\x3d\x03\x01\x07" => p256(&key.bits, digest, signature).into(),
        b"\x2b\x81\x04\x00\x22" => p384(&key.bits, digest, signature).into(),
        b"\x2b\x81\x04\x00\x23" => p521(&key.bits, digest, signature).into(),
        _ => Signed::Unknown,
    }
}

macro_rules! curve {
    ($name:ident, $least:literal) => {
        fn $name(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
            use ::$name::ecdsa::signature::hazmat::PrehashVerifier as _;
            use ::$name::ecdsa::{DerSignature, VerifyingKey};
            // A digest of less than half the curve's size is refused by the crate: FIPS 186-5 §6.4.2
            // fills it up with zeros in front, which changes no number.
            let mut whole = vec![0; usize::saturating_sub($least, digest.len())];
            whole.extend_from_slice(digest);
            let key = VerifyingKey::from_sec1_bytes(point);
            let signature = DerSignature::try_from(signature);
            key.ok()
                .zip(signature.ok())
                .is_some_and(|(key, signature)| key.verify_prehash(&whole, &signature).is_ok())
        }
    };
}

curve!(p256, 32);
curve!(p384, 48);
curve!(p521, 66);

fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = key.try_into().ok().and_then(|k| ed25519_dalek::VerifyingKey::from_bytes(k).ok());
    let signature = ed25519_dalek::Signature::from_slice(signature).ok();
    key.zip(signature)
        .is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
}

/// The same for rustls-webpki: a pair of key and signature algorithm.
#[derive(Debug)]
struct ForWebpki {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    scheme: Scheme,
    curve: &'static [u8],
}

impl SignatureVerificationAlgorithm for ForWebpki {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let is_right = match self.scheme {
            Scheme::Pkcs1(hash) => {
                numbers(public_key).is_some_and(|key| pkcs1(&key, hash, message, signature))
            }
            Scheme::Pss(hash) => {
                numbers(public_key).is_some_and(|key| pss(&key, hash, message, signature))
            }
            Scheme::Ecdsa(hash) => self.ecdsa(public_key, &hash.digest(message), signature),
            Scheme::Ed25519 => ed25519(public_key, message, signature),
        };
        if is_right { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl ForWebpki {
    const fn rsa(signature: AlgorithmIdentifier, scheme: Scheme) -> Self {
        Self { key: alg_id::RSA_ENCRYPTION, signature, scheme, curve: b"" }
    }

    const fn ec(
        key: AlgorithmIdentifier,
        signature: AlgorithmIdentifier,
        hash: Hash,
        curve: &'static [u8],
    ) -> Self {
        Self { key, signature, scheme: Scheme::Ecdsa(hash), curve }
    }

    fn ecdsa(&self, point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
        match self.curve {
            b"256" => p256(point, digest, signature),
            b"384" => p384(point, digest, signature),
            _ => p521(point, digest, signature),
        }
    }
}

fn numbers(public_key: &[u8]) -> Option<PublicKey> {
    use x509_parser::prelude::FromDer as _;
    let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(public_key).ok()?;
    rsa_key(key.modulus, key.exponent)
}

/// What rustls-webpki may use: SHA-2 alone.
pub(in crate::trust) static FOR_WEBPKI: &[&dyn SignatureVerificationAlgorithm] = &[
    &ForWebpki::rsa(alg_id::RSA_PKCS1_SHA256, Scheme::Pkcs1(Hash::Sha256)),
    &ForWebpki::rsa(alg_id::RSA_PKCS1_SHA384, Scheme::Pkcs1(Hash::Sha384)),
    &ForWebpki::rsa(alg_id::RSA_PKCS1_SHA512, Scheme::Pkcs1(Hash::Sha512)),
    &ForWebpki::rsa(alg_id::RSA_PSS_SHA256, Scheme::Pss(Hash::Sha256)),
    &ForWebpki::rsa(alg_id::RSA_PSS_SHA384, Scheme::Pss(Hash::Sha384)),
    &ForWebpki::rsa(alg_id::RSA_PSS_SHA512, Scheme::Pss(Hash::Sha512)),
    &ForWebpki::ec(alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, Hash::Sha256, b"256"),
    &ForWebpki::ec(alg_id::ECDSA_P256, alg_id::ECDSA_SHA384, Hash::Sha384, b"256"),
    &ForWebpki::ec(alg_id::ECDSA_P256, alg_id::ECDSA_SHA512, Hash::Sha512, b"256"),
    &ForWebpki::ec(alg_id::ECDSA_P384, alg_id::ECDSA_SHA256, Hash::Sha256, b"384"),
    &ForWebpki::ec(alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, Hash::Sha384, b"384"),
    &ForWebpki::ec(alg_id::ECDSA_P384, alg_id::ECDSA_SHA512, Hash::Sha512, b"384"),
    &ForWebpki::ec(alg_id::ECDSA_P521, alg_id::ECDSA_SHA256, Hash::Sha256, b"521"),
    &ForWebpki::ec(alg_id::ECDSA_P521, alg_id::ECDSA_SHA384, Hash::Sha384, b"521"),
    &ForWebpki::ec(alg_id::ECDSA_P521, alg_id::ECDSA_SHA512, Hash::Sha512, b"521"),
    &ForWebpki {
        key: alg_id::ED25519,
        signature: alg_id::ED25519,
        scheme: Scheme::Ed25519,
        curve: b"",
    },
];
