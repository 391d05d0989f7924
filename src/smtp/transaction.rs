//! A mail transaction (RFC 5321 §3.3) as the server's replies make it.

use super::event::{Delivery, Mail};
use super::message::Summary;
use super::queue_id::queue_id;
use super::reply::Reply;

/// Most bytes of recipients kept of one transaction: room for tens of thousands, where
/// RFC 5321 §4.5.3.1.8 asks for a hundred. The others are counted.
const MAX_RECIPIENT_BYTES: usize = 1024 * 1024;

/// What one recipient costs beyond its letters.
const RECIPIENT_COST: usize = size_of::<String>();

/// The envelope under way.
#[derive(Default)]
pub(super) struct Transaction {
    from: Option<String>,
    to: Vec<String>,
    rejected_to: Vec<String>,
    omitted: u64,
    kept: usize,
    /// What a chunk that is not the last was refused with.
    pub(super) refusal: Option<Reply>,
}

impl Transaction {
    pub(super) fn new(from: String) -> Self {
        Self { from: Some(from), ..Self::default() }
    }

    /// Takes a recipient; without a reply it counts as accepted, for the mail was sent on.
    pub(super) fn add(&mut self, to: String, reply: Option<&Reply>) {
        self.kept = self.kept.saturating_add(to.len()).saturating_add(RECIPIENT_COST);
        if self.kept > MAX_RECIPIENT_BYTES {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        let list = match reply {
            Some(reply) if !reply.is_positive() => &mut self.rejected_to,
            _ => &mut self.to,
        };
        list.push(to);
    }

    /// The accepted recipient that LMTP's reply number `n` is about.
    pub(super) fn recipient(&self, n: usize) -> Option<&String> {
        self.to.get(n)
    }

    /// How many replies LMTP owes for a message (RFC 2033 §4.2).
    pub(super) fn accepted(&self) -> usize {
        self.to.len()
    }

    /// The mail that this envelope and that message make.
    pub(super) fn into_mail(
        mut self,
        message: Summary,
        replies: Vec<Reply>,
        is_lmtp: bool,
    ) -> Mail {
        let deliveries = if is_lmtp { self.deliver(&replies) } else { Vec::new() };
        let reply = final_reply(replies).or(self.refusal);
        Mail {
            number: message.number,
            from: self.from,
            to: self.to,
            rejected_to: self.rejected_to,
            omitted_recipients: self.omitted,
            transfer: message.transfer,
            bytes: message.bytes,
            sha256: message.sha256,
            queue_id: reply.as_ref().and_then(queue_id),
            reply,
            deliveries,
            message_id: message.message_id,
            subject: message.subject,
            encrypted: message.encrypted,
            complete: message.complete,
            data_start: message.start,
            data_end: message.last,
        }
    }

    /// RFC 2033 §4.2: one reply a recipient, in the order of their RCPT commands.
    fn deliver(&mut self, replies: &[Reply]) -> Vec<Delivery> {
        let answered = std::mem::take(&mut self.to);
        let mut deliveries = Vec::new();
        for (i, recipient) in answered.into_iter().enumerate() {
            let Some(reply) = replies.get(i) else {
                self.to.push(recipient);
                continue;
            };
            let list = if reply.is_positive() { &mut self.to } else { &mut self.rejected_to };
            list.push(recipient.clone());
            deliveries.push(Delivery { recipient, reply: reply.clone() });
        }
        deliveries
    }
}

/// The first reply that accepts, else the first.
fn final_reply(mut replies: Vec<Reply>) -> Option<Reply> {
    let i = replies.iter().position(Reply::is_positive).unwrap_or(0);
    (i < replies.len()).then(|| replies.swap_remove(i))
}
