//! How a session ended for the mail.

use serde::{Deserialize, Serialize};

/// How a session ended for the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A mail was accepted.
    Delivered,
    /// No mail was accepted, and at least one was refused.
    Rejected,
    /// No mail was tried.
    NoMail,
    /// The authentication was refused, and no mail followed.
    AuthFailed,
    /// STARTTLS was refused, and no mail followed.
    StarttlsRefused,
    /// The handshake failed.
    TlsFailed,
    /// The server did not want the connection.
    Refused,
    /// Nobody answered the connection attempt.
    Unanswered,
    /// The connection ended before the client got what it came for, and no reply says so.
    Dropped,
    /// A health check: no mail was meant.
    Probe,
    /// The connection was reset.
    Reset,
    /// The capture begins or ends in the middle.
    Incomplete,
    /// Nothing could be read.
    Unknown,
}

impl Outcome {
    /// All of them, best first.
    pub const ALL: [Self; 13] = [
        Self::Delivered,
        Self::Rejected,
        Self::NoMail,
        Self::AuthFailed,
        Self::StarttlsRefused,
        Self::TlsFailed,
        Self::Refused,
        Self::Unanswered,
        Self::Dropped,
        Self::Probe,
        Self::Reset,
        Self::Incomplete,
        Self::Unknown,
    ];

    /// The outcome of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// What it says, in a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Delivered => "A mail was accepted",
            Self::Rejected => "No mail was accepted, and at least one was refused",
            Self::NoMail => "No mail was tried",
            Self::AuthFailed => "AUTH was refused, and no mail followed",
            Self::StarttlsRefused => "STARTTLS was refused, and no mail followed",
            Self::TlsFailed => "The TLS handshake failed",
            Self::Refused => {
                "The server did not want the connection: 4xx or 5xx instead of a greeting, RST or ICMP"
            }
            Self::Unanswered => "Nobody answered the connection attempt",
            Self::Dropped => {
                "The connection ended before the client got what it came for, and no reply says so"
            }
            Self::Probe => "A health check or port check: no mail was meant",
            Self::Reset => "The connection was reset",
            Self::Incomplete => "The capture begins or ends in the middle",
            Self::Unknown => "What was said lies in TLS that was not opened",
        }
    }

    /// Whether mail failed: no mail is no failure, and of what was not seen nobody knows.
    #[must_use]
    pub fn is_failure(self) -> bool {
        match self {
            Self::Delivered | Self::NoMail | Self::Probe | Self::Incomplete | Self::Unknown => {
                false
            }
            Self::Rejected
            | Self::AuthFailed
            | Self::StarttlsRefused
            | Self::TlsFailed
            | Self::Refused
            | Self::Unanswered
            | Self::Dropped
            | Self::Reset => true,
        }
    }

    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::NoMail => "no_mail",
            Self::AuthFailed => "auth_failed",
            Self::StarttlsRefused => "starttls_refused",
            Self::TlsFailed => "tls_failed",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::Dropped => "dropped",
            Self::Probe => "probe",
            Self::Reset => "reset",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}
