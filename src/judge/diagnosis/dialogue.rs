//! Why no mail was accepted: what was refused, or who stopped talking.

use super::case::Case;
use super::refusal::{auth_refused, greeting_refused, line, mail_refused, starttls_refused};
use crate::flow::Closing;
use crate::moment::{Moment, seconds};
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::ConversationExchange;
use crate::report::findings::Finding;
use crate::report::smtp::SmtpReport;
use crate::report::timeline::TimelineEntry;
use crate::role::Role;
use crate::smtp::{IMPLICIT_TLS_PORTS, StartTls, Verb};

/// A silence so long that the side that ended it must have given up, in ns (10 s).
const GAVE_UP: i64 = 10_000_000_000;

/// A client that leaves sooner did not wait for a greeting: a port scan, a health check; in ns (1 s).
const GREETING_PATIENCE: i64 = 1_000_000_000;

/// A silence on a quiet connection so long that a timeout ended it, in ns (30 s).
const IDLE: i64 = 30_000_000_000;

/// Why the conversation came to nothing.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(smtp) = &case.session.smtp else {
        return nobody_spoke(case).into_iter().collect();
    };
    let checks: [fn(&Case<'_>, &SmtpReport) -> Option<Cause>; 10] = [
        greeting_refused,
        starttls_refused,
        starttls_not_begun,
        auth_refused,
        mail_refused,
        message_without_answer,
        service_closing,
        timeout,
        stripped,
        ended_early,
    ];
    checks.iter().find_map(|check| check(case, smtp)).into_iter().collect()
}

/// Nobody says a byte: each waits for the other.
fn nobody_spoke(case: &Case<'_>) -> Option<Cause> {
    let server = case.session.server.0;
    let bytes = case.session.tcp.bytes;
    let waits = case.session.tls.is_none()
        && bytes.client == 0
        && bytes.server == 0
        && case.tcp.established.is_some();
    if !waits {
        return None;
    }
    let waited = case.tcp.span.map_or(0, |(first, last)| last.ts - first.ts);
    let waited = seconds(waited);
    // A client that waits there for a greeting waits for ever (RFC 8314 §3.3).
    if IMPLICIT_TLS_PORTS.contains(&server.port()) {
        let message = format!(
            "nobody said a byte in {waited}: on port {} the client must begin TLS, and it waited for a greeting",
            server.port()
        );
        return Some(
            Cause::new("tls.plaintext_to_tls_port", Likelihood::Likely, message)
                .at(case.session.frames.last),
        );
    }
    let message = format!("the server sent no greeting within {waited}");
    let is_closed = case.tcp.closing() != Closing::Open;
    is_closed.then(|| {
        Cause::new("smtp.timeout", Likelihood::Likely, message).at(case.session.frames.last)
    })
}

fn starttls_not_begun(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let last = smtp.exchanges.last()?;
    let agreed = last.verb.as_ref().is_some_and(Verb::starts_tls)
        && last.reply.as_ref().is_some_and(|reply| reply.class() == 2);
    let begun = case.tls.is_some_and(|tls| tls.seen.client || tls.seen.server);
    let (Closing::Fin(by) | Closing::Rst(by)) = case.tcp.closing() else { return None };
    (agreed && !begun).then(|| {
        let message = format!(
            "the server agreed to begin TLS, no ClientHello followed, and the {} closed the connection",
            by.name()
        );
        Cause::new("smtp.starttls_not_begun", Likelihood::Certain, message).at(last.reply_frame)
    })
}

/// A message was sent, wholly or in part, and never answered.
fn message_without_answer(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (by, deed) = ending(case).filter(|_| heard_the_server(case))?;
    let event = |name: &str| case.session.timeline.iter().rev().find(|entry| entry.event == name);
    let begun = event("smtp.data_start")?;
    if smtp.mails.last().is_some_and(|mail| mail.reply.is_some()) {
        return None;
    }
    if let Some(end) = event("smtp.data_end").filter(|end| end.at >= begun.at) {
        let message = format!(
            "the message was sent, no reply came, and the {} {deed} the connection {} later",
            by.name(),
            seconds(ended_after(case, end.at))
        );
        return Some(
            Cause::new("smtp.unconfirmed_message", Likelihood::Certain, message).at(end.frame),
        );
    }
    let message = format!("the {} {deed} the connection in the middle of the message", by.name());
    Some(Cause::new("smtp.message_cut", Likelihood::Certain, message).at(begun.frame))
}

fn service_closing(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let is_closing = |exchange: &&ConversationExchange| {
        exchange.verb != Some(Verb::Quit)
            && exchange.reply.as_ref().is_some_and(|reply| reply.code == 421)
    };
    let exchange = smtp.exchanges.iter().find(is_closing)?;
    let said = line(exchange.reply.as_ref()?);
    let message =
        format!("the server closes the connection{}: {said}", silence_before(case, exchange));
    Some(Cause::new("smtp.service_closing", Likelihood::Certain, message).at(exchange.reply_frame))
}

/// How long nobody had spoken before a reply that no command asked for.
fn silence_before(case: &Case<'_>, exchange: &ConversationExchange) -> String {
    let at = exchange.reply_frame.and_then(|frame| said_at(case, frame));
    let Some(at) = at.filter(|_| exchange.verb.is_none()) else { return String::new() };
    let is_before = |entry: &&TimelineEntry| entry.event.starts_with("smtp.") && entry.at < at;
    let last = case.session.timeline.iter().rev().find(is_before);
    last.map_or_else(String::new, |last| {
        format!(" after {} without a command", seconds(at.ts - last.at.ts))
    })
}

/// When a frame's line of the conversation was complete.
fn said_at(case: &Case<'_>, frame: u64) -> Option<Moment> {
    let is_it = |entry: &&TimelineEntry| entry.frame == frame && entry.event.starts_with("smtp.");
    case.session.timeline.iter().rev().find(is_it).map(|entry| entry.at)
}

/// A side gave up waiting: its last command, or the greeting, had no answer when it left.
fn timeout(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (by, deed) = ending(case).filter(|_| heard_the_server(case))?;
    let end = ended_at(case)?;
    let last = smtp.exchanges.last()?;
    let answered = last.reply_frame.and_then(|frame| said_at(case, frame));
    if answered.is_some_and(|at| at <= end) {
        return None;
    }
    let (asked, patience, what) = match &last.verb {
        Some(Verb::Quit) => return None,
        Some(verb) => (said_at(case, last.frame?)?, GAVE_UP, format!("no reply to {verb}")),
        None if smtp.exchanges.len() == 1 => {
            (case.tcp.established?, GREETING_PATIENCE, "the server sent no greeting".into())
        }
        None => return None,
    };
    let waited = end.ts - asked.ts;
    (waited >= patience).then(|| {
        let message = format!(
            "{what} within {}, then the {} {deed} the connection",
            seconds(waited),
            by.name()
        );
        let late = match answered {
            Some(at) => format!("; it came {} too late", seconds(at.ts - end.ts)),
            None => String::new(),
        };
        Cause::new("smtp.timeout", Likelihood::Certain, message + &late).at(last.frame)
    })
}

/// The client saw no STARTTLS, which something had taken out, and sent no mail.
fn stripped(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let code = "smtp.starttls_stripped";
    let found = case.session.findings.iter().find(|finding| finding.code == code)?;
    let tried = smtp.starttls == StartTls::Accepted
        || smtp.exchanges.iter().any(|exchange| exchange.verb == Some(Verb::Mail));
    let message = format!("{}; the client left without sending mail", found.message);
    (!tried).then(|| Cause::new(code, Likelihood::Likely, message).at(found.frame))
}

/// The connection ended in order or out of it, and nobody said QUIT.
fn ended_early(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (by, deed) = ending(case)?;
    if smtp.exchanges.iter().any(|exchange| exchange.verb == Some(Verb::Quit)) {
        return None;
    }
    let last = case.session.timeline.iter().rev().find(|entry| !entry.event.starts_with("tcp."))?;
    let idle = ended_after(case, last.at);
    let frame = case.session.frames.last;
    if idle >= IDLE {
        let message = format!(
            "nobody spoke for {}, then the {} {deed} the connection",
            seconds(idle),
            by.name()
        );
        return Some(Cause::new("tcp.idle_cut", Likelihood::Likely, message).at(frame));
    }
    if deed == "reset" {
        let message = format!(
            "the {} reset the connection after {}",
            by.name(),
            said_last(smtp).unwrap_or_else(|| "its greeting".into())
        );
        return Some(Cause::new("tcp.reset", Likelihood::Certain, message).at(frame));
    }
    let after = said_last(smtp).map(|said| format!(" after {said}")).unwrap_or_default();
    let message = format!("the {} closed the connection without QUIT{after}", by.name());
    Some(Cause::new("smtp.no_quit", Likelihood::Possible, message).at(frame))
}

fn said_last(smtp: &SmtpReport) -> Option<String> {
    smtp.exchanges.iter().rev().find_map(|exchange| Some(exchange.verb.as_ref()?.to_string()))
}

/// What is missing from the capture, or stays closed, is nothing that was not sent.
fn heard_the_server(case: &Case<'_>) -> bool {
    if case.tls.is_some_and(|tls| Role::BOTH.iter().any(|&role| tls.stays_closed(role))) {
        return false;
    }
    let is_one_sided = |finding: &Finding| finding.code == "tcp.one_sided";
    case.session.tcp.lost_bytes.server == 0 && !case.session.findings.iter().any(is_one_sided)
}

/// Who ended the connection, and how.
fn ending(case: &Case<'_>) -> Option<(Role, &'static str)> {
    match case.tcp.closing() {
        Closing::Rst(by) => Some((by, "reset")),
        Closing::Fin(by) => Some((by, "closed")),
        Closing::Open => None,
    }
}

fn ended_after(case: &Case<'_>, since: Moment) -> i64 {
    ended_at(case).map_or(0, |end| (end.ts - since.ts).max(0))
}

/// The first FIN or RST.
fn ended_at(case: &Case<'_>) -> Option<Moment> {
    let ends =
        Role::BOTH.map(|role| case.tcp.rst[role].into_iter().chain(case.tcp.fin[role]).min());
    ends.into_iter().flatten().min()
}
