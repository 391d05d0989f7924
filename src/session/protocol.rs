//! What is spoken on a connection.

use serde::{Deserialize, Serialize};

use super::{Ends, Observer, Session, Text};

/// What a session carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl<O: Observer> Session<O> {
    pub(super) fn protocol(&self, ends: &Ends, has_tls: bool) -> Protocol {
        let facts = match &self.text {
            Text::Talking(dialogue) => Some(dialogue.facts()),
            Text::Sniffing | Text::Foreign => None,
        };
        match (facts, has_tls) {
            (Some(facts), _) if facts.is_lmtp => Protocol::Lmtp,
            (Some(_), true) if self.implicit => Protocol::Smtps,
            (Some(_), true) => Protocol::SmtpStartTls,
            (Some(_), false) => Protocol::Smtp,
            (None, true) if matches!(self.text, Text::Sniffing) && self.is_mail_server(ends) => {
                if self.implicit {
                    Protocol::Smtps
                } else {
                    Protocol::SmtpStartTls
                }
            }
            (None, true) => Protocol::Tls,
            (None, false) => Protocol::Unknown,
        }
    }

    /// By its port, or by what a row of the key list says of it.
    pub(super) fn is_mail_server(&self, ends: &Ends) -> bool {
        let mut rows = self.keys.ring.rows_naming(ends.server.ip(), ends.server.port());
        self.is_smtp_port() || rows.any(|(row, _)| row.protocol == "smtp")
    }
}
