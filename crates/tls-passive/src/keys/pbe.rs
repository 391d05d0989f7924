//! Password-based encryption of keys: PBES2 and PBES1 (RFC 8018 §6), and what PKCS#12 had before
//! (RFC 7292 §C).

use md5::Md5;
use pkcs8::ObjectIdentifier;
use pkcs8::pkcs5::{self, pbes2};
use pkcs8::spki::AlgorithmIdentifierRef;
use sha1::Sha1;
use zeroize::Zeroizing;

use super::asn1;
use super::cipher::Cipher;
use super::kdf::{self, Purpose};
use super::passwords::{Password, Refusal};
use super::problem::Problem;

/// Ten million iterations take seconds, which is what RFC 8018 §4.2 allows for the most critical
/// keys; a hostile file could ask for hours.
pub(super) const MAX_ITERATIONS: u32 = 10_000_000;

/// scrypt takes 128 bytes times cost times block size; OpenSSL's own files take 16 MiB.
pub(super) const MAX_SCRYPT_BYTES: u64 = 256 << 20;

/// Its passes over that memory; OpenSSL's own files have one.
pub(super) const MAX_SCRYPT_PASSES: u16 = 16;

/// PKCS#5 (RFC 8018 §A.3, A.4) and PKCS#12 (RFC 7292 §C), all but the one that needs MD2.
const SCHEMES: [(&str, Scheme); 10] = [
    ("1.2.840.113549.1.5.3", Scheme::Pbes1(Hash::Md5, Cipher::Des)),
    ("1.2.840.113549.1.5.6", Scheme::Pbes1(Hash::Md5, Cipher::Rc2 { key_len: 8 })),
    ("1.2.840.113549.1.5.10", Scheme::Pbes1(Hash::Sha1, Cipher::Des)),
    ("1.2.840.113549.1.5.11", Scheme::Pbes1(Hash::Sha1, Cipher::Rc2 { key_len: 8 })),
    ("1.2.840.113549.1.12.1.1", Scheme::Pkcs12(Cipher::Rc4 { key_len: 16 })),
    ("1.2.840.113549.1.12.1.2", Scheme::Pkcs12(Cipher::Rc4 { key_len: 5 })),
    ("1.2.840.113549.1.12.1.3", Scheme::Pkcs12(Cipher::TripleDes3)),
    ("1.2.840.113549.1.12.1.4", Scheme::Pkcs12(Cipher::TripleDes2)),
    ("1.2.840.113549.1.12.1.5", Scheme::Pkcs12(Cipher::Rc2 { key_len: 16 })),
    ("1.2.840.113549.1.12.1.6", Scheme::Pkcs12(Cipher::Rc2 { key_len: 5 })),
];

#[derive(Clone, Copy)]
enum Scheme {
    Pbes1(Hash, Cipher),
    Pkcs12(Cipher),
}

#[derive(Clone, Copy)]
enum Hash {
    Md5,
    Sha1,
}

/// The plaintext, if the password makes good padding: which one in 256 wrong ones does.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifierRef<'_>,
    ciphertext: &[u8],
    password: Password<'_>,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if algorithm.oid == pbes2::PBES2_OID {
        return pbes2(algorithm, ciphertext, password);
    }
    let scheme = scheme(algorithm.oid)?;
    let (salt, iterations) = parameters(algorithm).ok_or(Problem::Damaged)?;
    if iterations > MAX_ITERATIONS {
        return Err(Problem::Costly(format!("{iterations} iterations")).into());
    }
    // PKCS#12 derives a key of up to two hashes, and a vector.
    password.budget.derive(3 * u64::from(iterations))?;
    let password = password.bytes;
    let plaintext = match scheme {
        Scheme::Pbes1(hash, cipher) => {
            let derived = match hash {
                Hash::Md5 => kdf::pbkdf1::<Md5>(password, salt, iterations),
                Hash::Sha1 => kdf::pbkdf1::<Sha1>(password, salt, iterations),
            };
            cipher.decrypt(&derived[..8], &derived[8..16], ciphertext)
        }
        Scheme::Pkcs12(cipher) => {
            let password = bmp_string(password);
            let derive = |purpose, len| kdf::pkcs12(purpose, &password, salt, iterations, len);
            let key = derive(Purpose::Key, cipher.key_len());
            cipher.decrypt(&key, &derive(Purpose::Iv, cipher.iv_len()), ciphertext)
        }
    };
    plaintext.ok_or(Refusal::WrongPassword)
}

fn scheme(oid: ObjectIdentifier) -> Result<Scheme, Problem> {
    let name = oid.to_string();
    let known = SCHEMES.iter().find(|(number, _)| *number == name);
    known.map(|(_, scheme)| *scheme).ok_or(Problem::UnknownEncryption(name))
}

/// Salt and iteration count: PBEParameter (RFC 8018 §A.3), pkcs-12PbeParams (RFC 7292 §C).
fn parameters<'a>(algorithm: &AlgorithmIdentifierRef<'a>) -> Option<(&'a [u8], u32)> {
    let fields = asn1::children(algorithm.parameters?.value())?;
    let [salt, iterations] = fields.as_slice() else { return None };
    let salt = asn1::octets(*salt)?;
    Some((salt, iterations.decode_as::<u32>().ok()?))
}

fn pbes2(
    algorithm: &AlgorithmIdentifierRef<'_>,
    ciphertext: &[u8],
    password: Password<'_>,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let scheme = algorithm.parameters.map(pbes2::Parameters::try_from);
    // The crate refuses what it does not know and what is damaged with the same error.
    let Some(Ok(scheme)) = scheme else {
        return Err(Problem::UnknownEncryption("a PBES2 scheme of unknown parts".into()).into());
    };
    password.budget.derive(cost(&scheme.kdf)?)?;
    match scheme.decrypt(password.bytes, ciphertext) {
        Ok(plaintext) => Ok(Zeroizing::new(plaintext)),
        Err(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            Err(Problem::UnknownEncryption(oid.to_string()).into())
        }
        Err(pkcs5::Error::AlgorithmParametersInvalid { .. }) => Err(Problem::Damaged.into()),
        Err(_) => Err(Refusal::WrongPassword),
    }
}

/// The iterations of a key derivation, or of what takes as long, if it is one and affordable. Parameters
/// are checked here, before the crates see them: they take some of these for granted.
fn cost(kdf: &pbes2::Kdf) -> Result<u64, Problem> {
    if let Some(pbkdf2) = kdf.pbkdf2() {
        return match pbkdf2.iteration_count {
            0 => Err(Problem::Damaged),
            // A key and no more than a second hash of it.
            count if count <= MAX_ITERATIONS => Ok(2 * u64::from(count)),
            count => Err(Problem::Costly(format!("{count} iterations"))),
        };
    }
    let Some(scrypt) = kdf.scrypt() else { return Ok(0) };
    let (n, r, p) = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
    // RFC 7914 section 2.
    if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
        return Err(Problem::Damaged);
    }
    let bytes = n.saturating_mul(128 * u64::from(r));
    if bytes > MAX_SCRYPT_BYTES || p > MAX_SCRYPT_PASSES {
        return Err(Problem::Costly(format!("{bytes} bytes, {p} times")));
    }
    Ok(n * u64::from(r) * u64::from(p))
}

/// A password as PKCS#12 wants it (RFC 7292 §B.1): UTF-16, big-endian, with a terminator. What is not
/// UTF-8 is taken for Latin-1.
fn bmp_string(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
    match std::str::from_utf8(password) {
        Ok(text) => text.encode_utf16().for_each(|unit| bytes.extend(unit.to_be_bytes())),
        Err(_) => password.iter().for_each(|&byte| bytes.extend([0, byte])),
    }
    bytes.extend([0, 0]);
    bytes
}
