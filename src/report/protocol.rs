//! What a session carries.

use serde::Serialize;

/// What a session carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum Protocol {
    /// SMTP, plain to its end.
    #[serde(rename = "smtp")]
    Smtp,
    /// SMTP that went over to TLS (RFC 3207).
    #[serde(rename = "smtp+starttls")]
    SmtpStartTls,
    /// SMTP inside TLS from the first byte (RFC 8314).
    #[serde(rename = "smtps")]
    Smtps,
    /// LMTP (RFC 2033).
    #[serde(rename = "lmtp")]
    Lmtp,
    /// TLS that carries something else.
    #[serde(rename = "tls")]
    Tls,
    /// Nothing that tells.
    #[serde(rename = "unknown")]
    Unknown,
}

impl Protocol {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::SmtpStartTls => "smtp+starttls",
            Self::Smtps => "smtps",
            Self::Lmtp => "lmtp",
            Self::Tls => "tls",
            Self::Unknown => "unknown",
        }
    }
}
