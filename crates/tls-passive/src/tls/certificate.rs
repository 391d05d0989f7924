//! What a certificate says. Bad certificates are looked at too, so whatever can be read is told.

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

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
    /// Serial number in hex.
    pub serial: String,
    /// `RSA`, `EC`, `DSA` or the algorithm's OID.
    pub key_algorithm: String,
    /// Size of the key in bits; 0 if it cannot be told.
    pub key_bits: u32,
    /// SHA-256 of the certificate's DER.
    pub sha256: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo's DER.
    pub spki_sha256: [u8; 32],
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
        let seconds = |time: i64| Timestamp(time.saturating_mul(1_000_000_000));
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            subject_alt_names: alt_names(&certificate),
            not_before: seconds(certificate.validity().not_before.timestamp()),
            not_after: seconds(certificate.validity().not_after.timestamp()),
            serial: certificate.raw_serial_as_string(),
            key_algorithm: algorithm_name(key.as_ref(), &algorithm),
            key_bits: key.as_ref().map_or(0, key_bits),
            sha256: Sha256::digest(der).into(),
            spki_sha256: Sha256::digest(spki.raw).into(),
            rsa: key.and_then(rsa_numbers),
        })
    }
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

fn algorithm_name(key: Option<&PublicKey<'_>>, oid: &str) -> String {
    match key {
        Some(PublicKey::RSA(_)) => "RSA".into(),
        Some(PublicKey::EC(_)) => "EC".into(),
        Some(PublicKey::DSA(_)) => "DSA".into(),
        _ if oid == "1.3.101.112" => "Ed25519".into(),
        _ if oid == "1.3.101.113" => "Ed448".into(),
        _ => oid.into(),
    }
}

fn key_bits(key: &PublicKey<'_>) -> u32 {
    match key {
        // x509-parser rounds up to whole bytes; the size people speak of is that of the modulus.
        PublicKey::RSA(rsa) => bit_length(rsa.modulus),
        other => u32::try_from(other.key_size()).unwrap_or(0),
    }
}

fn bit_length(number: &[u8]) -> u32 {
    let mut significant = number.iter().skip_while(|&&byte| byte == 0);
    let Some(first) = significant.next() else { return 0 };
    let rest = u32::try_from(significant.count()).unwrap_or(0).saturating_mul(8);
    rest + (8 - first.leading_zeros())
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
    fn counts_bits_without_leading_zeros() {
        assert_eq!(bit_length(&[0, 0x80, 0]), 16);
        assert_eq!(bit_length(&[0x01, 0]), 9);
        assert_eq!(bit_length(&[]), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse_list(&bytes);
            let _ = Certificate::parse(&bytes);
        }
    }
}
