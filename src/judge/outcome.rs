//! How a session ended for the mail.

use super::diagnosis::{decisive_alert, hard_error, objection};
use super::timing::GREETING_WAIT;
use super::vantage::is_one_sided;
use crate::flow::{Closing, TcpFacts};
use crate::report::exchange::ConversationExchange;
use crate::report::outcome::Outcome;
use crate::report::smtp::SmtpReport;
use crate::role::Role;
use crate::smtp::{AuthResult, StartTls, Verb};
use crate::tls::TlsFacts;

/// Commands of a client that only looks whether the server is there. With HELO nothing can be asked
/// for: whoever wants TLS or AUTH says EHLO.
const CHECKS: [Verb; 5] = [Verb::Helo, Verb::Noop, Verb::Rset, Verb::Help, Verb::Quit];

/// Commands of a transaction.
const OF_A_MAIL: [Verb; 5] = [Verb::Mail, Verb::Rcpt, Verb::Data, Verb::Bdat, Verb::Message];

/// What an outcome is made of.
pub(crate) struct Ending<'a> {
    pub(crate) tcp: &'a TcpFacts,
    pub(crate) tls: Option<&'a TlsFacts>,
    /// Both sides agreed on keys.
    pub(crate) tls_established: bool,
    /// Anything came out of the ciphertext.
    pub(crate) opened: bool,
    pub(crate) smtp: Option<&'a SmtpReport>,
    /// What the server says first is none of SMTP's.
    pub(crate) is_foreign: bool,
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
            if self.was_broken_off(tls) {
                return Outcome::TlsFailed;
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

    /// A connection on which nothing was said.
    fn without_words(&self) -> Outcome {
        let tcp = self.tcp;
        if tcp.syn.is_none() || self.lacks_bytes() {
            return Outcome::Incomplete;
        }
        if tcp.syn_ack.is_none() && tcp.established.is_none() {
            let is_refused = tcp.rst.server.is_some() || hard_error(&tcp.errors).is_some();
            // A client that goes on was answered: by packets that were not captured.
            let goes_on = tcp.counters.client.packets > tcp.syns && tcp.rst.client.is_none();
            return match (is_refused, goes_on) {
                (true, _) => Outcome::Refused,
                (false, true) => Outcome::Incomplete,
                (false, false) => Outcome::Unanswered,
            };
        }
        match tcp.closing() {
            Closing::Open => Outcome::Incomplete,
            _ if self.is_look() => Outcome::Probe,
            _ => Outcome::Dropped,
        }
    }

    /// Bytes that were sent are not in the capture, or nothing of one side is.
    fn lacks_bytes(&self) -> bool {
        let counters = &self.tcp.counters;
        let lost = counters.client.lost_bytes + counters.server.lost_bytes > 0;
        let spoke = counters.client.stream_bytes + counters.server.stream_bytes > 0;
        lost || (spoke && is_one_sided(self.tcp))
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

    /// Both sides had their keys, and one of them objected before anything was said: in TLS 1.3 the
    /// client may be done when the server has not yet looked at its certificate (RFC 8446 §4.4.2.4).
    fn was_broken_off(&self, tls: &TlsFacts) -> bool {
        let objection = objection(tls, self.tcp).filter(|objection| objection.ends_handshake());
        if !self.opened && objection.is_some() {
            return true;
        }
        let speaks =
            |exchange: &ConversationExchange| exchange.encrypted && exchange.reply.is_some();
        let talked = self.smtp.is_some_and(|smtp| smtp.exchanges.iter().any(speaks));
        !talked && decisive_alert(tls, self.tcp).is_some()
    }

    fn of_ciphertext(&self, tls: &TlsFacts) -> Outcome {
        let began_before = tls.client_hello.is_none() && tls.server_hello.is_none();
        if began_before { Outcome::Incomplete } else { Outcome::Unknown }
    }

    /// Nothing was accepted or refused: how far did it come, and who ended it?
    fn by_end(&self) -> Outcome {
        let closing = self.tcp.closing();
        if self.said_bye() {
            return if self.is_check() { Outcome::Probe } else { Outcome::NoMail };
        }
        if is_one_sided(self.tcp) && (self.smtp.is_some() || self.tls.is_some()) {
            return Outcome::Incomplete;
        }
        let Some(by) = closer(closing) else { return Outcome::Incomplete };
        if self.is_look() || (by == Role::Client && self.is_check()) {
            return Outcome::Probe;
        }
        let is_rst = matches!(closing, Closing::Rst(_));
        let is_whole = self.tcp.syn.is_some() && !self.lacks_bytes();
        let Some(smtp) = self.smtp.filter(|_| is_whole) else { return self.by_rest(is_rst) };
        match self.is_cut_short(smtp, by) {
            true if is_rst && smtp.greeting.is_some() => Outcome::Reset,
            true => Outcome::Dropped,
            false if is_rst => Outcome::Reset,
            false => Outcome::NoMail,
        }
    }

    /// Where part of it was not captured, or nothing of it was SMTP.
    fn by_rest(&self, is_rst: bool) -> Outcome {
        let unanswered = self.smtp.is_some_and(|smtp| !smtp.mails.is_empty());
        match (is_rst, unanswered) {
            (true, _) => Outcome::Reset,
            // A message was sent, and what became of it was not captured.
            (false, true) => Outcome::Incomplete,
            (false, false) => Outcome::NoMail,
        }
    }

    fn said_bye(&self) -> bool {
        self.smtp.is_some_and(|smtp| {
            smtp.mails.iter().all(|mail| mail.reply.is_some())
                && smtp.exchanges.iter().any(|e| e.verb == Some(Verb::Quit) && e.reply.is_some())
        })
    }

    /// The client connected, said nothing, and left at once.
    fn is_look(&self) -> bool {
        let tcp = self.tcp;
        let (Some(_), Some(up)) = (tcp.syn, tcp.established.or(tcp.syn_ack)) else { return false };
        let end = tcp.left_at(Role::Client);
        let server_end = tcp.left_at(Role::Server);
        let is_first = end.is_some_and(|end| server_end.is_none_or(|server| end <= server));
        is_first
            && tcp.counters.client.stream_bytes == 0
            && !self.is_foreign
            && end.is_some_and(|end| end.ts - up.ts < GREETING_WAIT)
    }

    /// The client said hello in a way that leads to no mail, and no more.
    fn is_check(&self) -> bool {
        let Some(smtp) = self.smtp.filter(|_| self.tls.is_none() && self.tcp.syn.is_some()) else {
            return false;
        };
        let said: Vec<_> = smtp.exchanges.iter().filter_map(|e| e.verb.as_ref()).collect();
        !said.is_empty() && said.iter().all(|verb| CHECKS.contains(verb))
    }

    /// The connection ended while something was owed or under way.
    fn is_cut_short(&self, smtp: &SmtpReport, by: Role) -> bool {
        let greeted = smtp.exchanges.first().is_some_and(|first| {
            first.verb.is_none() && first.reply.as_ref().is_some_and(|reply| reply.complete)
        });
        let told = smtp.exchanges.iter().any(|e| e.reply.as_ref().is_some_and(|r| r.code == 421));
        let owed = smtp.exchanges.iter().any(|e| e.reply.is_none() && e.verb != Some(Verb::Quit));
        let tried = smtp
            .exchanges
            .iter()
            .any(|e| e.verb.as_ref().is_some_and(|verb| OF_A_MAIL.contains(verb)));
        self.is_foreign || !greeted || owed || tried || (by == Role::Server && !told)
    }
}

fn closer(closing: Closing) -> Option<Role> {
    match closing {
        Closing::Fin(by) | Closing::Rst(by) => Some(by),
        Closing::Open => None,
    }
}

/// What the replies to mails say. A message that is accepted when every recipient was refused reaches
/// nobody.
fn by_mail(smtp: &SmtpReport) -> Option<Outcome> {
    let mut accepted = smtp.mails.iter().filter(|mail| mail.is_accepted()).peekable();
    accepted.peek()?;
    let reaches_somebody = accepted.any(|mail| !mail.reaches_nobody());
    Some(if reaches_somebody { Outcome::Delivered } else { Outcome::Rejected })
}

/// What was refused, in the order in which a session gets to it.
fn by_refusal(smtp: &SmtpReport) -> Option<Outcome> {
    let refused = |is_asked: fn(&Verb) -> bool| {
        smtp.exchanges.iter().any(|exchange| {
            exchange.verb.as_ref().is_some_and(is_asked)
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
    let welcome = |exchange: &ConversationExchange| {
        exchange.verb.as_ref().is_some_and(Verb::is_hello)
            && exchange.reply.as_ref().is_some_and(|reply| reply.class() == 2)
    };
    // EHLO may be refused by a server that takes HELO.
    let is_unwelcome = refused(Verb::is_hello) && !smtp.exchanges.iter().any(welcome);
    let is_refused = refused(|verb| OF_A_MAIL.contains(verb));
    (is_unwelcome || is_refused).then_some(Outcome::Rejected)
}
