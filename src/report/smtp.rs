//! The dialogue of a session.

use serde::Serialize;

use super::exchange::ConversationExchange;
use super::mail::MailReport;
use super::transaction::TransactionReport;
use crate::smtp::{AuthResult, StartTls, Verb};

/// The dialogue of a session.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SmtpReport {
    /// The server's first reply.
    pub greeting: Option<GreetingReport>,
    /// The last EHLO, HELO or LHLO.
    pub helo: Option<Helo>,
    /// What the last EHLO reply offered.
    pub extensions: Vec<String>,
    /// How far STARTTLS came.
    pub starttls: StartTls,
    /// The authentication, if one was tried.
    pub auth: Option<AuthReport>,
    /// Commands and replies in order.
    pub exchanges: Vec<ConversationExchange>,
    /// Exchanges beyond those kept.
    pub omitted_exchanges: u64,
    /// The transactions whose message was sent.
    pub mails: Vec<MailReport>,
    /// All transactions: each MAIL, and what became of it.
    pub transactions: Vec<TransactionReport>,
}

/// The server's first reply.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GreetingReport {
    /// Its code.
    pub code: u16,
    /// Its text.
    pub text: String,
}

/// How the client introduced itself.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Helo {
    /// `EHLO`, `HELO` or `LHLO`.
    pub verb: Verb,
    /// The name it gave.
    pub name: String,
}

/// An authentication.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AuthReport {
    /// The SASL mechanism.
    pub mechanism: String,
    /// The user, where the mechanism tells it.
    pub user: Option<String>,
    /// `accepted`, `rejected` or `unfinished`.
    pub result: AuthResult,
}
