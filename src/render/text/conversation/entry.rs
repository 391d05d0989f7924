//! What the conversation is made of, in the order in which it passed: pipelined commands stand
//! together, before their replies.

use crate::render::text::grid::Instant;
use crate::report::{
    ConversationExchange, Layer, MailReport, SessionReport, SmtpReport, TimelineEntry,
    TimelineEvent, TlsReport, Verb,
};

/// Something that was said, or should have been.
pub(in crate::render) enum Entry<'a> {
    /// TLS begins.
    Border(&'a TlsReport),
    /// A command line.
    Command(&'a ConversationExchange),
    /// A message body; which mail it is of, where that is certain.
    Message(Option<&'a MailReport>),
    /// A reply.
    Reply(&'a ConversationExchange),
    /// What is no text but belongs there: bytes that were not captured, and alerts.
    Event(&'a TimelineEntry),
}

type Entries<'a> = Vec<(Instant, Entry<'a>)>;

/// All of a session, by time.
pub(in crate::render) fn entries(session: &SessionReport) -> Entries<'_> {
    let exchanges = session.smtp.as_ref().map_or(0, |smtp| smtp.exchanges.len());
    // A command and a reply each, the border, and some messages.
    let mut entries = Vec::with_capacity(2 * exchanges + 8);
    entries.extend(border(session));
    if let Some(smtp) = &session.smtp {
        say(session, smtp, &mut entries);
    }
    if !entries.is_empty() {
        entries.extend(events(session));
    }
    entries.sort_by_key(|&(at, _)| at);
    entries
}

/// The border stands where the first sign of TLS is.
fn border(session: &SessionReport) -> Option<(Instant, Entry<'_>)> {
    let tls = session.tls.as_ref()?;
    let first = session.timeline.iter().find(|entry| entry.event.layer() == Layer::Tls);
    Some((first.map_or(START, instant), Entry::Border(tls)))
}

/// Before everything else.
const START: Instant = Instant { t_ns: i64::MIN, frame: 0 };

fn events(session: &SessionReport) -> impl Iterator<Item = (Instant, Entry<'_>)> {
    let is_told = |entry: &&TimelineEntry| match entry.event {
        TimelineEvent::TcpGap => true,
        TimelineEvent::TlsAlert => entry.detail.as_deref() != Some("encrypted"),
        _ => false,
    };
    let told = session.timeline.iter().filter(is_told);
    told.map(|event| (instant(event), Entry::Event(event)))
}

fn instant(entry: &TimelineEntry) -> Instant {
    Instant { t_ns: entry.t_ns, frame: entry.frame }
}

fn say<'a>(session: &'a SessionReport, smtp: &'a SmtpReport, said: &mut Entries<'a>) {
    let mut mails = Mails { mails: &smtp.mails };
    let mut last_body = None;
    for exchange in &smtp.exchanges {
        let (asked, answered) = instants(exchange);
        let is_body = exchange.verb == Some(Verb::Message);
        // LMTP answers one body once a recipient: it was sent but once (RFC 2033 §4.2).
        let again = is_body && last_body == Some(asked);
        if is_body && !again {
            said.push((began(session, asked), Entry::Message(mails.of(exchange))));
        }
        if exchange.command.is_some() && !again {
            said.push((asked, Entry::Command(exchange)));
        }
        if ends_chunks(exchange) {
            said.push((asked, Entry::Message(mails.of(exchange))));
        }
        if exchange.reply.is_some() {
            said.push((answered, Entry::Reply(exchange)));
        }
        last_body = is_body.then_some(asked);
    }
}

/// When command and reply passed.
fn instants(exchange: &ConversationExchange) -> (Instant, Instant) {
    let t_ns = exchange.t_ns.unwrap_or_default();
    let asked = Instant { t_ns, frame: exchange.frame.unwrap_or_default() };
    let answered = Instant {
        t_ns: t_ns.saturating_add(exchange.latency_ns.unwrap_or_default()),
        frame: exchange.reply_frame.unwrap_or_default(),
    };
    (asked, answered)
}

/// When the body began that ended at `end`.
fn began(session: &SessionReport, end: Instant) -> Instant {
    let starts =
        session.timeline.iter().filter(|entry| entry.event == TimelineEvent::SmtpDataStart);
    starts.map(instant).take_while(|start| *start <= end).last().unwrap_or(end)
}

fn ends_chunks(exchange: &ConversationExchange) -> bool {
    let ends = |command: &str| command.trim_end().to_ascii_uppercase().ends_with(" LAST");
    exchange.verb == Some(Verb::Bdat) && exchange.command.as_deref().is_some_and(ends)
}

/// The mails that have not met their body yet.
struct Mails<'a> {
    mails: &'a [MailReport],
}

impl<'a> Mails<'a> {
    /// The mail whose body `exchange` ends: the next one, if it was answered by the same words.
    fn of(&mut self, exchange: &ConversationExchange) -> Option<&'a MailReport> {
        let (next, rest) = self.mails.split_first()?;
        let lines = |reply: &'a crate::report::ReplyReport| &reply.lines;
        let is_answered = exchange.reply.is_some();
        let fits = match (&next.reply, &exchange.reply) {
            (Some(mail), Some(reply)) => lines(mail) == &reply.lines,
            _ => next.reply.is_some() == is_answered,
        };
        if fits {
            self.mails = rest;
        }
        fits.then_some(next)
    }
}
