//! Who stopped talking, when, and what was owed then.

use super::case::Case;
use super::foreign::quoted;
use super::proxy;
use super::reply::line;
use super::transport;
use crate::flow::{Closing, TcpFacts};
use crate::judge::timing::GREETING_WAIT;
use crate::moment::{Moment, seconds};
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::ConversationExchange;
use crate::report::findings::Finding;
use crate::report::smtp::SmtpReport;
use crate::report::timeline::{Layer, TimelineEntry};
use crate::role::Role;
use crate::smtp::Verb;

/// A silence so long that the side that ended it must have given up, in ns (10 s).
const GAVE_UP: i64 = 10_000_000_000;

/// A silence so long that it is one, in ns (1 s): who closes sooner had another reason.
const SILENT: i64 = 1_000_000_000;

/// A silence on a quiet connection so long that a timeout ended it, in ns (30 s).
const IDLE: i64 = 30_000_000_000;

/// How a connection ended.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) by: Role,
    /// `reset` or `closed`.
    pub(super) deed: &'static str,
    /// The first FIN or RST.
    pub(super) at: Moment,
}

impl Case<'_> {
    /// Who ended the connection, and how.
    pub(super) fn end(&self) -> Option<End> {
        let (by, deed) = match self.tcp.closing() {
            Closing::Rst(by) => (by, "reset"),
            Closing::Fin(by) => (by, "closed"),
            Closing::Open => return None,
        };
        Some(End { by, deed, at: self.tcp.left_at(by)? })
    }

    /// What is missing from the capture, or stays closed, is nothing that was not sent.
    pub(super) fn heard_the_server(&self) -> bool {
        if self.tls.is_some_and(|tls| Role::BOTH.iter().any(|&role| tls.stays_closed(role))) {
            return false;
        }
        let is_one_sided = |finding: &Finding| finding.code == codes::TCP_ONE_SIDED;
        self.session.tcp.lost_bytes.server == 0 && !self.session.findings.iter().any(is_one_sided)
    }

    /// When a frame's line of the conversation was complete.
    pub(super) fn said_at(&self, frame: u64) -> Option<Moment> {
        let is_it =
            |entry: &&TimelineEntry| entry.frame == frame && entry.event.layer() == Layer::Smtp;
        self.session.timeline.iter().rev().find(is_it).map(|entry| entry.at)
    }

    /// The last word of the conversation before an instant.
    pub(super) fn last_word_before(&self, at: Moment) -> Option<&TimelineEntry> {
        let is_before =
            |entry: &&TimelineEntry| entry.event.layer() == Layer::Smtp && entry.at < at;
        self.session.timeline.iter().rev().find(is_before)
    }
}

/// The server let the client in, and closed without a word.
pub(super) fn closed_before_greeting(case: &Case<'_>) -> Option<Cause> {
    let end = case.end().filter(|end| end.by == Role::Server)?;
    let since = case.tcp.established.or(case.tcp.syn_ack)?;
    let message = format!(
        "the server {} the connection {} after it was made, without a greeting (frame {})",
        end.deed,
        seconds(end.at.ts - since.ts),
        end.at.frame
    );
    let cause = Cause::new(codes::SMTP_CLOSED_BEFORE_GREETING, Likelihood::Certain, message);
    let cause = cause.at(end.at.frame);
    let has_waited = end.at.ts - since.ts >= SILENT && case.session.proxy.is_none();
    Some(if has_waited { cause.hint(proxy::MISSING) } else { cause })
}

/// The greeting had begun and not ended: postscreen(8) shows its first line, and waits.
pub(super) fn greeting_unfinished(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let first = smtp.exchanges.first().filter(|first| first.verb.is_none())?;
    let reply = first.reply.as_ref().filter(|reply| !reply.complete)?;
    let end = case.end().filter(|_| case.heard_the_server())?;
    let begun = case.said_at(first.reply_frame?).unwrap_or(end.at);
    let message = format!(
        "the greeting had begun ({}, frame {}), and its last line had not come when the {} {} the connection {} after it was made: the client did not wait until the greeting was complete",
        quoted(reply.lines.first().map_or("", String::as_str)),
        begun.frame,
        end.by.name(),
        end.deed,
        seconds(end.at.ts - case.tcp.established.unwrap_or(begun).ts)
    );
    let is_clients = end.by == Role::Client;
    let message = match is_clients {
        true => message,
        false => message.replace(": the client did not wait until the greeting was complete", ""),
    };
    Some(
        Cause::new(codes::SMTP_GREETING_UNFINISHED, Likelihood::Certain, message)
            .at(first.reply_frame),
    )
}

/// When a side left while the other was still speaking: a FIN that acknowledges everything came last,
/// even if the file has it earlier.
pub(super) fn left_early(tcp: &TcpFacts, role: Role) -> Option<Moment> {
    tcp.rst[role].into_iter().chain(tcp.fin[role].filter(|_| !tcp.fin_heard_all[role])).min()
}

pub(super) fn service_closing(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let left = left_early(case.tcp, Role::Client);
    let is_closing = |exchange: &&ConversationExchange| {
        let at = exchange.reply_frame.and_then(|frame| case.said_at(frame));
        // What is said when the client has left is not why it left.
        let is_too_late = left.zip(at).is_some_and(|(left, at)| left < at);
        exchange.verb != Some(Verb::Quit)
            && !is_too_late
            && exchange.reply.as_ref().is_some_and(|reply| reply.code == 421)
    };
    let exchange = smtp.exchanges.iter().find(is_closing)?;
    let said = line(exchange.reply.as_ref()?);
    let message =
        format!("the server closes the connection{}: {said}", silence_before(case, exchange));
    Some(
        Cause::new(codes::SMTP_SERVICE_CLOSING, Likelihood::Certain, message)
            .at(exchange.reply_frame),
    )
}

/// How long nobody had spoken before a reply that no command asked for.
fn silence_before(case: &Case<'_>, exchange: &ConversationExchange) -> String {
    let at = exchange.reply_frame.and_then(|frame| case.said_at(frame));
    let Some(at) = at.filter(|_| exchange.verb.is_none()) else { return String::new() };
    case.last_word_before(at).map_or_else(String::new, |last| {
        format!(" after {} without a command", seconds(at.ts - last.at.ts))
    })
}

/// The server ended the connection in place of a reply.
pub(super) fn closed_without_reply(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let end = case.end().filter(|end| end.by == Role::Server && case.heard_the_server())?;
    let owed = |exchange: &&ConversationExchange| {
        exchange.reply.is_none() && exchange.verb.as_ref().is_some_and(|verb| *verb != Verb::Quit)
    };
    let exchange = smtp.exchanges.iter().find(owed)?;
    let asked = case.said_at(exchange.frame?).filter(|asked| *asked <= end.at)?;
    let message = format!(
        "the server {} the connection without a reply to {} (frame {}), {} after it{}",
        end.deed,
        exchange.verb.as_ref().map_or("", Verb::name),
        asked.frame,
        seconds(end.at.ts - asked.ts),
        reset_by(case, end)
    );
    Some(Cause::new(codes::SMTP_SERVER_CLOSED, Likelihood::Certain, message).at(end.at.frame))
}

fn reset_by(case: &Case<'_>, end: End) -> String {
    if end.deed == "reset" { transport::reset_origin(case, end.by) } else { String::new() }
}

/// A side gave up waiting: its last command, or the greeting, had no answer when it left.
pub(super) fn timeout(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let end = case.end().filter(|_| case.heard_the_server())?;
    let last = smtp.exchanges.last()?;
    let answered = last.reply_frame.and_then(|frame| case.said_at(frame));
    if answered.is_some_and(|at| at <= end.at) {
        return None;
    }
    let (asked, wait, what) = match last.verb.as_ref() {
        Some(Verb::Quit) => return None,
        Some(verb) => (case.said_at(last.frame?)?, GAVE_UP, format!("no reply to {verb}")),
        None if smtp.exchanges.len() == 1 => {
            (case.tcp.established?, GREETING_WAIT, "the server sent no greeting".into())
        }
        None => return None,
    };
    let waited = end.at.ts - asked.ts;
    (waited >= wait).then(|| {
        let message = format!(
            "{what} within {}, then the {} {} the connection",
            seconds(waited),
            end.by.name(),
            end.deed
        );
        let late = match answered {
            Some(at) => format!("; it came {} too late", seconds(at.ts - end.at.ts)),
            None => String::new(),
        };
        Cause::new(codes::SMTP_TIMEOUT, Likelihood::Certain, message + &late).at(last.frame)
    })
}

/// The server, or something before it, ended an idle connection, and the client used it all the same:
/// it kept it in a pool.
pub(super) fn reused(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let end = case.end().filter(|end| end.by == Role::Server)?;
    let quit = |exchange: &ConversationExchange| exchange.verb == Some(Verb::Quit);
    if smtp.exchanges.iter().any(quit) {
        return None;
    }
    let is_late = |entry: &&TimelineEntry| entry.from == Some(Role::Client) && entry.at > end.at;
    let is_word = |entry: &&TimelineEntry| entry.event.layer() == Layer::Smtp;
    let word = case.session.timeline.iter().find(|entry| is_word(entry) && is_late(entry))?;
    let last = case.last_word_before(end.at)?;
    // What crossed the FIN on its way was no second use.
    if end.at.ts - last.at.ts < SILENT || word.at.ts - end.at.ts < case.tcp.rtt_ns().unwrap_or(0) {
        return None;
    }
    let said = word.detail.as_deref().map(quoted).unwrap_or_default();
    let reset = case.tcp.rst.server.or(case.tcp.rst.client).filter(|rst| *rst >= word.at);
    let answer = reset.map_or_else(String::new, |rst| {
        format!(" and was answered with RST (frame {})", rst.frame)
    });
    let message = format!(
        "nobody spoke for {} after frame {}, then the server, or a proxy before it, {} the idle connection (frame {}); the client used it again {} later ({said}, frame {}){answer}",
        seconds(end.at.ts - last.at.ts),
        last.frame,
        end.deed,
        end.at.frame,
        seconds(word.at.ts - end.at.ts),
        word.frame
    );
    Some(Cause::new(codes::TCP_IDLE_CUT, Likelihood::Certain, message).at(end.at.frame).hint(
        "the client reuses a dead connection: let it close connections that it does not use sooner than the other side does, and look for the FIN before it sends",
    ))
}

/// The connection ended in order or out of it, and nobody said QUIT.
pub(super) fn ended_early(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let end = case.end()?;
    if smtp.exchanges.iter().any(|exchange| exchange.verb == Some(Verb::Quit)) {
        return None;
    }
    let last =
        case.session.timeline.iter().rev().find(|entry| entry.event.layer() != Layer::Tcp)?;
    let idle = (end.at.ts - last.at.ts).max(0);
    let frame = case.session.frames.last;
    if idle >= IDLE {
        let message = format!(
            "nobody spoke for {}, then the {} {} the connection",
            seconds(idle),
            end.by.name(),
            end.deed
        );
        return Some(Cause::new(codes::TCP_IDLE_CUT, Likelihood::Likely, message).at(frame));
    }
    let after = said_last(smtp).unwrap_or_else(|| "its greeting".into());
    if end.deed == "reset" {
        let message = format!(
            "the {} reset the connection after {after}{}",
            end.by.name(),
            reset_by(case, end)
        );
        return Some(Cause::new(codes::TCP_RESET, Likelihood::Certain, message).at(frame));
    }
    if end.by == Role::Server {
        let message = format!(
            "the server closed the connection after {after}, though nobody had said QUIT (frame {})",
            end.at.frame
        );
        return Some(
            Cause::new(codes::SMTP_SERVER_CLOSED, Likelihood::Certain, message).at(end.at.frame),
        );
    }
    let after = said_last(smtp).map(|said| format!(" after {said}")).unwrap_or_default();
    let message = format!("the client closed the connection without QUIT{after}");
    Some(Cause::new(codes::SMTP_NO_QUIT, Likelihood::Possible, message).at(frame))
}

fn said_last(smtp: &SmtpReport) -> Option<String> {
    smtp.exchanges
        .iter()
        .rev()
        .find_map(|exchange| exchange.verb.as_ref().map(|verb| verb.name().to_owned()))
}
