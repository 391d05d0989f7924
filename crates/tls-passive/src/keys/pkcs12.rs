//! PKCS#12 (RFC 7292): the private keys of a PFX, as Windows, Java and OpenSSL write it.
//!
//! Its MAC is not looked at. That a key was opened rightly shows in its numbers, which prove more;
//! and a file whose MAC is of a kind unknown here can still be read.

use pkcs8::ObjectIdentifier;
use pkcs8::der::Tagged;
use pkcs8::der::asn1::AnyRef;
use pkcs8::spki::AlgorithmIdentifierRef;
use rsa::PrivateKey;
use zeroize::Zeroizing;

use super::passwords::{Password, Refusal};
use super::problem::Problem;
use super::{asn1, der, pbe, unlock};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");

const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const SAFE_CONTENTS_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.6");

/// Bags in bags that anybody has seen: none. This bounds what a hostile file can ask for.
pub(super) const MAX_DEPTH: usize = 4;

/// The RSA keys of a PFX. What else is in it only counts if there is none.
pub(super) fn keys(pfx: &[u8], password: Password<'_>) -> Result<Vec<PrivateKey>, Refusal> {
    let mut safe = Safe { password, keys: Vec::new(), refusal: None, certificates: 0 };
    safe.pfx(pfx).ok_or(Problem::Damaged)?;
    match safe.refusal {
        _ if !safe.keys.is_empty() => Ok(safe.keys),
        Some(refusal) => Err(refusal),
        None if safe.certificates > 0 => Err(Problem::OnlyCertificates(safe.certificates).into()),
        None => Err(Problem::NoKey.into()),
    }
}

struct Safe<'a> {
    password: Password<'a>,
    keys: Vec<PrivateKey>,
    /// Why the first of the other parts is no key.
    refusal: Option<Refusal>,
    certificates: usize,
}

/// Each reads one level; `None` means that it is not what RFC 7292 says.
impl Safe<'_> {
    /// PFX (§4) and AuthenticatedSafe (§4.1).
    fn pfx(&mut self, pfx: &[u8]) -> Option<()> {
        let pfx = asn1::to_der(pfx)?;
        let [_version, content, ..] = asn1::fields(AnyRef::try_from(pfx.as_slice()).ok()?)?[..]
        else {
            return None;
        };
        let (kind, content) = content_info(content)?;
        let safe = asn1::children(content)?.first().copied().and_then(asn1::octets)?;
        // Signed instead of protected by a password: nobody writes that.
        if kind != DATA {
            return None;
        }
        let safe = asn1::to_der(safe)?;
        for content in asn1::fields(AnyRef::try_from(safe.as_slice()).ok()?)? {
            self.content(content)?;
        }
        Some(())
    }

    /// ContentInfo (RFC 5652 §3): a SafeContents, in clear or encrypted.
    fn content(&mut self, content: AnyRef<'_>) -> Option<()> {
        let (kind, content) = content_info(content)?;
        let content = *asn1::children(content)?.first()?;
        match kind {
            DATA => self.contents(asn1::octets(content)?, 0),
            ENCRYPTED_DATA => match encrypted_data(content, self.password)? {
                // With a wrong password this is nothing, whatever its padding.
                Ok(plain) => {
                    self.contents(&plain, 0).or_else(|| self.refuse(Refusal::WrongPassword))
                }
                Err(refusal) => self.refuse(refusal),
            },
            other => self.refuse(Problem::UnknownEncryption(other.to_string()).into()),
        }
    }

    /// SafeContents (§4.2).
    fn contents(&mut self, contents: &[u8], depth: usize) -> Option<()> {
        let contents = asn1::to_der(contents)?;
        for bag in asn1::fields(AnyRef::try_from(contents.as_slice()).ok()?)? {
            self.bag(bag, depth)?;
        }
        Some(())
    }

    /// SafeBag (§4.2).
    fn bag(&mut self, bag: AnyRef<'_>, depth: usize) -> Option<()> {
        let (kind, value) = content_info(bag)?;
        match kind {
            KEY_BAG => self.key(der::decode(value).map_err(Refusal::Problem)),
            SHROUDED_KEY_BAG => self.key(unlock::encrypted_pkcs8(value, self.password)),
            SAFE_CONTENTS_BAG if depth < MAX_DEPTH => self.contents(value, depth + 1),
            CERTIFICATE_BAG => {
                self.certificates += 1;
                Some(())
            }
            _ => Some(()),
        }
    }

    fn key(&mut self, key: Result<PrivateKey, Refusal>) -> Option<()> {
        match key {
            Ok(key) => {
                self.keys.push(key);
                Some(())
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Option<()> {
        self.refusal.get_or_insert(refusal);
        Some(())
    }
}

/// `SEQUENCE { OBJECT IDENTIFIER, [0] EXPLICIT ANY, ... }`: the identifier and what is tagged.
fn content_info(value: AnyRef<'_>) -> Option<(ObjectIdentifier, &[u8])> {
    let [kind, content, ..] = asn1::fields(value)?[..] else { return None };
    Some((kind.decode_as().ok()?, asn1::tagged_zero(content)?))
}

/// EncryptedData (RFC 5652 §8).
fn encrypted_data(
    value: AnyRef<'_>,
    password: Password<'_>,
) -> Option<Result<Zeroizing<Vec<u8>>, Refusal>> {
    let [_version, info, ..] = asn1::fields(value)?[..] else { return None };
    let [_kind, algorithm, content, ..] = asn1::fields(info)?[..] else { return None };
    let algorithm = algorithm.decode_as::<AlgorithmIdentifierRef<'_>>().ok()?;
    let ciphertext = ciphertext(content)?;
    Some(pbe::decrypt(&algorithm, &ciphertext, password))
}

/// `[0] IMPLICIT OCTET STRING`, which in BER may be in pieces.
fn ciphertext(content: AnyRef<'_>) -> Option<Vec<u8>> {
    let contents = asn1::tagged_zero(content)?;
    if !content.tag().is_constructed() {
        return Some(contents.to_vec());
    }
    let pieces = asn1::children(contents)?.into_iter().map(asn1::octets);
    pieces.collect::<Option<Vec<_>>>().map(|pieces| pieces.concat())
}
