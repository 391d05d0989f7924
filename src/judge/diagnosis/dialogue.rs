//! Why no mail was accepted: what was refused, or who stopped talking.

use super::case::Case;
use super::closing::{
    End, closed_before_greeting, closed_without_reply, ended_early, greeting_unfinished, reused,
    service_closing, timeout,
};
use super::foreign;
use super::proxy;
use super::refusal::{auth_refused, greeting_refused, mail_refused, starttls_refused};
use super::unsuited::{certificate_not_accepted, no_shared_mechanism, renegotiation_refused};
use crate::flow::Closing;
use crate::judge::timing::GREETING_WAIT;
use crate::moment::seconds;
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::smtp::SmtpReport;
use crate::report::timeline::TimelineEvent;
use crate::role::Role;
use crate::smtp::{IMPLICIT_TLS_PORTS, StartTls, Verb};

/// Why the conversation came to nothing, the causes in the order in which a session gets to them.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    if let Some(cause) = foreign::cause(case) {
        return vec![cause];
    }
    let Some(smtp) = &case.session.smtp else {
        return nobody_spoke(case).into_iter().collect();
    };
    let checks: [fn(&Case<'_>, &SmtpReport) -> Option<Cause>; 18] = [
        proxy::unexpected,
        greeting_refused,
        starttls_refused,
        starttls_not_begun,
        auth_refused,
        mail_refused,
        reaches_nobody,
        renegotiation_refused,
        message_without_answer,
        service_closing,
        greeting_unfinished,
        reused,
        closed_without_reply,
        timeout,
        stripped,
        certificate_not_accepted,
        no_shared_mechanism,
        ended_early,
    ];
    checks.iter().find_map(|check| check(case, smtp)).into_iter().collect()
}

/// Nobody says a byte: each waits for the other.
fn nobody_spoke(case: &Case<'_>) -> Option<Cause> {
    let server = case.session.server.0;
    let bytes = case.session.tcp.bytes;
    let up = case.tcp.established.filter(|_| case.session.tls.is_none())?;
    // What was not captured may have been said.
    let lost = case.session.tcp.lost_bytes;
    if bytes.client + bytes.server + lost.client + lost.server > 0 {
        return None;
    }
    if let Some(cause) = closed_before_greeting(case) {
        return Some(cause);
    }
    let last =
        case.end().map_or_else(|| case.tcp.span.map(|(_, last)| last), |end| Some(end.at))?;
    let waited = last.ts - up.ts;
    // A client that waits there for a greeting waits for ever (RFC 8314 §3.3).
    if IMPLICIT_TLS_PORTS.contains(&server.port()) {
        let message = format!(
            "nobody said a byte in {}: on port {} the client must begin TLS, and it waited for a greeting",
            seconds(waited),
            server.port()
        );
        return Some(
            Cause::new(codes::TLS_PLAINTEXT_TO_TLS_PORT, Likelihood::Likely, message)
                .at(case.session.frames.last),
        );
    }
    let message =
        format!("the server sent no greeting within {}, then the client gave up", seconds(waited));
    let gave_up = case.tcp.closing() != Closing::Open && waited >= GREETING_WAIT;
    gave_up.then(|| Cause::new(codes::SMTP_TIMEOUT, Likelihood::Likely, message).at(last.frame))
}

fn starttls_not_begun(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let last = smtp.exchanges.last()?;
    let agreed = last.verb.as_ref().is_some_and(Verb::starts_tls)
        && last.reply.as_ref().is_some_and(|reply| reply.class() == 2);
    let begun = case.tls.is_some_and(|tls| tls.seen.client || tls.seen.server);
    let end = case.end().filter(|_| agreed && !begun)?;
    let message = format!(
        "the server agreed to begin TLS, no ClientHello followed, and the {} {} the connection{}",
        end.by.name(),
        end.deed,
        early(case)
    );
    Some(
        Cause::new(codes::SMTP_STARTTLS_NOT_BEGUN, Likelihood::Certain, message)
            .at(last.reply_frame),
    )
}

/// That the client had spoken too early, for the end of a sentence.
fn early(case: &Case<'_>) -> String {
    case.smtp.and_then(|facts| facts.early).map_or_else(String::new, |at| {
        format!("; the client had sent commands before the greeting came (frame {})", at.frame)
    })
}

/// A message that is accepted when every recipient was refused.
fn reaches_nobody(_: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let mail = smtp.mails.iter().find(|mail| mail.is_accepted() && mail.reaches_nobody())?;
    let refused = mail.rejected_to.join(", ");
    let message = format!(
        "the server accepted the message, but had refused every recipient ({refused}): it reaches nobody"
    );
    Some(Cause::new(codes::SMTP_RECIPIENT_REFUSED, Likelihood::Certain, message).at(mail.end_frame))
}

/// A message was sent, wholly or in part, and never answered.
fn message_without_answer(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let end = case.end().filter(|_| case.heard_the_server())?;
    let event =
        |name: TimelineEvent| case.session.timeline.iter().rev().find(|entry| entry.event == name);
    let begun = event(TimelineEvent::SmtpDataStart)?;
    if smtp.mails.last().is_some_and(|mail| mail.reply.is_some()) {
        return None;
    }
    if let Some(sent) = event(TimelineEvent::SmtpDataEnd).filter(|sent| sent.at >= begun.at) {
        let message = format!(
            "the message was sent, no reply came, and the {} {} the connection {} later",
            end.by.name(),
            end.deed,
            seconds((end.at.ts - sent.at.ts).max(0))
        );
        return Some(
            Cause::new(codes::SMTP_UNCONFIRMED_MESSAGE, Likelihood::Certain, message)
                .at(sent.frame),
        );
    }
    let message =
        format!("the {} {} the connection in the middle of the message", end.by.name(), end.deed);
    Some(Cause::new(codes::SMTP_MESSAGE_CUT, Likelihood::Certain, message).at(begun.frame))
}

/// The client saw no STARTTLS, which something had taken out, and sent no mail.
fn stripped(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let found = [codes::SMTP_STARTTLS_STRIPPED, codes::SMTP_INSPECTED]
        .iter()
        .find_map(|code| case.session.findings.iter().find(|finding| finding.code == *code))?;
    let tried = smtp.starttls == StartTls::Accepted
        || smtp.exchanges.iter().any(|exchange| exchange.verb == Some(Verb::Mail));
    let message = format!("{}; the client left without sending mail", found.message);
    (!tried).then(|| Cause::new(found.code, Likelihood::Likely, message).at(found.frame))
}

impl Case<'_> {
    /// The client, if it was the one that left, and when.
    pub(super) fn client_left(&self) -> Option<End> {
        self.end().filter(|end| end.by == Role::Client)
    }
}
