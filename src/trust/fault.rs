//! Reasons against a certificate: one table of what each is called, and which programs refuse.

use super::path::Source;
use super::reading::Reading;
use crate::report::validation::Problem;

/// A reason. In the order in which they are told: what is wrong in itself ahead of what hangs on the
/// roots that one trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    BadSignature,
    WrongIssuerKey,
    Revoked,
    DuplicateExtension,
    MalformedExtension,
    UnknownCriticalExtension,
    NeverValid,
    Expired,
    NotYetValid,
    IssuerNotCa,
    NoKeyCertSign,
    PathLengthExceeded,
    NameConstraints,
    ExtendedKeyUsage,
    WeakSignature,
    WeakKey,
    NameMismatch,
    SelfSigned,
    IssuerMissing,
    UnknownRoot,
    Unverifiable,
    SmallKey,
    PartialWildcard,
    NameOnlyInCommonName,
    AnyExtendedKeyUsage,
    MustStaple,
    StapleExpired,
    AnchorNotSelfSigned,
    LeafIsCa,
    NegativeSerial,
    LongChain,
}

/// What a reason is to verifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// All of them refuse, at the settings of today's distributions.
    Refused,
    /// Some do.
    Disputed,
    /// Nobody can tell with what we have.
    Open,
}

impl Reason {
    /// The code in the report.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::WrongIssuerKey => "wrong_issuer_key",
            Self::Revoked => "revoked",
            Self::DuplicateExtension => "duplicate_extension",
            Self::MalformedExtension => "malformed_extension",
            Self::UnknownCriticalExtension => "unknown_critical_extension",
            Self::NeverValid => "never_valid",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuerNotCa => "issuer_not_ca",
            Self::NoKeyCertSign => "no_key_cert_sign",
            Self::PathLengthExceeded => "path_length_exceeded",
            Self::NameConstraints => "name_constraints",
            Self::ExtendedKeyUsage => "extended_key_usage",
            Self::WeakSignature => "weak_signature",
            Self::WeakKey | Self::SmallKey => "weak_key",
            Self::NameMismatch => "name_mismatch",
            Self::SelfSigned => "self_signed",
            Self::IssuerMissing => "issuer_missing",
            Self::UnknownRoot => "unknown_root",
            Self::Unverifiable => "unverifiable",
            Self::PartialWildcard => "partial_wildcard",
            Self::NameOnlyInCommonName => "name_only_in_common_name",
            Self::AnyExtendedKeyUsage => "any_extended_key_usage",
            Self::MustStaple => "must_staple",
            Self::StapleExpired => "staple_expired",
            Self::AnchorNotSelfSigned => "anchor_not_self_signed",
            Self::LeafIsCa => "leaf_is_ca",
            Self::NegativeSerial => "negative_serial",
            Self::LongChain => "long_chain",
        }
    }

    /// What it is to verifiers.
    pub(super) fn weight(self) -> Weight {
        match self {
            Self::Unverifiable => Weight::Open,
            Self::SmallKey
            | Self::PartialWildcard
            | Self::NameOnlyInCommonName
            | Self::AnyExtendedKeyUsage
            | Self::MustStaple
            | Self::StapleExpired
            | Self::AnchorNotSelfSigned
            | Self::LeafIsCa
            | Self::NegativeSerial
            | Self::LongChain => Weight::Disputed,
            _ => Weight::Refused,
        }
    }

    /// Programs and libraries that refuse, where not all do.
    pub(super) fn refused_by(self) -> &'static [&'static str] {
        match self {
            Self::SmallKey => &["OpenSSL at security level 2 (Debian)"],
            Self::PartialWildcard => &["GnuTLS", "Go", "Python", "rustls"],
            Self::NameOnlyInCommonName => &["Go", "Python", "rustls", "Java"],
            Self::AnyExtendedKeyUsage => &["OpenSSL", "rustls"],
            Self::MustStaple => &["GnuTLS"],
            Self::StapleExpired => &["GnuTLS", "clients that ask for a staple"],
            Self::AnchorNotSelfSigned => &["OpenSSL without -partial_chain"],
            Self::LeafIsCa => &["rustls"],
            Self::NegativeSerial => &["rustls", "Go"],
            Self::LongChain => &["GnuTLS (16)", "Postfix (9)", "rustls (6)"],
            _ => &[],
        }
    }
}

/// A reason that was found.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    /// Place in what was sent; None if it is a certificate of another source.
    pub(super) certificate: Option<usize>,
    pub(super) subject: String,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(
        reason: Reason,
        source: Source,
        reading: &Reading,
        message: impl Into<String>,
    ) -> Self {
        let certificate = match source {
            Source::Sent(place) => Some(place),
            Source::Trusted | Source::Capture(_) => None,
        };
        let subject = reading.certificate.subject.clone();
        Self { reason, certificate, subject, message: message.into() }
    }

    pub(super) fn weighs(&self, weight: Weight) -> bool {
        self.reason.weight() == weight
    }

    pub(super) fn report(&self) -> Problem {
        Problem {
            reason: self.reason.code(),
            certificate: self.certificate,
            subject: self.subject.clone(),
            message: self.message.clone(),
            refused_by: self.reason.refused_by().to_vec(),
        }
    }
}
