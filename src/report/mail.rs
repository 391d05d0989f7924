//! The mails of a session in the report.

use serde::Serialize;

use super::hex;
use super::session::ReplyReport;
use crate::flow::{Closing, TcpFacts};
use crate::moment::Moment;
use crate::smtp::{BodyHash, Dkim, Mail, Parameters, Part, Recipient};

/// A mail.
#[derive(Clone, Debug, Default, Serialize)]
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
    pub transfer: &'static str,
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
    /// The report of a mail, with the body if that was asked for.
    #[must_use]
    pub fn new(mail: Mail, body: Option<Vec<u8>>) -> Self {
        Self {
            from: mail.from,
            to: mail.to,
            rejected_to: mail.rejected_to,
            parameters: mail.parameters,
            recipients: mail.recipients.into_iter().map(RecipientReport::new).collect(),
            omitted_recipients: mail.omitted_recipients,
            transfer: mail.transfer.name(),
            bytes: mail.bytes,
            sha256: mail.sha256.map(|hash| hex(&hash)),
            reply: mail.reply.as_ref().map(ReplyReport::new),
            queue_id: mail.queue_id,
            message_id: mail.fields.message_id,
            subject: mail.fields.subject,
            date: mail.fields.date,
            header_from: mail.fields.from,
            header_to: mail.fields.to,
            header_cc: mail.fields.cc,
            parts: mail.parts.into_iter().map(PartReport::new).collect(),
            dkim: mail.dkim.into_iter().map(DkimReport::new).collect(),
            encrypted: mail.encrypted,
            complete: mail.complete,
            frame: mail.data_start.map(|at| at.frame),
            t_ns: None,
            end_frame: mail.data_end.map(|at| at.frame),
            confirmed: None,
            begun_at: mail.data_start,
            end_at: mail.data_end,
            reply_at: None,
            body: body.map(|body| String::from_utf8_lossy(&body).into_owned()),
        }
    }

    /// Whether every recipient had been refused, so that nobody gets what the server took.
    #[must_use]
    pub fn reaches_nobody(&self) -> bool {
        self.to.is_empty() && !self.rejected_to.is_empty() && self.omitted_recipients == 0
    }

    /// Whether the client acknowledged the reply, as far as the connection tells.
    pub(super) fn confirm(&mut self, tcp: &TcpFacts) {
        let Some(at) = self.reply_at else { return };
        let was_heard = tcp.first_packet.client.is_some();
        let open = tcp.unacknowledged.server;
        let is_over = tcp.closing() != Closing::Open || open.attempts > 0;
        self.confirmed = match open.since {
            _ if !was_heard => None,
            Some(since) if since <= at => is_over.then_some(false),
            _ => Some(true),
        };
    }

    /// Whether the server took the message.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.class() == 2)
    }
}

impl RecipientReport {
    fn new(recipient: Recipient) -> Self {
        let answered = recipient.reply.is_some() || recipient.delivery.is_some();
        Self {
            accepted: answered.then(|| !recipient.is_refused()),
            reply: recipient.reply.as_ref().map(ReplyReport::new),
            delivery: recipient.delivery.as_ref().map(ReplyReport::new),
            address: recipient.address,
            parameters: recipient.parameters,
        }
    }
}

impl PartReport {
    fn new(part: Part) -> Self {
        Self {
            part: part.number,
            content_type: part.content_type,
            name: part.name,
            disposition: part.disposition,
            transfer_encoding: part.transfer_encoding,
            encoded_bytes: part.encoded_bytes,
            bytes: part.bytes,
            sha256: part.sha256.map(|hash| hex(&hash)),
        }
    }
}

impl DkimReport {
    fn new(dkim: Dkim) -> Self {
        Self {
            domain: dkim.domain,
            selector: dkim.selector,
            algorithm: dkim.algorithm,
            body_hash: dkim.body_hash.map(BodyHash::name),
        }
    }
}
