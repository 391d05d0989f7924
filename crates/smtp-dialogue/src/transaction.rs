//! A mail transaction (RFC 5321 §3.3) as the server's replies make it.

use super::command::{Parameters, Path};
use super::event::{Mail, Recipient};
use super::message::Summary;
use super::queue_id::queue_id;
use super::reply::Reply;

/// Most bytes of recipients kept of one transaction, with the replies to them: room for tens of
/// thousands, where RFC 5321 §4.5.3.1.8 asks for a hundred. The others are counted.
pub(super) const MAX_RECIPIENT_BYTES: usize = 2 * 1024 * 1024;

/// The envelope under way.
#[derive(Default)]
pub(super) struct Transaction {
    from: Option<String>,
    parameters: Parameters,
    recipients: Vec<Recipient>,
    /// Those that RCPT accepted, by their places.
    accepted: Vec<usize>,
    omitted: u64,
    kept: usize,
    /// What a chunk that is not the last was refused with.
    pub(super) refusal: Option<Reply>,
}

impl Transaction {
    pub(super) fn new(path: Path) -> Self {
        Self { from: Some(path.address), parameters: path.parameters, ..Self::default() }
    }

    /// Takes a recipient; without a reply it counts as accepted, for the mail was sent on.
    pub(super) fn add(&mut self, path: Path, reply: Option<&Reply>) {
        let Path { address, parameters } = path;
        let recipient = Recipient { address, parameters, reply: reply.cloned(), delivery: None };
        self.kept = self.kept.saturating_add(cost(&recipient));
        if self.kept > MAX_RECIPIENT_BYTES {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        if !recipient.is_refused() {
            self.accepted.push(self.recipients.len());
        }
        self.recipients.push(recipient);
    }

    /// The accepted recipient that LMTP's reply number `n` is about.
    pub(super) fn recipient(&self, n: usize) -> Option<&String> {
        self.recipients.get(*self.accepted.get(n)?).map(|recipient| &recipient.address)
    }

    /// How many replies LMTP owes for a message (RFC 2033 §4.2).
    pub(super) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// The mail that this envelope and that message make.
    pub(super) fn into_mail(
        mut self,
        message: Summary,
        replies: Vec<Reply>,
        is_lmtp: bool,
    ) -> Mail {
        if is_lmtp {
            self.deliver(&replies);
        }
        let reply = final_reply(replies).or(self.refusal);
        let addresses = |refused: bool| {
            let is_wanted = move |recipient: &&Recipient| recipient.is_refused() == refused;
            self.recipients.iter().filter(is_wanted).map(|recipient| recipient.address.clone())
        };
        Mail {
            number: message.number,
            from: self.from,
            parameters: self.parameters,
            to: addresses(false).collect(),
            rejected_to: addresses(true).collect(),
            recipients: self.recipients,
            omitted_recipients: self.omitted,
            transfer: message.transfer,
            bytes: message.bytes,
            sha256: message.sha256,
            queue_id: reply.as_ref().and_then(queue_id),
            reply,
            fields: message.fields,
            parts: message.parts,
            dkim: message.dkim,
            encrypted: message.encrypted,
            complete: message.complete,
            data_start: message.start,
            data_end: message.last.filter(|_| message.ended),
        }
    }

    /// RFC 2033 §4.2: one reply a recipient, in the order of their RCPT commands.
    fn deliver(&mut self, replies: &[Reply]) {
        for (place, reply) in self.accepted.iter().zip(replies) {
            if let Some(recipient) = self.recipients.get_mut(*place) {
                recipient.delivery = Some(reply.clone());
            }
        }
    }
}

fn cost(recipient: &Recipient) -> usize {
    let of_parameter = |(keyword, value): (&String, &Option<String>)| {
        keyword.len().saturating_add(value.as_ref().map_or(0, String::len))
    };
    let parameters = recipient.parameters.iter().map(of_parameter).sum::<usize>();
    let lines = recipient.reply.iter().flat_map(|reply| &reply.lines);
    let reply = lines.map(|line| line.as_bytes().len()).sum::<usize>();
    [recipient.address.len(), parameters, reply, size_of::<Recipient>()].iter().sum()
}

/// The first reply that accepts, else the first.
fn final_reply(mut replies: Vec<Reply>) -> Option<Reply> {
    let i = replies.iter().position(Reply::is_positive).unwrap_or(0);
    (i < replies.len()).then(|| replies.swap_remove(i))
}
