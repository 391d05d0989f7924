//! Rules that judge a session.

pub(super) mod inspected;
mod packets;
mod pressure;
mod words;

use super::diagnosis::{self, Case, whole};
use super::{security, starttls, verdict};
use crate::flow::TcpFacts;
use crate::moment::Moment;
use crate::report::Reason;
use crate::report::codes::{self, Severity};
use crate::report::diagnosis::Cause;
use crate::report::exchange::ConversationExchange;
use crate::report::findings::{Finding, finding};
use crate::report::session::SessionReport;
use crate::report::timeline::Layer;
use crate::report::tls::AlertLevel;
use crate::role::{PerRole, Role};
use crate::smtp::{SmtpFacts, Verb};
use crate::tls::TlsFacts;

/// Adds to a finished session what its parts show together: the cause of its failure first, then
/// the worst first.
pub(crate) fn judge(
    session: &mut SessionReport,
    tcp: &TcpFacts,
    tls: Option<&TlsFacts>,
    smtp: Option<&SmtpFacts>,
    lost: &PerRole<Option<(Moment, u64)>>,
) {
    let mut found = Vec::new();
    found.extend(lost_segments(lost));
    found.extend(one_sided(session, tcp));
    found.extend(packets::odd(tcp));
    found.extend(pressure::findings(tcp));
    if let Some(facts) = tls {
        found.extend(of_verdict(session, facts));
        found.extend(alert(facts));
        found.extend(security::of_tls(session, facts, tcp));
        found.extend(search_given_up(facts));
    }
    found.extend(security::starttls_unused(session));
    found.extend(starttls_refused(session));
    found.extend(starttls::findings(session));
    found.extend(inspected::finding_in(session));
    found.extend(words::findings(session));
    found.extend(rejected(session));
    found.extend(diagnosis::header_refused(session).map(finding_of_cause));
    found.append(&mut session.findings);
    session.findings = found;
    session.diagnosis = Case { session, tcp, tls, smtp }.diagnose();
    if let Some(diagnosis) = &session.diagnosis {
        let cause = diagnosis::finding_of(diagnosis);
        session.findings.retain(|other| !is_told_by(&cause, other));
        session.findings.push(cause);
    }
    sort(session);
}

/// What a cause says, where the session did not fail of it.
fn finding_of_cause(cause: Cause) -> Finding {
    let found = finding(cause.code, cause.message).at(cause.frame);
    Finding { hint: cause.hint.or(found.hint), ..found }
}

/// Of TLS the cause says all that a weakness of the same name does, though in another frame.
fn is_told_by(cause: &Finding, other: &Finding) -> bool {
    let is_weakness = cause.code.area() == "tls" && cause.code != codes::TLS_ALERT;
    other.code == cause.code && (is_weakness || other.frame == cause.frame)
}

/// The cause of a failure first, then the worst first.
pub(super) fn sort(session: &mut SessionReport) {
    let cause = session.diagnosis.as_ref().map(|diagnosis| &diagnosis.cause);
    let is_cause = |finding: &Finding| {
        cause.is_some_and(|cause| cause.code == finding.code && cause.frame == finding.frame)
    };
    session.findings.sort_by_key(|finding| {
        (!is_cause(finding), finding.severity, finding.frame.is_none(), finding.frame)
    });
}

fn lost_segments(lost: &PerRole<Option<(Moment, u64)>>) -> impl Iterator<Item = Finding> {
    Role::BOTH.into_iter().filter_map(|role| {
        let (at, bytes) = lost[role]?;
        let message = format!("{bytes} bytes of the {} are in no captured frame", role.name());
        Some(finding(codes::TCP_LOST_SEGMENT, message).at(at.frame))
    })
}

fn one_sided(session: &SessionReport, tcp: &TcpFacts) -> Option<Finding> {
    let bytes = session.tcp.bytes;
    let silent = match (bytes.client > 0, bytes.server > 0) {
        (true, false) => Role::Server,
        (false, true) => Role::Client,
        _ => return None,
    };
    // A peer whose packets are there, and nothing of whose bytes was acknowledged, was silent.
    let was_seen = tcp.counters[silent].packets > 0;
    if was_seen && session.tcp.lost_bytes[silent] == 0 {
        return None;
    }
    let message = format!("nothing that the {} sent was captured", silent.name());
    Some(finding(codes::TCP_ONE_SIDED, message).at(session.frames.first))
}

/// At what is not verified; else at the beginning of TLS.
fn of_verdict(session: &SessionReport, facts: &TlsFacts) -> Option<Finding> {
    let tls = session.tls.as_ref()?;
    let hello = session.timeline.iter().find(|entry| entry.event.layer() == Layer::Tls);
    let is_partial = tls.decryption.reason == Some(Reason::IntegrityFailed);
    let left = facts.first_left_over().filter(|_| is_partial).map(|(_, at)| at.frame);
    verdict::finding(&tls.decryption, left.or_else(|| hello.map(|entry| entry.frame)))
}

/// An alert other than close_notify.
fn alert(facts: &TlsFacts) -> Option<Finding> {
    let told = |alert: &&crate::tls::Alert| alert.description.is_some_and(|d| d.0 != 0);
    let alert = facts.alerts.iter().find(told)?;
    let description = alert.description.unwrap_or_default();
    let level = alert.level.map_or(AlertLevel::Unknown, AlertLevel::from).name();
    let message = format!("the {} sent the alert {level} {description}", alert.from.name());
    let found = finding(codes::TLS_ALERT, message).at(alert.at.frame);
    let is_warning = alert.level == Some(1);
    Some(if is_warning { Finding { severity: Severity::Info, ..found } } else { found })
}

fn search_given_up(facts: &TlsFacts) -> Option<Finding> {
    let at = facts.search_given_up?;
    let message = "not every record behind a gap was tried with every number that it may have";
    Some(finding(codes::TLS_SEARCH_GIVEN_UP, message).at(at.frame))
}

fn starttls_refused(session: &SessionReport) -> Option<Finding> {
    let smtp = session.smtp.as_ref()?;
    let refused = smtp.exchanges.iter().find(|exchange| {
        exchange.verb.as_ref().is_some_and(Verb::starts_tls)
            && exchange.reply.as_ref().is_some_and(|reply| reply.code != 220)
            && !exchange.encrypted
    })?;
    let reply = whole(refused.reply.as_ref()?);
    let message = format!("the server refused {}: {reply}", refused.verb.as_ref()?);
    Some(finding(codes::SMTP_STARTTLS_REFUSED, message).at(refused.reply_frame))
}

/// Replies of refusal to anything that a mail needs.
fn rejected(session: &SessionReport) -> Vec<Finding> {
    let Some(smtp) = &session.smtp else { return Vec::new() };
    let is_refused = |exchange: &&ConversationExchange| {
        matches!(
            exchange.verb,
            None | Some(
                Verb::Auth
                    | Verb::AuthResponse
                    | Verb::Mail
                    | Verb::Rcpt
                    | Verb::Data
                    | Verb::Bdat
                    | Verb::Message
            )
        ) && exchange.reply.as_ref().is_some_and(|reply| reply.class() >= 4)
    };
    let say = |exchange: &ConversationExchange| {
        let what = exchange.command.as_deref().or_else(|| exchange.verb.as_ref().map(Verb::name));
        let line = exchange.reply.as_ref().map(whole).unwrap_or_default();
        let message = match what {
            Some(".") => format!("the message was refused: {line}"),
            Some(what) => format!("{what} was refused: {line}"),
            None => format!("the server refused: {line}"),
        };
        finding(codes::SMTP_REJECTED, message).at(exchange.reply_frame)
    };
    smtp.exchanges.iter().filter(is_refused).take(8).map(say).collect()
}
