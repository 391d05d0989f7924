//! What a dialogue knows so far: the head of the contract's `smtp` object.

use serde::{Serialize, Serializer};

use super::proxy::ProxyHeader;
use super::verb::Verb;
use crate::moment::Moment;

/// What is known of a dialogue. `helo` and `extensions` are the last ones said, also when TLS has
/// made them void (RFC 3207 §4.2): a session that stays shut has no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpFacts {
    /// The server's first reply.
    pub greeting: Option<Greeting>,
    /// The last EHLO, HELO or LHLO that was not refused.
    pub helo: Option<Helo>,
    /// The keywords, with their parameters, of the last EHLO or LHLO reply.
    pub extensions: Vec<String>,
    /// How far STARTTLS came.
    pub starttls: StartTls,
    /// The last authentication tried.
    pub auth: Option<Auth>,
    /// Whether it is LMTP (RFC 2033).
    pub is_lmtp: bool,
    /// Whether the dialogue is inside TLS now.
    pub encrypted: bool,
    /// The server's first line, where it is no reply: another protocol.
    pub foreign: Option<ForeignLine>,
    /// The client's first command, where it came before the greeting.
    pub early: Option<Moment>,
    /// The PROXY protocol header that came first.
    pub proxy: Option<ProxyHeader>,
}

/// The server's first reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Its code.
    pub code: u16,
    /// The text of all its lines, joined with LF.
    pub text: String,
}

/// A line that is none of SMTP's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignLine {
    /// What it says, without its end.
    pub text: String,
    /// When its last byte was captured.
    pub at: Moment,
}

/// How a client introduced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helo {
    /// `EHLO`, `HELO` or `LHLO`.
    pub verb: Verb,
    /// The name it gave.
    pub name: String,
}

/// How far STARTTLS came in the plain part of a dialogue; ordered by how far that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartTls {
    /// No EHLO reply named it.
    #[default]
    NotOffered,
    /// An EHLO reply named it.
    Offered,
    /// Asked for and answered with something else than 220.
    Refused,
    /// Asked for and answered with 220.
    Accepted,
}

impl StartTls {
    /// `not_offered`, `offered`, `refused` or `accepted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotOffered => "not_offered",
            Self::Offered => "offered",
            Self::Refused => "refused",
            Self::Accepted => "accepted",
        }
    }
}

/// An authentication (RFC 4954).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The SASL mechanism in capitals; empty if it was not one.
    pub mechanism: String,
    /// The user, where the mechanism tells it.
    pub user: Option<String>,
    /// How it ended.
    pub result: AuthResult,
}

/// How an authentication ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthResult {
    /// 235.
    Accepted,
    /// 4xx or 5xx, also after the client cancelled.
    Rejected,
    /// Neither was captured.
    Unfinished,
}

impl AuthResult {
    /// `accepted`, `rejected` or `unfinished`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unfinished => "unfinished",
        }
    }
}

impl Serialize for StartTls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for AuthResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
