//! What verifying a certificate chain comes to: `tls.validation`.

use serde::Serialize;

use crate::moment::Timestamp;

/// Whether a chain holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ValidationStatus {
    /// It leads to what is trusted, and nothing speaks against it.
    Valid,
    /// Something speaks against it, whoever verifies.
    Invalid,
    /// Nothing was given to trust, or something cannot be verified here.
    NotChecked,
}

impl ValidationStatus {
    /// `valid`, `invalid` or `not_checked`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::NotChecked => "not_checked",
        }
    }

    /// The same in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::NotChecked => "not checked",
        }
    }
}

/// The verdict on a chain.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Validation {
    /// Whether it holds.
    pub status: ValidationStatus,
    /// The code of the first reason against it; null if nothing speaks against it.
    pub reason: Option<&'static str>,
    /// The verdict in a sentence.
    pub message: String,
    /// The place of the certificate concerned in `tls.certificates`; null if it is not one of these.
    pub certificate: Option<usize>,
    /// The host that the certificate must name; null if nothing tells.
    pub name: Option<String>,
    /// What tells: `sni`, `address`, `greeting`, `ehlo`, `mx`.
    pub name_from: Option<&'static str>,
    /// What is trusted: files of `--ca`, or DANE.
    pub trust: Option<String>,
    /// The path from the first certificate up, with where each comes from: `sent`, `trusted`, `capture`.
    pub path: Vec<PathStep>,
    /// Everything that speaks against it, also what only some programs refuse.
    pub problems: Vec<Problem>,
    /// What is worth knowing and no reason to refuse.
    pub notes: Vec<String>,
    /// What the other side did with it: `accepted`, `refused`; null if that does not show.
    pub peer: Option<&'static str>,
    /// The stapled OCSP response.
    pub staple: Option<StapleReport>,
    /// DANE, if there are TLSA records for the host.
    pub dane: Option<DaneReport>,
    /// MTA-STS, if a policy was given.
    pub mta_sts: Option<StsReport>,
}

/// A certificate of a path.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PathStep {
    /// Its subject.
    pub subject: String,
    /// `sent`, `trusted` or `capture`.
    pub from: &'static str,
    /// Its place in `tls.certificates`, if it was sent.
    pub certificate: Option<usize>,
    /// The session that shows it, if it comes from the rest of the capture.
    pub session: Option<u64>,
}

impl PathStep {
    /// A step.
    #[must_use]
    pub fn new(
        subject: String,
        from: &'static str,
        certificate: Option<usize>,
        session: Option<u64>,
    ) -> Self {
        Self { subject, from, certificate, session }
    }
}

/// A reason against a certificate.
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "made in `trust`")]
pub struct Problem {
    /// Its code.
    pub reason: &'static str,
    /// The certificate's place in `tls.certificates`, if it was sent.
    pub certificate: Option<usize>,
    /// The certificate's subject.
    pub subject: String,
    /// The reason in a sentence.
    pub message: String,
    /// Programs that refuse, where not all do.
    pub refused_by: Vec<&'static str>,
}

/// What an OCSP response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StapleStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// The responder does not know the certificate.
    Unknown,
}

/// The OCSP response that a server sent along (RFC 6960).
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "made in `trust`")]
pub struct StapleReport {
    /// What it says.
    pub status: StapleStatus,
    /// When that was known to be right.
    pub this_update: Timestamp,
    /// When there will be newer information, at the latest.
    pub next_update: Option<Timestamp>,
    /// When the certificate was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What TLSA records come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DaneStatus {
    /// A usable record matches.
    Match,
    /// There are usable records, and none matches.
    Mismatch,
    /// No record is usable for mail: TLS is mandatory, and nothing is authenticated.
    Unusable,
    /// The answer was not authenticated by DNSSEC, so DANE does not apply.
    Insecure,
}

/// DANE (RFC 7672).
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "made in `trust`")]
pub struct DaneReport {
    /// What the records come to.
    pub status: DaneStatus,
    /// Their owner: `_25._tcp.mx.example.org.`.
    pub owner: String,
    /// The verdict in a sentence.
    pub message: String,
    /// The records.
    pub records: Vec<DaneRecord>,
    /// The record that would match the server's certificate.
    pub would_match: String,
    /// Whether the answer had the AD bit; null for records of a file.
    pub authenticated: Option<bool>,
}

/// A TLSA record.
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "made in `trust`")]
pub struct DaneRecord {
    /// `TLSA 3 1 1 …`.
    pub record: String,
    /// The file and line, or the frame.
    pub source: String,
    /// Why it is not used; null if it is.
    pub unusable: Option<String>,
    /// The place in `tls.certificates` of the certificate that it matches.
    pub certificate: Option<usize>,
}

/// The mode of an MTA-STS policy (RFC 8461 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StsMode {
    /// Mail to an MX that does not keep to it must not be delivered.
    Enforce,
    /// It is delivered, and reported.
    Testing,
    /// The policy demands nothing.
    None,
}

impl StsMode {
    /// The mode of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Enforce, Self::Testing, Self::None].into_iter().find(|mode| mode.name() == name)
    }

    /// `enforce`, `testing` or `none`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

/// What a policy comes to for an MX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StsStatus {
    /// The MX is listed, and its certificate is valid.
    Match,
    /// The MX is listed; its certificate was not verified.
    Listed,
    /// The MX is not listed.
    MxNotListed,
    /// The MX is listed, and its certificate is not valid.
    CertificateInvalid,
    /// The policy holds no longer.
    Expired,
    /// The policy demands nothing.
    NoDemand,
}

/// MTA-STS (RFC 8461).
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "made in `trust`")]
pub struct StsReport {
    /// What the policy comes to.
    pub status: StsStatus,
    /// Its mode.
    pub mode: StsMode,
    /// The verdict in a sentence.
    pub message: String,
    /// The MX.
    pub mx: String,
    /// Whether the policy lists it.
    pub listed: bool,
    /// The policy's file.
    pub policy: String,
}
