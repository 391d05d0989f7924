//! Why no mail was accepted: what the replies say, or who stopped talking.

use super::super::session::{ConversationExchange, ReplyReport, SmtpReport};
use super::{Case, Cause, Likelihood, seconds};
use crate::flow::Closing;
use crate::role::Role;

/// Ports of implicit TLS: a client that waits there for a greeting waits for ever (RFC 8314 §3.3).
const IMPLICIT_TLS_PORTS: [u16; 2] = [465, 2465];

/// A silence so long that the side that ended it must have given up, in ns (10 s).
const GAVE_UP: i64 = 10_000_000_000;

/// A silence on a quiet connection so long that a timeout ended it, in ns (30 s).
const IDLE: i64 = 30_000_000_000;

/// Why the conversation came to nothing.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(smtp) = &case.session.smtp else {
        return nobody_spoke(case).into_iter().collect();
    };
    let checks: [fn(&Case<'_>, &SmtpReport) -> Option<Cause>; 9] = [
        greeting_refused,
        starttls_refused,
        starttls_not_begun,
        auth_refused,
        mail_refused,
        message_without_answer,
        service_closing,
        timeout,
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

fn greeting_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let greeting = smtp.exchanges.first().filter(|exchange| exchange.verb.is_none())?;
    let reply = greeting.reply.as_ref().filter(|reply| reply.class() >= 4)?;
    let kind = if reply.class() == 4 { "for now" } else { "for good" };
    let message = format!("the server refused the client {kind}: {}", line(reply));
    Some(Cause::new("smtp.greeting_refused", Likelihood::Certain, message).at(greeting.reply_frame))
}

fn starttls_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (exchange, reply) = refused(smtp, &["STARTTLS"])?;
    let kind = if reply.class() == 4 { " for now" } else { "" };
    let message = format!("the server refused STARTTLS{kind}: {}", line(reply));
    Some(Cause::new("smtp.starttls_refused", Likelihood::Certain, message).at(exchange.reply_frame))
}

fn starttls_not_begun(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let last = smtp.exchanges.last()?;
    let agreed = last.verb.as_deref() == Some("STARTTLS")
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

fn auth_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    if smtp.auth.as_ref()?.result != "rejected" {
        return None;
    }
    let (exchange, reply) = refused(smtp, &["AUTH", "AUTH-RESPONSE"])?;
    let auth = smtp.auth.as_ref()?;
    let offered = smtp.extensions.iter().any(|extension| extension.starts_with("AUTH"));
    let (code, what) = match reply.code {
        530 | 538 if !exchange.encrypted => {
            ("smtp.tls_required", "the server wants TLS before AUTH".to_string())
        }
        500..=503 if !offered => (
            "smtp.auth_not_offered",
            "the client tried to authenticate, and the server does not offer AUTH here".into(),
        ),
        _ => {
            let user = auth.user.as_deref().map(|user| format!(" of {user}")).unwrap_or_default();
            ("smtp.auth_failed", format!("the server refused AUTH {}{user}", auth.mechanism))
        }
    };
    let message = format!("{what}: {}", line(reply));
    Some(Cause::new(code, Likelihood::Certain, message).at(exchange.reply_frame))
}

/// A refusal of what a mail needs, from the last step to the first: a message that was refused
/// says more than one of its recipients.
fn mail_refused(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let steps: [&[&str]; 3] =
        [&[".", "BDAT"], &["RCPT"], &["MAIL", "DATA", "EHLO", "HELO", "LHLO"]];
    let (exchange, reply) = steps.iter().find_map(|verbs| refused(smtp, verbs))?;
    let verb = exchange.verb.as_deref().unwrap_or_default();
    let code = refusal(case, verb, exchange, reply);
    let what = match verb {
        "." | "BDAT" => "the message".into(),
        _ => exchange.command.clone().unwrap_or_else(|| verb.to_string()),
    };
    let message = format!("{what} was refused{}: {}", class(reply), line(reply));
    Some(Cause::new(code, Likelihood::Certain, message).at(exchange.reply_frame))
}

/// The code for a refusal, by the reply's number and enhanced status (RFC 5321 §4.2.2, RFC 3463).
fn refusal(
    case: &Case<'_>,
    verb: &str,
    exchange: &ConversationExchange,
    reply: &ReplyReport,
) -> &'static str {
    let (subject, detail) = status(reply);
    let text = line(reply).to_ascii_lowercase();
    let authenticated = case
        .session
        .smtp
        .as_ref()
        .is_some_and(|smtp| smtp.auth.as_ref().is_some_and(|auth| auth.result == "accepted"));
    match (reply.code, subject, detail) {
        (421, _, _) => "smtp.service_closing",
        (530 | 538, _, _) if text.contains("starttls") && !exchange.encrypted => {
            "smtp.tls_required"
        }
        (530, _, _) if !authenticated => "smtp.auth_required",
        _ if text.contains("authentication") && text.contains("required") && !authenticated => {
            "smtp.auth_required"
        }
        (552, _, _) | (_, Some(3), Some(4)) | (_, Some(2), Some(3)) => "smtp.size_exceeded",
        _ if verb == "RCPT" => "smtp.recipient_refused",
        (_, Some(7), _) => "smtp.policy_refused",
        _ if matches!(verb, "." | "BDAT") => "smtp.message_refused",
        _ => "smtp.rejected",
    }
}

/// Subject and detail of the enhanced status code.
fn status(reply: &ReplyReport) -> (Option<u16>, Option<u16>) {
    let mut parts = reply.enhanced.as_deref().unwrap_or_default().split('.').skip(1);
    let mut next = || parts.next()?.parse().ok();
    (next(), next())
}

fn class(reply: &ReplyReport) -> &'static str {
    if reply.class() == 4 { " for now" } else { " for good" }
}

/// A message was sent, wholly or in part, and never answered.
fn message_without_answer(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (by, deed) = ending(case)?;
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

fn service_closing(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let is_closing = |exchange: &&ConversationExchange| {
        exchange.verb.as_deref() != Some("QUIT")
            && exchange.reply.as_ref().is_some_and(|reply| reply.code == 421)
    };
    let exchange = smtp.exchanges.iter().find(is_closing)?;
    let message = format!("the server closes the connection: {}", line(exchange.reply.as_ref()?));
    Some(Cause::new("smtp.service_closing", Likelihood::Certain, message).at(exchange.reply_frame))
}

/// A command without a reply, and a side that gave up waiting.
fn timeout(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (by, deed) = ending(case)?;
    let last = smtp.exchanges.last().filter(|exchange| exchange.reply.is_none())?;
    let asked = case.session.timeline.iter().rev().find(|entry| Some(entry.frame) == last.frame)?;
    let waited = ended_after(case, asked.at);
    let quit = last.verb.as_deref() == Some("QUIT");
    (waited >= GAVE_UP && !quit).then(|| {
        let message = format!(
            "no reply to {} within {}, then the {} {deed} the connection",
            last.verb.as_deref().unwrap_or("the client"),
            seconds(waited),
            by.name()
        );
        Cause::new("smtp.timeout", Likelihood::Certain, message).at(last.frame)
    })
}

/// The connection ended in order or out of it, and nobody said QUIT.
fn ended_early(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (by, deed) = ending(case)?;
    if smtp.exchanges.iter().any(|exchange| exchange.verb.as_deref() == Some("QUIT")) {
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
    smtp.exchanges.iter().rev().find_map(|exchange| exchange.verb.clone())
}

/// Who ended the connection, and how.
fn ending(case: &Case<'_>) -> Option<(Role, &'static str)> {
    match case.tcp.closing() {
        Closing::Rst(by) => Some((by, "reset")),
        Closing::Fin(by) => Some((by, "closed")),
        Closing::Open => None,
    }
}

fn ended_after(case: &Case<'_>, since: crate::moment::Moment) -> i64 {
    let tcp = case.tcp;
    let ends = Role::BOTH.map(|role| tcp.rst[role].into_iter().chain(tcp.fin[role]).min());
    ends.into_iter().flatten().min().map_or(0, |end| (end.ts - since.ts).max(0))
}

/// The first exchange with one of these verbs that was refused.
fn refused<'a>(
    smtp: &'a SmtpReport,
    verbs: &[&str],
) -> Option<(&'a ConversationExchange, &'a ReplyReport)> {
    smtp.exchanges.iter().find_map(|exchange| {
        let verb = exchange.verb.as_deref()?;
        let reply = exchange.reply.as_ref()?;
        (verbs.contains(&verb) && reply.class() >= 4).then_some((exchange, reply))
    })
}

fn line(reply: &ReplyReport) -> &str {
    reply.lines.last().map_or("", String::as_str)
}
