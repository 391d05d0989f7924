//! How a session ended for the mail.

use crate::flow::{Closing, TcpFacts};
use crate::report::mail::MailReport;
use crate::report::outcome::Outcome;
use crate::report::smtp::SmtpReport;
use crate::role::Role;
use crate::smtp::{AuthResult, StartTls, Verb};
use crate::tls::TlsFacts;

/// What an outcome is made of.
pub(crate) struct Ending<'a> {
    pub(crate) tcp: &'a TcpFacts,
    pub(crate) tls: Option<&'a TlsFacts>,
    /// Both sides agreed on keys.
    pub(crate) tls_established: bool,
    /// Anything came out of the ciphertext.
    pub(crate) opened: bool,
    pub(crate) smtp: Option<&'a SmtpReport>,
}

impl Ending<'_> {
    /// Decides; what says most about the mail is asked first.
    pub(crate) fn outcome(&self) -> Outcome {
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
        let was_refused = self.smtp.is_some_and(|smtp| smtp.starttls == StartTls::Refused);
        if was_refused && tls.server_hello.is_none() {
            return Outcome::StarttlsRefused;
        }
        // An alert in answer to plain text is a failed handshake too.
        let whole = self.tcp.syn.is_some();
        let begun = tls.client_hello.is_some() || (whole && !tls.alerts.is_empty());
        let closed = self.tcp.closing() != Closing::Open || !tls.alerts.is_empty();
        // What one side did, nobody saw: it may have been all right.
        if is_one_sided(self.tcp) {
            return Outcome::Incomplete;
        }
        let lost = tls.gaps.client.first.is_some() || tls.gaps.server.first.is_some();
        match (begun, closed) {
            (true, _) if lost => Outcome::Unknown,
            (true, true) => Outcome::TlsFailed,
            _ => Outcome::Incomplete,
        }
    }

    fn of_ciphertext(&self, tls: &TlsFacts) -> Outcome {
        let began_before = tls.client_hello.is_none() && tls.server_hello.is_none();
        if began_before { Outcome::Incomplete } else { Outcome::Unknown }
    }

    /// Nothing was accepted or refused: did it end in order?
    fn by_end(&self) -> Outcome {
        let said_bye = self.smtp.is_some_and(|smtp| {
            smtp.mails.iter().all(|mail| mail.reply.is_some())
                && smtp.exchanges.iter().any(|e| e.verb == Some(Verb::Quit) && e.reply.is_some())
        });
        if said_bye {
            return Outcome::NoMail;
        }
        if is_one_sided(self.tcp) && (self.smtp.is_some() || self.tls.is_some()) {
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

/// No packet of one side was captured.
pub(crate) fn is_one_sided(tcp: &TcpFacts) -> bool {
    Role::BOTH.into_iter().any(|role| tcp.counters[role].packets == 0)
}

/// What the replies to mails say.
fn by_mail(smtp: &SmtpReport) -> Option<Outcome> {
    smtp.mails.iter().any(MailReport::is_accepted).then_some(Outcome::Delivered)
}

/// What was refused, in the order in which a session gets to it.
fn by_refusal(smtp: &SmtpReport) -> Option<Outcome> {
    let refused = |verbs: &[Verb]| {
        smtp.exchanges.iter().any(|exchange| {
            exchange.verb.as_ref().is_some_and(|verb| verbs.contains(verb))
                && exchange.reply.as_ref().is_some_and(|reply| reply.class() >= 4)
        })
    };
    if smtp.greeting.as_ref().is_some_and(|greeting| greeting.code >= 400) {
        return Some(Outcome::Refused);
    }
    if smtp.starttls == StartTls::Refused {
        return Some(Outcome::StarttlsRefused);
    }
    if smtp.auth.as_ref().is_some_and(|auth| auth.result == AuthResult::Rejected) {
        return Some(Outcome::AuthFailed);
    }
    refused(&[Verb::Mail, Verb::Rcpt, Verb::Data, Verb::Bdat, Verb::Message])
        .then_some(Outcome::Rejected)
}
