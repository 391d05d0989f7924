//! What the server's replies refuse: the greeting, STARTTLS, AUTH, or what a mail needs.

use super::case::Case;
use super::proxy;
use super::reply::line;
use super::status::status;
use crate::report::codes::{self, Code};
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::{ConversationExchange, ReplyReport};
use crate::report::smtp::SmtpReport;
use crate::smtp::{AuthResult, Verb};

pub(super) fn greeting_refused(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    // What a capture begins with in the middle is no greeting.
    smtp.greeting.as_ref()?;
    let greeting = smtp.exchanges.first().filter(|exchange| exchange.verb.is_none())?;
    let reply = greeting.reply.as_ref().filter(|reply| reply.class() >= 4)?;
    if let Some(early) = case.smtp.and_then(|facts| facts.early) {
        let message = format!(
            "the client spoke before the greeting (frame {}), and the server refused it{}: {}",
            early.frame,
            class(reply),
            line(reply)
        );
        let cause = Cause::new(codes::SMTP_EARLY_TALKER, Likelihood::Certain, message);
        return Some(cause.at(greeting.reply_frame));
    }
    let message = format!("the server refused the client{}: {}", class(reply), line(reply));
    let cause = Cause::new(codes::SMTP_GREETING_REFUSED, Likelihood::Certain, message);
    let cause = cause.at(greeting.reply_frame);
    Some(if proxy::may_be_missing(case, smtp) { cause.hint(proxy::MISSING) } else { cause })
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
    if exchange.encrypted {
        let message = format!(
            "the client asked for STARTTLS inside TLS (frame {}), and the server refused it: {}",
            exchange.frame.unwrap_or_default(),
            line(reply)
        );
        let cause = Cause::new(codes::SMTP_STARTTLS_INSIDE_TLS, Likelihood::Certain, message);
        return Some(cause.at(exchange.reply_frame));
    }
    let message = format!("the server refused {verb}{for_now}{unasked}: {}", line(reply));
    Some(
        Cause::new(codes::SMTP_STARTTLS_REFUSED, Likelihood::Certain, message)
            .at(exchange.reply_frame),
    )
}

pub(super) fn auth_refused(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let auth = smtp.auth.as_ref().filter(|auth| auth.result == AuthResult::Rejected)?;
    let (exchange, reply) = refused(smtp, &[Verb::Auth, Verb::AuthResponse])?;
    let offered = smtp.extensions.iter().any(|extension| extension.starts_with("AUTH"));
    let (code, what) = match reply.code {
        530 | 538 if !exchange.encrypted => {
            (codes::SMTP_TLS_REQUIRED, "the server wants TLS before AUTH".to_string())
        }
        500..=503 if !offered => (
            codes::SMTP_AUTH_NOT_OFFERED,
            "the client tried to authenticate, and the server does not offer AUTH here".into(),
        ),
        _ => {
            let user = auth.user.as_deref().map(|user| format!(" of {user}")).unwrap_or_default();
            (codes::SMTP_AUTH_FAILED, format!("the server refused AUTH {}{user}", auth.mechanism))
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
    if code == codes::SMTP_STARTTLS_INSIDE_TLS {
        return Some(terminated(exchange, &message));
    }
    Some(Cause::new(code, Likelihood::Certain, message).at(exchange.reply_frame))
}

/// The server wants TLS, and the client is inside TLS: somebody between the two ended it.
fn terminated(exchange: &ConversationExchange, message: &str) -> Cause {
    let message = format!(
        "{message}; but the client said this inside TLS: TLS ends at a proxy or load balancer, which speaks plain SMTP to the server"
    );
    Cause::new(codes::SMTP_STARTTLS_INSIDE_TLS, Likelihood::Certain, message).at(exchange.reply_frame).hint(
        "let the proxy speak TLS to the server too, or let the server do without on the proxy's port (Postfix: smtpd_tls_security_level=may; with smtps in front, no STARTTLS behind)",
    )
}

/// The code for a refusal, by the reply's number and enhanced status (RFC 5321 §4.2.2, RFC 3463).
fn code_of(
    smtp: &SmtpReport,
    verb: &Verb,
    exchange: &ConversationExchange,
    reply: &ReplyReport,
) -> Code {
    let said = reply.lines.join(" ").to_ascii_lowercase();
    let authenticated = smtp.auth.as_ref().is_some_and(|auth| auth.result == AuthResult::Accepted);
    let wants_user = said.contains("authentication") && said.contains("required");
    match (reply.code, status(reply)) {
        (421, _) => codes::SMTP_SERVICE_CLOSING,
        (530 | 538, _) if said.contains("starttls") && exchange.encrypted => {
            codes::SMTP_STARTTLS_INSIDE_TLS
        }
        (530 | 538, _) if said.contains("starttls") => codes::SMTP_TLS_REQUIRED,
        (530, _) if !authenticated => codes::SMTP_AUTH_REQUIRED,
        _ if wants_user && !authenticated => codes::SMTP_AUTH_REQUIRED,
        _ if reply.class() == 4 && is_greylisting(&said) => codes::SMTP_GREYLISTED,
        (_, Some((2, 2))) => codes::SMTP_MAILBOX_FULL,
        (452 | 552, None | Some((2, 0))) if is_full(&said) || *verb == Verb::Rcpt => {
            codes::SMTP_MAILBOX_FULL
        }
        (552, None) | (_, Some((3, 4) | (2, 3))) => codes::SMTP_SIZE_EXCEEDED,
        (451, Some((7, 1))) if !is_policy(&said) => codes::SMTP_SERVER_TROUBLE,
        (451, Some((3 | 4, _)) | None) => codes::SMTP_SERVER_TROUBLE,
        (_, Some((7, _))) => codes::SMTP_POLICY_REFUSED,
        _ if *verb == Verb::Rcpt => codes::SMTP_RECIPIENT_REFUSED,
        _ if matches!(verb, Verb::Message | Verb::Bdat) => codes::SMTP_MESSAGE_REFUSED,
        _ => codes::SMTP_REJECTED,
    }
}

/// 552 and 452 are said of messages and of mailboxes (RFC 5321 §4.2.3).
fn is_full(said: &str) -> bool {
    ["full", "quota", "over the limit", "insufficient"].iter().any(|word| said.contains(word))
}

/// 451 is "local error in processing"; with 4.7.1 behind it some servers mean a policy, and Postfix
/// means that its own filter (milter) cannot be reached.
fn is_policy(said: &str) -> bool {
    let words = [
        "reject",
        "denied",
        "block",
        "spf",
        "dmarc",
        "dkim",
        "reputation",
        "rate",
        "policy",
        "listed",
        "too many",
        "spam",
        "dns",
        "reverse",
    ];
    words.iter().any(|word| said.contains(word))
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
