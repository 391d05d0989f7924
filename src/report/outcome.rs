//! How a session ended for the mail.

use serde::Serialize;

use super::session::SmtpReport;
use crate::flow::{Closing, TcpFacts};
use crate::role::Role;
use crate::tls::TlsFacts;

/// How a session ended for the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// The connection was reset.
    Reset,
    /// The capture begins or ends in the middle.
    Incomplete,
    /// Nothing could be read.
    Unknown,
}

impl Outcome {
    /// All of them, best first.
    pub const ALL: [Self; 10] = [
        Self::Delivered,
        Self::Rejected,
        Self::NoMail,
        Self::AuthFailed,
        Self::StarttlsRefused,
        Self::TlsFailed,
        Self::Refused,
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
                "The server did not want the connection: 4xx or 5xx instead of a greeting, or RST"
            }
            Self::Reset => "The connection was reset",
            Self::Incomplete => "The capture begins or ends in the middle",
            Self::Unknown => "What was said lies in TLS that was not opened",
        }
    }

    /// Whether mail failed: no mail is no failure, and of what was not seen nobody knows.
    #[must_use]
    pub fn is_failure(self) -> bool {
        match self {
            Self::Delivered | Self::NoMail | Self::Incomplete | Self::Unknown => false,
            Self::Rejected
            | Self::AuthFailed
            | Self::StarttlsRefused
            | Self::TlsFailed
            | Self::Refused
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
            Self::Reset => "reset",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}

/// What an outcome is made of.
pub(super) struct Ending<'a> {
    pub(super) tcp: &'a TcpFacts,
    pub(super) tls: Option<&'a TlsFacts>,
    /// Both sides agreed on keys.
    pub(super) tls_established: bool,
    /// Anything came out of the ciphertext.
    pub(super) opened: bool,
    pub(super) smtp: Option<&'a SmtpReport>,
}

impl Ending<'_> {
    /// Decides; what says most about the mail is asked first.
    pub(super) fn outcome(&self) -> Outcome {
        if let Some(outcome) = self.smtp.and_then(by_mail) {
            return outcome;
        }
        if self.smtp.is_none() && self.tls.is_none() {
            return self.without_words();
        }
        if let Some(tls) = self.tls {
            if !self.tls_established {
                return self.of_failed_handshake(tls);
            }
            if !self.opened {
                return self.of_ciphertext(tls);
            }
        }
        if let Some(outcome) = self.smtp.and_then(by_refusal) {
            return outcome;
        }
        let is_closed = |tls: &TlsFacts| Role::BOTH.into_iter().any(|role| tls.stays_closed(role));
        if self.tls.is_some_and(is_closed) {
            return Outcome::Unknown;
        }
        self.by_end()
    }

    /// A connection on which nothing was said: refused by an RST, or never answered.
    fn without_words(&self) -> Outcome {
        match self.tcp.rst.server {
            Some(_) if self.tcp.established.is_none() && self.tcp.syn.is_some() => Outcome::Refused,
            _ => self.by_end(),
        }
    }

    fn of_failed_handshake(&self, tls: &TlsFacts) -> Outcome {
        // Some clients begin TLS although the server has refused it.
        let was_refused = self.smtp.is_some_and(|smtp| smtp.starttls == "refused");
        if was_refused && tls.server_hello.is_none() {
            return Outcome::StarttlsRefused;
        }
        // An alert in answer to plain text is a failed handshake too.
        let whole = self.tcp.syn.is_some();
        let begun = tls.client_hello.is_some() || (whole && !tls.alerts.is_empty());
        let closed = self.tcp.closing() != Closing::Open || !tls.alerts.is_empty();
        // What one side did, nobody saw: it may have been all right.
        if self.is_one_sided() {
            return Outcome::Incomplete;
        }
        let lost = tls.holes.client.first.is_some() || tls.holes.server.first.is_some();
        match (begun, closed) {
            (true, _) if lost => Outcome::Unknown,
            (true, true) => Outcome::TlsFailed,
            _ => Outcome::Incomplete,
        }
    }

    /// No packet of one side was captured.
    fn is_one_sided(&self) -> bool {
        Role::BOTH.into_iter().any(|role| self.tcp.counters[role].packets == 0)
    }

    fn of_ciphertext(&self, tls: &TlsFacts) -> Outcome {
        let began_before = tls.client_hello.is_none() && tls.server_hello.is_none();
        if began_before { Outcome::Incomplete } else { Outcome::Unknown }
    }

    /// Nothing was accepted or refused: did it end in order?
    fn by_end(&self) -> Outcome {
        let said_bye = self.smtp.is_some_and(|smtp| {
            smtp.mails.iter().all(|mail| mail.reply.is_some())
                && smtp
                    .exchanges
                    .iter()
                    .any(|e| e.verb.as_deref() == Some("QUIT") && e.reply.is_some())
        });
        if said_bye {
            return Outcome::NoMail;
        }
        if self.is_one_sided() && (self.smtp.is_some() || self.tls.is_some()) {
            return Outcome::Incomplete;
        }
        // A message was sent, and what became of it was not captured.
        let unanswered = self.smtp.is_some_and(|smtp| !smtp.mails.is_empty());
        match self.tcp.closing() {
            Closing::Fin(_) if unanswered => Outcome::Incomplete,
            Closing::Rst(_) => Outcome::Reset,
            Closing::Fin(_) if self.smtp.is_some() || self.tls.is_some() => Outcome::NoMail,
            Closing::Fin(_) if self.tcp.syn.is_some() => Outcome::NoMail,
            _ => Outcome::Incomplete,
        }
    }
}

/// What the replies to mails say.
fn by_mail(smtp: &SmtpReport) -> Option<Outcome> {
    smtp.mails.iter().any(super::MailReport::is_accepted).then_some(Outcome::Delivered)
}

/// What was refused, in the order in which a session gets to it.
fn by_refusal(smtp: &SmtpReport) -> Option<Outcome> {
    let refused = |verbs: &[&str]| {
        smtp.exchanges.iter().any(|exchange| {
            exchange.verb.as_deref().is_some_and(|verb| verbs.contains(&verb))
                && exchange.reply.as_ref().is_some_and(|reply| reply.class() >= 4)
        })
    };
    if smtp.greeting.as_ref().is_some_and(|greeting| greeting.code >= 400) {
        return Some(Outcome::Refused);
    }
    if smtp.starttls == "refused" {
        return Some(Outcome::StarttlsRefused);
    }
    if smtp.auth.as_ref().is_some_and(|auth| auth.result == "rejected") {
        return Some(Outcome::AuthFailed);
    }
    refused(&["MAIL", "RCPT", "DATA", "BDAT", "."]).then_some(Outcome::Rejected)
}
