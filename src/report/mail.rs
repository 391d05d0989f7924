//! The mails of a session in the report.

use serde::Serialize;

use super::exchange::ReplyReport;
use crate::moment::Moment;
use crate::smtp::{Parameters, Transfer};

/// A mail.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct MailReport {
    /// The reverse-path without brackets.
    pub from: Option<String>,
    /// The recipients accepted.
    pub to: Vec<String>,
    /// The recipients refused.
    pub rejected_to: Vec<String>,
    /// What MAIL asked for: keywords in capitals, values as sent.
    pub parameters: Parameters,
    /// Each recipient that was named, in order, and what became of it.
    pub recipients: Vec<RecipientReport>,
    /// Recipients beyond those kept.
    pub omitted_recipients: u64,
    /// `DATA` or `BDAT`.
    pub transfer: Transfer,
    /// Length of the message as the server stores it; null if bytes are missing.
    pub bytes: Option<u64>,
    /// Its SHA-256 in hex; null if bytes are missing.
    pub sha256: Option<String>,
    /// The final reply.
    pub reply: Option<ReplyReport>,
    /// The server's name for it.
    pub queue_id: Option<String>,
    /// The Message-ID field.
    pub message_id: Option<String>,
    /// The Subject field, decoded.
    pub subject: Option<String>,
    /// The Date field as written.
    pub date: Option<String>,
    /// The addresses of the From field.
    pub header_from: Vec<String>,
    /// Those of the To field.
    pub header_to: Vec<String>,
    /// Those of the Cc field.
    pub header_cc: Vec<String>,
    /// Its parts that are no multiparts.
    pub parts: Vec<PartReport>,
    /// Its DKIM signatures.
    pub dkim: Vec<DkimReport>,
    /// Whether it passed inside TLS.
    pub encrypted: bool,
    /// Whether it was captured from its first byte to its end.
    pub complete: bool,
    /// The frame of the message's first byte.
    pub frame: Option<u64>,
    /// Time of that byte since the session's start, in ns.
    pub t_ns: Option<i64>,
    /// The frame of the message's last byte.
    pub end_frame: Option<u64>,
    /// Whether the client acknowledged the final reply; null if that cannot be told.
    pub confirmed: Option<bool>,
    /// When the first byte came.
    #[serde(skip)]
    pub begun_at: Option<Moment>,
    /// When the last byte came.
    #[serde(skip)]
    pub end_at: Option<Moment>,
    /// When the final reply came.
    #[serde(skip)]
    pub reply_at: Option<Moment>,
    /// The message itself: only with `--reveal body`, and no more than its first 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A recipient.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RecipientReport {
    /// The forward-path without brackets.
    pub address: String,
    /// Whether it was accepted, in LMTP by the reply to the message; null if no reply was captured.
    pub accepted: Option<bool>,
    /// What RCPT asked for.
    pub parameters: Parameters,
    /// The reply to RCPT.
    pub reply: Option<ReplyReport>,
    /// LMTP's reply to the message for this recipient.
    pub delivery: Option<ReplyReport>,
}

/// A part of a message, measured and hashed as it is when decoded.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PartReport {
    /// Its place: `1`, `2.1`.
    pub part: String,
    /// Its type.
    pub content_type: String,
    /// The file's name.
    pub name: Option<String>,
    /// `attachment` or `inline`.
    pub disposition: Option<String>,
    /// How it was encoded.
    pub transfer_encoding: Option<String>,
    /// Its length as sent; null if bytes are missing.
    pub encoded_bytes: Option<u64>,
    /// Its length when decoded; null if bytes are missing.
    pub bytes: Option<u64>,
    /// Its SHA-256 when decoded, in hex; null if bytes are missing.
    pub sha256: Option<String>,
}

/// A DKIM signature.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DkimReport {
    /// Who vouches for the message.
    pub domain: String,
    /// Under which name of that domain the key is.
    pub selector: String,
    /// The algorithms, as written.
    pub algorithm: String,
    /// `match`, `mismatch` or `unsupported`; null if bytes of the body are missing.
    pub body_hash: Option<&'static str>,
}

impl MailReport {
    /// Whether every recipient had been refused, so that nobody gets what the server took.
    #[must_use]
    pub fn reaches_nobody(&self) -> bool {
        self.to.is_empty() && !self.rejected_to.is_empty() && self.omitted_recipients == 0
    }

    /// Whether the server took the message.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.class() == 2)
    }
}
