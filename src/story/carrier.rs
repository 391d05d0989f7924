//! What a session is for the mails that it carries: the little of it that deliveries are made of.

use std::net::SocketAddr;

use super::route::Route;
use super::surroundings::Surroundings;
use crate::moment::Timestamp;
use crate::report::{MailReport, Outcome, Protocol, ReplyReport, SessionReport, TransactionReport};

/// Recipients of one transaction that are kept.
pub(crate) const MOST_RECIPIENTS: usize = 32;

/// Bytes of a reply and of a reason that are kept.
const LONGEST_TEXT: usize = 240;

/// One transaction of a session; of a session without any, the session itself.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    pub(super) session: u64,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) is_lmtp: bool,
    pub(super) start: Timestamp,
    pub(super) frame: u64,
    pub(super) end: Timestamp,
    pub(super) outcome: Outcome,
    /// Why it failed.
    pub(super) why: Option<Box<str>>,
    pub(super) envelope: Option<Box<Envelope>>,
    pub(super) route: Option<Box<Route>>,
    /// The client that a proxy speaks for.
    pub(super) behalf_of: Option<SocketAddr>,
}

/// A transaction.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) from: Box<str>,
    pub(super) to: Vec<Box<str>>,
    pub(super) rejected_to: Vec<Box<str>>,
    pub(super) outcome: Outcome,
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) frame: u64,
    pub(super) code: u16,
    pub(super) reply: Option<Box<str>>,
    pub(super) message_id: Option<Box<str>>,
    pub(super) sha256: Option<Box<str>>,
    /// Whether the client acknowledged the final reply.
    pub(super) confirmed: Option<bool>,
    /// It is a delivery status notification (RFC 3464).
    pub(super) is_report: bool,
}

impl Envelope {
    pub(super) fn is_accepted(&self) -> bool {
        self.outcome == Outcome::Delivered
    }

    /// All recipients that were named.
    pub(super) fn recipients(&self) -> impl Iterator<Item = &Box<str>> {
        self.to.iter().chain(&self.rejected_to)
    }

    pub(super) fn shares_recipient(&self, other: &Self) -> bool {
        let known: Vec<_> = other.recipients().map(|to| to.to_ascii_lowercase()).collect();
        self.recipients().any(|to| known.contains(&to.to_ascii_lowercase()))
    }
}

impl Carrier {
    /// When its part in a delivery begins.
    pub(super) fn begun(&self) -> Timestamp {
        self.envelope.as_ref().map_or(self.start, |envelope| envelope.begun)
    }

    pub(super) fn ended(&self) -> Timestamp {
        self.envelope.as_ref().map_or(self.end, |envelope| envelope.ended)
    }

    /// A connection that was to deliver something, and came to no mail.
    pub(super) fn is_attempt(&self) -> bool {
        let failed = self.outcome.is_failure() && self.outcome != Outcome::AuthFailed;
        let left = self.outcome == Outcome::NoMail && self.why.is_some();
        self.envelope.is_none() && (failed || left)
    }
}

/// What a session carries. Nothing where it can be no part of a delivery.
pub(super) fn carriers(session: &SessionReport, around: &Surroundings) -> Vec<Carrier> {
    if matches!(session.outcome, Outcome::Probe) || session.protocol == Protocol::Tls {
        return Vec::new();
    }
    let route = Route::of(session, around).map(Box::new);
    let proxy = session.proxy.as_ref().and_then(|proxy| proxy.source.as_ref()?.parse().ok());
    let cause = session.diagnosis.as_ref().map(|diagnosis| &diagnosis.cause);
    let whole = Carrier {
        session: session.id,
        client: session.client.0,
        server: session.server.0,
        is_lmtp: session.protocol == Protocol::Lmtp,
        start: session.start,
        frame: session.frames.first,
        end: session.start.plus(session.duration_ns),
        outcome: session.outcome,
        why: cause.map(|cause| cut(&cause.message)),
        envelope: None,
        route,
        behalf_of: proxy,
    };
    let Some(smtp) = &session.smtp else { return vec![whole] };
    let of = |(place, transaction): (usize, &TransactionReport)| {
        let mail = transaction.mail.and_then(|mail| smtp.mails.get(mail));
        let envelope = envelope(session, transaction, mail);
        // How the server was found belongs to the first alone.
        let route = whole.route.clone().map(|mut route| {
            if place > 0 {
                route.steps.clear();
            }
            route
        });
        Carrier { envelope: Some(Box::new(envelope)), route, ..whole.clone() }
    };
    let found: Vec<_> = smtp.transactions.iter().enumerate().map(of).collect();
    if found.is_empty() { vec![whole] } else { found }
}

fn envelope(
    session: &SessionReport,
    transaction: &TransactionReport,
    mail: Option<&MailReport>,
) -> Envelope {
    let begun = session.start.plus(transaction.t_ns.unwrap_or_default());
    let of_mail = mail.and_then(|mail| Some(mail.reply_at.or(mail.end_at)?.ts));
    let reply = transaction.reply.as_ref();
    let copied = |list: &[String]| list.iter().take(MOST_RECIPIENTS).map(|to| cut(to)).collect();
    Envelope {
        from: cut(&transaction.from),
        to: copied(&transaction.to),
        rejected_to: copied(&transaction.rejected_to),
        outcome: transaction.outcome,
        begun,
        ended: of_mail.unwrap_or(begun).max(begun),
        frame: transaction.frame.unwrap_or(session.frames.first),
        code: reply.map_or(0, |reply| reply.code),
        reply: reply.and_then(last_line),
        message_id: mail.and_then(|mail| Some(cut(mail.message_id.as_ref()?))),
        sha256: mail.and_then(|mail| Some(mail.sha256.as_ref()?.as_str().into())),
        confirmed: mail.and_then(|mail| mail.confirmed),
        is_report: transaction.from.is_empty() && mail.is_some_and(is_report),
    }
}

fn last_line(reply: &ReplyReport) -> Option<Box<str>> {
    reply.lines.last().map(|line| cut(line))
}

/// RFC 3464 §2: a part `message/delivery-status`.
fn is_report(mail: &MailReport) -> bool {
    let is_status = |kind: &str| kind.eq_ignore_ascii_case("message/delivery-status");
    mail.parts.iter().any(|part| is_status(part.content_type.split(';').next().unwrap_or_default()))
}

fn cut(text: &str) -> Box<str> {
    let end = text.char_indices().map(|(place, c)| place + c.len_utf8());
    let end = end.take_while(|end| *end <= LONGEST_TEXT).last().unwrap_or_default();
    text.get(..end).unwrap_or(text).into()
}
