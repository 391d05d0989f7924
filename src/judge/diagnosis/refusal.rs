//! What the server's replies refuse: the greeting, STARTTLS, AUTH, or what a mail needs.

use super::case::Case;
use super::status::{meaning, status};
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::{ConversationExchange, ReplyReport};
use crate::report::smtp::SmtpReport;
use crate::smtp::{AuthResult, Verb};

pub(super) fn greeting_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let greeting = smtp.exchanges.first().filter(|exchange| exchange.verb.is_none())?;
    let reply = greeting.reply.as_ref().filter(|reply| reply.class() >= 4)?;
    let message = format!("the server refused the client{}: {}", class(reply), line(reply));
    Some(Cause::new("smtp.greeting_refused", Likelihood::Certain, message).at(greeting.reply_frame))
}

pub(super) fn starttls_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let (exchange, reply) = refused(smtp, &[Verb::StartTls, Verb::XAnonymousTls])?;
    let verb = exchange.verb.as_ref()?;
    let for_now = if reply.class() == 4 { " for now" } else { "" };
    let offers = |extension: &String| extension.trim().eq_ignore_ascii_case(verb.name());
    let unasked = match smtp.extensions.iter().any(offers) {
        true => "",
        false => ", which it had not offered",
    };
    let message = format!("the server refused {verb}{for_now}{unasked}: {}", line(reply));
    Some(Cause::new("smtp.starttls_refused", Likelihood::Certain, message).at(exchange.reply_frame))
}

pub(super) fn auth_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let auth = smtp.auth.as_ref().filter(|auth| auth.result == AuthResult::Rejected)?;
    let (exchange, reply) = refused(smtp, &[Verb::Auth, Verb::AuthResponse])?;
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
pub(super) fn mail_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let steps: [&[Verb]; 3] = [
        &[Verb::Message, Verb::Bdat],
        &[Verb::Rcpt],
        &[Verb::Mail, Verb::Data, Verb::Ehlo, Verb::Helo, Verb::Lhlo],
    ];
    let (exchange, reply) = steps.iter().find_map(|verbs| refused(smtp, verbs))?;
    let verb = exchange.verb.as_ref()?;
    let code = code_of(smtp, verb, exchange, reply);
    let what = match verb {
        Verb::Message | Verb::Bdat => "the message".into(),
        _ => exchange.command.clone().unwrap_or_else(|| verb.to_string()),
    };
    let message = format!("{what} was refused{}: {}", class(reply), line(reply));
    Some(Cause::new(code, Likelihood::Certain, message).at(exchange.reply_frame))
}

/// The code for a refusal, by the reply's number and enhanced status (RFC 5321 §4.2.2, RFC 3463).
fn code_of(
    smtp: &SmtpReport,
    verb: &Verb,
    exchange: &ConversationExchange,
    reply: &ReplyReport,
) -> &'static str {
    let said = reply.lines.join(" ").to_ascii_lowercase();
    let authenticated = smtp.auth.as_ref().is_some_and(|auth| auth.result == AuthResult::Accepted);
    let wants_user = said.contains("authentication") && said.contains("required");
    match (reply.code, status(reply)) {
        (421, _) => "smtp.service_closing",
        (530 | 538, _) if said.contains("starttls") && !exchange.encrypted => "smtp.tls_required",
        (530, _) if !authenticated => "smtp.auth_required",
        _ if wants_user && !authenticated => "smtp.auth_required",
        _ if reply.class() == 4 && is_greylisting(&said) => "smtp.greylisted",
        (552, None) | (_, Some((3, 4) | (2, 3))) => "smtp.size_exceeded",
        (_, Some((7, _))) => "smtp.policy_refused",
        _ if *verb == Verb::Rcpt => "smtp.recipient_refused",
        _ if matches!(verb, Verb::Message | Verb::Bdat) => "smtp.message_refused",
        _ => "smtp.rejected",
    }
}

/// No code says so, but all who do it do (RFC 6647 §5).
fn is_greylisting(said: &str) -> bool {
    ["greylist", "graylist", "grey-list", "gray-list"].iter().any(|word| said.contains(word))
}

/// 4xx may be tried again, 5xx not (RFC 5321 §4.2.1).
fn class(reply: &ReplyReport) -> &'static str {
    if reply.class() == 4 { " for now" } else { " for good" }
}

/// The first exchange with one of these verbs that was refused.
fn refused<'a>(
    smtp: &'a SmtpReport,
    verbs: &[Verb],
) -> Option<(&'a ConversationExchange, &'a ReplyReport)> {
    smtp.exchanges.iter().find_map(|exchange| {
        let verb = exchange.verb.as_ref()?;
        let reply = exchange.reply.as_ref()?;
        (verbs.contains(verb) && reply.class() >= 4).then_some((exchange, reply))
    })
}

/// What a reply says in its last line, and what its numbers mean.
pub(super) fn line(reply: &ReplyReport) -> String {
    let said = reply.lines.last().map_or("", String::as_str);
    meaning(reply).map_or_else(|| said.to_owned(), |meaning| format!("{said} ({meaning})"))
}
