//! Encrypted forms of a key: what they hold, once a password fits.

use pkcs8::der::asn1::AnyRef;
use pkcs8::spki::AlgorithmIdentifierRef;
use rsa::PrivateKey;
use zeroize::Zeroizing;

use super::passwords::{Candidates, Password, Refusal};
use super::problem::Problem;
use super::shape::Shape;
use super::{asn1, der, legacy, pbe, pkcs12};

/// The RSA keys in a DER value of any form; never none.
pub(super) fn keys(bytes: &[u8], passwords: Candidates<'_>) -> Result<Vec<PrivateKey>, Problem> {
    match Shape::of(bytes) {
        Shape::EncryptedPkcs8 => {
            passwords.open(|password| encrypted_pkcs8(bytes, password)).map(|key| vec![key])
        }
        Shape::Pkcs12 => passwords
            .open(|password| pkcs12::keys(bytes, password))
            // Many are exported with the empty password, and with one that was not asked for.
            .or_else(|problem| {
                pkcs12::keys(bytes, passwords.empty()).map_err(|refusal| or(refusal, problem))
            }),
        _ => der::decode(bytes).map(|key| vec![key]),
    }
}

/// The key in a PEM block with a `DEK-Info` header.
pub(super) fn legacy_key(
    dek_info: Option<&str>,
    ciphertext: &[u8],
    passwords: Candidates<'_>,
) -> Result<PrivateKey, Problem> {
    passwords.open(|password| proven(&legacy::decrypt(dek_info, ciphertext, password.bytes)?))
}

/// The key in an EncryptedPrivateKeyInfo (RFC 5958 §3).
pub(super) fn encrypted_pkcs8(bytes: &[u8], password: Password<'_>) -> Result<PrivateKey, Refusal> {
    let (algorithm, ciphertext) = encrypted_parts(bytes).ok_or(Problem::Damaged)?;
    proven(&pbe::decrypt(&algorithm, ciphertext, password)?)
}

fn encrypted_parts(bytes: &[u8]) -> Option<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let [algorithm, data] = asn1::fields(AnyRef::try_from(bytes).ok()?)?[..] else { return None };
    Some((algorithm.decode_as().ok()?, asn1::octets(data)?))
}

/// Good padding proves little: what it leaves must be a private key.
fn proven(plaintext: &Zeroizing<Vec<u8>>) -> Result<PrivateKey, Refusal> {
    der::decode(plaintext).map_err(|problem| match problem {
        Problem::NotRsa(_) | Problem::KeySize(_) | Problem::Inconsistent => problem.into(),
        _ => Refusal::WrongPassword,
    })
}

/// A problem that no password solves is told before that of the passwords.
fn or(refusal: Refusal, problem: Problem) -> Problem {
    match (refusal, problem) {
        (Refusal::Problem(other), Problem::NoPassword) => other,
        (_, problem) => problem,
    }
}
