//! One certificate as a verifier reads it: what `tls` tells of it, and what only verifying asks for.

use std::net::IpAddr;

use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::constraints::Constraints;
use crate::tls::certificate::Certificate;

/// TLS feature, of which status_request makes "must staple" (RFC 7633 §6).
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";

/// Extensions that every verifier acts on or may pass over without harm for TLS (RFC 5280 §4.2).
const KNOWN: [&str; 11] = [
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.35",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.54",
];

/// An algorithm with its parameters, as DER has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) oid: String,
    /// The parameters' content, without tag and length.
    pub(super) parameters: Vec<u8>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    /// Of `subjectPublicKey`, the content of the bit string.
    pub(super) bits: Vec<u8>,
    /// Modulus and exponent, if it is RSA.
    pub(super) rsa: Option<(Vec<u8>, Vec<u8>)>,
    /// The whole SubjectPublicKeyInfo.
    pub(super) spki: Vec<u8>,
}

/// A certificate.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// What `tls` tells of it.
    pub(super) certificate: Certificate,
    /// The subject's DER, by which issuers are found.
    pub(super) subject: Vec<u8>,
    /// The issuer's DER.
    pub(super) issuer: Vec<u8>,
    /// dNSName of subjectAltName.
    pub(super) dns: Vec<String>,
    /// iPAddress of subjectAltName.
    pub(super) addresses: Vec<IpAddr>,
    /// Common names of the subject.
    pub(super) common_names: Vec<String>,
    /// 1, 2 or 3.
    pub(super) version: u32,
    /// Its serial number is negative (RFC 5280 §4.1.2.2 forbids it).
    pub(super) has_negative_serial: bool,
    /// Critical extensions that nobody knows, by OID.
    pub(super) unknown_critical: Vec<String>,
    /// Extensions that it has twice, by OID.
    pub(super) duplicates: Vec<String>,
    /// Extensions that cannot be read, by OID.
    pub(super) malformed: Vec<String>,
    /// It demands a stapled OCSP response (RFC 7633).
    pub(super) must_staple: bool,
    /// The names that it may vouch for.
    pub(super) constraints: Constraints,
    /// Its key.
    pub(super) key: Key,
    /// The algorithm of its issuer's signature.
    pub(super) signature_algorithm: Algorithm,
    /// What is signed.
    pub(super) signed: Vec<u8>,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

impl Reading {
    /// Reads DER; None if it is no certificate.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::parse(der)?;
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let mut reading = Self {
            subject: parsed.subject().as_raw().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            dns: Vec::new(),
            addresses: Vec::new(),
            common_names: common_names(&parsed),
            version: version(&parsed),
            has_negative_serial: parsed.raw_serial().first().is_some_and(|&first| first >= 0x80),
            unknown_critical: Vec::new(),
            duplicates: duplicates(parsed.extensions()),
            malformed: Vec::new(),
            must_staple: false,
            constraints: Constraints::default(),
            key: key(parsed.public_key()),
            signature_algorithm: algorithm(&parsed.signature_algorithm),
            signed: parsed.tbs_certificate.as_ref().to_vec(),
            signature: parsed.signature_value.data.to_vec(),
            certificate,
        };
        parsed.extensions().iter().for_each(|extension| reading.read(extension));
        Some(reading)
    }

    fn read(&mut self, extension: &X509Extension<'_>) {
        let oid = extension.oid.to_id_string();
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                names.general_names.iter().for_each(|name| self.read_name(name));
            }
            ParsedExtension::NameConstraints(found) => self.constraints = Constraints::of(found),
            ParsedExtension::ParseError { .. } => self.malformed.push(oid.clone()),
            _ if oid == TLS_FEATURE => self.must_staple = extension.value.ends_with(&[2, 1, 5]),
            _ => {}
        }
        if extension.critical && !KNOWN.contains(&oid.as_str()) {
            self.unknown_critical.push(oid);
        }
    }

    fn read_name(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(name) => self.dns.push((*name).to_owned()),
            GeneralName::IPAddress(octets) => self.addresses.extend(address(octets)),
            GeneralName::Invalid(..) => self.malformed.push("2.5.29.17".to_owned()),
            _ => {}
        }
    }

    /// Subject and issuer are the same: it claims to have signed itself.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The subject, quoted, as sentences name it.
    pub(super) fn named(&self) -> String {
        format!("\"{}\"", self.certificate.subject)
    }
}

fn version(parsed: &X509Certificate<'_>) -> u32 {
    match parsed.version() {
        X509Version::V1 => 1,
        X509Version::V2 => 2,
        _ => 3,
    }
}

fn common_names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let names = parsed.subject().iter_common_name();
    names.filter_map(|name| name.as_str().ok()).map(str::to_owned).collect()
}

fn duplicates(extensions: &[X509Extension<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, extension) in extensions.iter().enumerate() {
        let oid = extension.oid.to_id_string();
        let before = extensions.iter().take(place);
        if before.into_iter().any(|other| other.oid == extension.oid) && !found.contains(&oid) {
            found.push(oid);
        }
    }
    found
}

/// An address of four or sixteen octets.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    v4.or_else(|| <[u8; 16]>::try_from(octets).ok().map(IpAddr::from))
}

pub(super) fn algorithm(found: &AlgorithmIdentifier<'_>) -> Algorithm {
    Algorithm {
        oid: found.algorithm.to_id_string(),
        parameters: found.parameters.as_ref().map(|any| any.data.to_vec()).unwrap_or_default(),
    }
}

fn key(spki: &SubjectPublicKeyInfo<'_>) -> Key {
    let bits = spki.subject_public_key.data.to_vec();
    let rsa = RSAPublicKey::from_der(&bits).ok();
    let rsa = rsa.map(|(_, key)| (key.modulus.to_vec(), key.exponent.to_vec()));
    Key { algorithm: algorithm(&spki.algorithm), rsa, spki: spki.raw.to_vec(), bits }
}
