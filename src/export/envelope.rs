//! The envelopes that lie beside exported mails.

use serde::Serialize;

use crate::report::{MailReport, ReplyReport};

/// What SMTP said of a mail, which is not in the mail.
#[derive(Debug, Serialize)]
pub(super) struct Envelope {
    /// The mail's file.
    pub(super) file: String,
    /// The session that it passed in.
    pub(super) session: u64,
    /// The reverse-path without brackets, empty for the null one; null if it was not captured.
    pub(super) from: Option<String>,
    /// The recipients accepted.
    pub(super) to: Vec<String>,
    /// The recipients refused.
    pub(super) rejected_to: Vec<String>,
    /// Length of the mail; null if bytes are missing.
    pub(super) bytes: Option<u64>,
    /// Its SHA-256 in hex; null if bytes are missing.
    pub(super) sha256: Option<String>,
    /// The final reply.
    pub(super) reply: Option<ReplyReport>,
    /// The server's name for it.
    pub(super) queue_id: Option<String>,
    /// Whether the server took it.
    pub(super) accepted: bool,
    /// Whether the file holds it whole.
    pub(super) complete: bool,
}

impl Envelope {
    /// The envelope of the mail in `file`.
    #[must_use]
    pub(super) fn new(file: String, session: u64, mail: MailReport) -> Self {
        Self {
            file,
            session,
            accepted: mail.is_accepted(),
            from: mail.from,
            to: mail.to,
            rejected_to: mail.rejected_to,
            bytes: mail.bytes,
            sha256: mail.sha256,
            reply: mail.reply,
            queue_id: mail.queue_id,
            complete: mail.complete,
        }
    }
}

/// The document: an array, indented, with a line end behind it.
///
/// # Errors
///
/// None that is known: the values have no maps with odd keys.
pub(super) fn to_json(envelopes: &[Envelope]) -> serde_json::Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(envelopes)?;
    json.push(b'\n');
    Ok(json)
}
