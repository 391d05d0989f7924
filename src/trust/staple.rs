//! The OCSP response that a server sends along (RFC 6960, RFC 6066 §8).

use x509_parser::asn1_rs::{Any, FromDer as _};
use x509_parser::time::ASN1Time;
use x509_parser::x509::AlgorithmIdentifier;

use super::reading::{self, Algorithm, Reading};
use super::signature::{self, Signed};
use crate::moment::Timestamp;
use crate::report::validation::{StapleReport, StapleStatus};

/// The OID of a basic response, id-pkix-ocsp-basic (RFC 6960 §4.2.1).
const BASIC: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x01";

/// Tags (RFC 6960 §4.2.1).
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const TIME: u8 = 0x18;
const CONTEXT_0: u8 = 0xA0;

/// Answers that are looked through for the one about the certificate.
pub(super) const MOST_ANSWERS: usize = 64;

/// An OCSP response about one certificate.
#[derive(Clone, Debug)]
pub(super) struct Staple {
    pub(super) status: StapleStatus,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Option<Timestamp>,
    pub(super) revoked_at: Option<Timestamp>,
    signed: Vec<u8>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    /// Certificates that came with it: a responder's own.
    certificates: Vec<Vec<u8>>,
}

/// One DER element: its tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (rest, any) = Any::from_der(bytes).ok()?;
    Some((*bytes.first()?, any.data, rest))
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The elements of a sequence's content.
fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some((tag, content, rest)) = element(bytes) {
        found.push((tag, content));
        bytes = rest;
        if found.len() > MOST_ANSWERS {
            break;
        }
    }
    found
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    let (_, time) = ASN1Time::from_der(bytes).ok()?;
    Some(Timestamp(time.timestamp().saturating_mul(1_000_000_000)))
}

impl Staple {
    /// Reads what a response says about a certificate. None if it cannot be read or is about another.
    pub(super) fn of(der: &[u8], reading: &Reading) -> Option<Self> {
        let (response, _) = expect(der, SEQUENCE)?;
        let (_, _, rest) = element(response)?;
        let (bytes, _) = expect(rest, CONTEXT_0)?;
        let (typed, _) = expect(bytes, SEQUENCE)?;
        let (_, oid, rest) = element(typed)?;
        let (basic, _) = expect(rest, OCTET_STRING)?;
        let (basic, _) = expect(basic, SEQUENCE)?;
        if oid != BASIC {
            return None;
        }
        Self::basic(basic, reading)
    }

    fn basic(basic: &[u8], reading: &Reading) -> Option<Self> {
        let (data, rest) = expect(basic, SEQUENCE)?;
        let signed = basic.get(..basic.len() - rest.len())?.to_vec();
        let (after, algorithm) = AlgorithmIdentifier::from_der(rest).ok()?;
        let (bits, rest) = expect(after, BIT_STRING)?;
        let answers = elements(data).into_iter().find(|(tag, _)| *tag == SEQUENCE)?.1;
        let answers = elements(answers).into_iter().map(|(_, content)| content);
        let (status, times) = answers.filter_map(|one| answer(one, reading)).next()?;
        let certificates = expect(rest, CONTEXT_0).and_then(|(all, _)| expect(all, SEQUENCE));
        let certificates = certificates.map(|(all, _)| whole_elements(all)).unwrap_or_default();
        Some(Self {
            status,
            this_update: times.this_update,
            next_update: times.next_update,
            revoked_at: times.revoked_at,
            signed,
            algorithm: reading::algorithm(&algorithm),
            signature: bits.get(1..)?.to_vec(),
            certificates,
        })
    }

    /// Whether the issuer signed it, or somebody whom the issuer lets answer (RFC 6960 §4.2.2.2).
    pub(super) fn is_signed_by(&self, issuer: &Reading) -> Signed {
        let own = signature::verify(&self.algorithm, &issuer.key, &self.signed, &self.signature);
        if own == Signed::Yes {
            return own;
        }
        let delegated = self.certificates.iter().filter_map(|der| Reading::of(der)).any(|other| {
            let may =
                other.certificate.extended_key_usage.iter().any(|usage| usage == "OCSPSigning");
            let by_issuer = signature::verify(
                &other.signature_algorithm,
                &issuer.key,
                &other.signed,
                &other.signature,
            );
            let signs =
                signature::verify(&self.algorithm, &other.key, &self.signed, &self.signature);
            may && by_issuer == Signed::Yes && signs == Signed::Yes
        });
        if delegated { Signed::Yes } else { own }
    }

    /// Out of date at that time.
    pub(super) fn is_old(&self, at: Timestamp) -> bool {
        self.next_update.is_some_and(|next| next < at)
    }

    pub(super) fn report(&self) -> StapleReport {
        StapleReport {
            status: self.status,
            this_update: self.this_update,
            next_update: self.next_update,
            revoked_at: self.revoked_at,
        }
    }
}

/// The elements of a sequence, each with its tag and length.
fn whole_elements(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some((_, _, rest)) = element(bytes) {
        found.extend(bytes.get(..bytes.len() - rest.len()).map(<[u8]>::to_vec));
        bytes = rest;
        if found.len() > MOST_ANSWERS {
            break;
        }
    }
    found
}

struct Times {
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

/// A SingleResponse, if it is about the certificate's serial number.
fn answer(bytes: &[u8], reading: &Reading) -> Option<(StapleStatus, Times)> {
    let (id, rest) = expect(bytes, SEQUENCE)?;
    let serial = elements(id).into_iter().rfind(|(tag, _)| *tag == INTEGER)?.1;
    let plain = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
    if crate::hex::hex(plain) != reading.certificate.serial {
        return None;
    }
    let (tag, content, rest) = element(rest)?;
    let status = match tag & 0x1F {
        0 => StapleStatus::Good,
        1 => StapleStatus::Revoked,
        _ => StapleStatus::Unknown,
    };
    let revoked_at = (status == StapleStatus::Revoked).then(|| time(content)).flatten();
    let this_update = expect(rest, TIME).and_then(|_| time(rest))?;
    let (_, rest) = expect(rest, TIME)?;
    let next_update = expect(rest, CONTEXT_0).and_then(|(content, _)| time(content));
    Some((status, Times { this_update, next_update, revoked_at }))
}
