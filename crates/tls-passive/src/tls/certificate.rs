//! What a certificate says. Bad certificates are looked at too, so whatever can be read is told.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use x509_parser::extensions::{GeneralName, GeneralSubtree, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::public_key;
use crate::hex::hex;
use crate::moment::Timestamp;

/// A certificate of the list that an end sent (RFC 5280).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Distinguished name of the subject.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// subjectAltName: DNS names, addresses, URIs.
    pub subject_alt_names: Vec<String>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Serial number in lower-case hex, two digits an octet, without the zero octet that DER puts
    /// ahead for the sign.
    pub serial: String,
    /// `RSA`, `RSA-PSS`, `EC`, `DSA`, `Ed25519`, `Ed448` or the algorithm's OID.
    pub key_algorithm: String,
    /// Size of the key in bits; 0 if it cannot be told.
    pub key_bits: u32,
    /// SHA-256 of the certificate's DER.
    pub sha256: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo's DER.
    pub spki_sha256: [u8; 32],
    /// The algorithm of the issuer's signature: `sha256WithRSAEncryption`, or its OID.
    pub signature_algorithm: String,
    /// basicConstraints says that it is an authority's; None if it has no such extension.
    pub is_ca: Option<bool>,
    /// How many authorities may follow below it (RFC 5280 §4.2.1.9).
    pub path_length: Option<u32>,
    /// keyUsage, by RFC 5280's names; empty if it has none.
    pub key_usage: Vec<&'static str>,
    /// extendedKeyUsage, by RFC 5280's names or OID; empty if it has none.
    pub extended_key_usage: Vec<String>,
    /// The DNS names that an authority may vouch for (RFC 5280 §4.2.1.10).
    pub permitted_names: Option<Vec<String>>,
    /// And those that it may not.
    pub excluded_names: Vec<String>,
    /// subjectKeyIdentifier (RFC 5280 §4.2.1.2).
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier in authorityKeyIdentifier (RFC 5280 §4.2.1.1).
    pub authority_key_id: Option<Vec<u8>>,
    /// Signed certificate timestamps that stand in it (RFC 6962 §3.3).
    pub timestamps: usize,
    /// The whole of it, in DER.
    pub der: Arc<[u8]>,
    /// The public key, if it is RSA.
    pub rsa: Option<RsaPublicKey>,
}

/// The numbers of an RSA public key, big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicKey {
    /// The modulus.
    pub modulus: Vec<u8>,
    /// The public exponent.
    pub exponent: Vec<u8>,
}

/// The certificates of a Certificate message up to TLS 1.2 (RFC 5246 §7.4.2), the sender's first.
/// A certificate that cannot be read is left out, and the list ends where it is malformed.
#[must_use]
pub fn parse_list(body: &[u8]) -> Vec<Certificate> {
    let Some((mut rest, _)) = vector24(body) else { return Vec::new() };
    let mut list = Vec::new();
    while let Some((der, tail)) = vector24(rest) {
        list.extend(Certificate::parse(der));
        rest = tail;
    }
    list
}

/// The certificates of a Certificate message of TLS 1.3, which has a context in front and
/// extensions behind each (RFC 8446 §4.4.2).
#[must_use]
pub fn parse_list13(body: &[u8]) -> Vec<Certificate> {
    let context = body.first().map_or(0, |&len| usize::from(len));
    let entries = body.get(1 + context..).and_then(vector24);
    let Some((mut rest, _)) = entries else { return Vec::new() };
    let mut list = Vec::new();
    while let Some((der, tail)) = vector24(rest) {
        list.extend(Certificate::parse(der));
        let extensions = tail.first_chunk().map_or(0, |&len| usize::from(u16::from_be_bytes(len)));
        rest = tail.get(2 + extensions..).unwrap_or_default();
    }
    list
}

/// The extensions of the first entry in a Certificate message of TLS 1.3: those of the sender's own
/// certificate.
pub(super) fn first_extensions13(body: &[u8]) -> Option<&[u8]> {
    let context = usize::from(*body.first()?);
    let (entries, _) = vector24(body.get(1 + context..)?)?;
    let (_, tail) = vector24(entries)?;
    let (&len, rest) = tail.split_first_chunk()?;
    rest.get(..u16::from_be_bytes(len).into())
}

fn vector24(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[a, b, c], rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(a) * 65536 + usize::from(b) * 256 + usize::from(c))
}

impl Certificate {
    /// Reads a certificate's DER. None if it is no certificate.
    #[must_use]
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let spki = certificate.public_key();
        let key = spki.parsed().ok();
        let algorithm = spki.algorithm.algorithm.to_id_string();
        let constraints = certificate.basic_constraints().ok().flatten().map(|found| found.value);
        let (permitted_names, excluded_names) = name_constraints(&certificate);
        let seconds = |time: i64| Timestamp(time.saturating_mul(1_000_000_000));
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            subject_alt_names: alt_names(&certificate),
            not_before: seconds(certificate.validity().not_before.timestamp()),
            not_after: seconds(certificate.validity().not_after.timestamp()),
            serial: serial(certificate.raw_serial()),
            key_algorithm: public_key::algorithm(&algorithm),
            key_bits: public_key::bits(spki),
            sha256: Sha256::digest(der).into(),
            spki_sha256: Sha256::digest(spki.raw).into(),
            rsa: key.and_then(rsa_numbers),
            signature_algorithm: signature_name(&certificate),
            is_ca: constraints.map(|constraints| constraints.ca),
            path_length: constraints.and_then(|constraints| constraints.path_len_constraint),
            key_usage: key_usage(&certificate),
            extended_key_usage: extended_key_usage(&certificate),
            permitted_names,
            excluded_names,
            subject_key_id: key_ids(&certificate).0,
            authority_key_id: key_ids(&certificate).1,
            timestamps: timestamps(&certificate),
            der: der.into(),
        })
    }
}

/// Its own key identifier, and that of its issuer's key.
fn key_ids(certificate: &X509Certificate<'_>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let (mut own, mut issuer) = (None, None);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                issuer = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            _ => {}
        }
    }
    (own, issuer)
}

fn timestamps(certificate: &X509Certificate<'_>) -> usize {
    let count = |extension: &x509_parser::extensions::X509Extension<'_>| match extension
        .parsed_extension()
    {
        ParsedExtension::SCT(list) => list.len(),
        _ => 0,
    };
    certificate.extensions().iter().map(count).sum()
}

/// Algorithms of signatures by OID (RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3,
/// RFC 9881 §2).
const SIGNATURES: [(&str, &str); 17] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.10040.4.3", "dsaWithSHA1"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

fn signature_name(certificate: &X509Certificate<'_>) -> String {
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let known = SIGNATURES.iter().find(|(known, _)| *known == oid);
    known.map_or_else(|| oid.clone(), |(_, name)| (*name).to_owned())
}

/// The bits of keyUsage in order (RFC 5280 §4.2.1.3).
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

fn key_usage(certificate: &X509Certificate<'_>) -> Vec<&'static str> {
    let Ok(Some(usage)) = certificate.key_usage() else { return Vec::new() };
    let flags = usage.value.flags;
    let bits = KEY_USAGES.iter().enumerate();
    bits.filter(|(bit, _)| flags & (1 << bit) != 0).map(|(_, name)| *name).collect()
}

fn extended_key_usage(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(usage)) = certificate.extended_key_usage() else { return Vec::new() };
    let usage = usage.value;
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let named = known.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    named.chain(usage.other.iter().map(|oid| oid.to_id_string())).collect()
}

/// The DNS names permitted, if any are named, and those excluded.
fn name_constraints(certificate: &X509Certificate<'_>) -> (Option<Vec<String>>, Vec<String>) {
    let Ok(Some(found)) = certificate.name_constraints() else { return (None, Vec::new()) };
    let names = |trees: &[GeneralSubtree<'_>]| -> Vec<String> {
        let dns = |tree: &GeneralSubtree<'_>| match &tree.base {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        };
        trees.iter().filter_map(dns).collect()
    };
    let permitted = found.value.permitted_subtrees.as_deref().map(names);
    let excluded = found.value.excluded_subtrees.as_deref().map(names);
    (permitted.filter(|names| !names.is_empty()), excluded.unwrap_or_default())
}

fn alt_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().filter_map(alt_name).collect()
}

fn alt_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_string())
        }
        GeneralName::IPAddress(bytes) => ip_address(bytes),
        _ => None,
    }
}

fn ip_address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string())
}

fn serial(octets: &[u8]) -> String {
    let octets = match octets {
        [0, rest @ ..] if !rest.is_empty() => rest,
        octets => octets,
    };
    hex(octets)
}

fn rsa_numbers(key: PublicKey<'_>) -> Option<RsaPublicKey> {
    let PublicKey::RSA(rsa) = key else { return None };
    Some(RsaPublicKey { modulus: rsa.modulus.to_vec(), exponent: rsa.exponent.to_vec() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_serial_is_hex_without_the_octet_of_the_sign() {
        assert_eq!(serial(&[0, 0xf1, 0xab]), "f1ab");
        assert_eq!((serial(&[0]), serial(&[1, 0])), ("00".to_owned(), "0100".to_owned()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse_list(&bytes);
            let _ = Certificate::parse(&bytes);
        }
    }
}
