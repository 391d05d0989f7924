//! What is told of a mail.

use crate::flow::{Closing, TcpFacts};
use crate::hex::hex;
use crate::report::exchange::ReplyReport;
use crate::report::mail::{DkimReport, MailReport, PartReport, RecipientReport};
use crate::smtp::{BodyHash, Dkim, Mail, Part, Recipient};

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
            transfer: mail.transfer,
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

    /// Says whether the client acknowledged the reply, as far as the connection tells.
    pub(super) fn confirm(&mut self, tcp: &TcpFacts, goes_on: bool) {
        let Some(at) = self.reply_at else { return };
        let was_heard = tcp.first_packet.client.is_some();
        let open = tcp.unacknowledged.server;
        let is_over = tcp.closing() != Closing::Open || open.attempts > 0;
        self.confirmed = match open.since {
            _ if !was_heard => None,
            // Who goes on has read the reply, whatever order the packets stand in.
            _ if goes_on => Some(true),
            Some(since) if since <= at => is_over.then_some(false),
            _ => Some(true),
        };
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
