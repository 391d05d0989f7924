//! Why a TLS handshake failed: what its alert says, or who stopped it without one, and after what.

use super::alert::Alarm;
use super::case::{Case, step};
use super::transport;
use crate::flow::Closing;
use crate::judge::certificate::oddities;
use crate::judge::verdict::is_established;
use crate::moment::{Moment, seconds};
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::ConversationExchange;
use crate::role::Role;
use crate::tls::{Alert, TlsFacts};

/// A silence in a handshake so long that the side that ended it must have given up, in ns (5 s).
const SILENCE: i64 = 5_000_000_000;

/// Why the handshake failed, if it did.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(facts) = case.tls else { return Vec::new() };
    if let Some(cause) = other_language(case, facts) {
        return vec![cause];
    }
    if let Some(alert) = facts.alerts.iter().find(|alert| is_fatal(alert)) {
        return Alarm { case, facts, alert }.causes();
    }
    if is_established(facts) {
        return Vec::new();
    }
    by_end(case, facts)
}

/// An alert that ends a connection: close_notify and user_canceled do not say that anything failed,
/// and a warning may be passed over.
fn is_fatal(alert: &Alert) -> bool {
    let harmless =
        alert.description.is_none_or(|description| matches!(description.0, 0 | 90 | 100));
    !harmless && alert.level != Some(1)
}

/// One side speaks TLS, the other SMTP.
fn other_language(case: &Case<'_>, facts: &TlsFacts) -> Option<Cause> {
    tls_to_plain(case, facts).or_else(|| plain_to_tls(case, facts))
}

fn tls_to_plain(case: &Case<'_>, facts: &TlsFacts) -> Option<Cause> {
    let hello = facts.client_hello_at.filter(|_| facts.server_hello.is_none())?;
    let smtp = case.session.smtp.as_ref();
    // The greeting may have come before the ClientHello, which does not wait for it.
    let unasked = smtp.filter(|smtp| {
        smtp.greeting.is_some() && smtp.exchanges.iter().all(|exchange| exchange.verb.is_none())
    });
    let frame = match (facts.not_tls.server, unasked) {
        (Some(answer), _) => answer.frame,
        (None, Some(_)) => hello.frame,
        (None, None) => return None,
    };
    let message = format!(
        "the client begins TLS at once, but {} speaks plain text{}",
        case.session.server.0,
        said(case, Role::Server)
    );
    Some(Cause::new("tls.tls_to_plaintext_port", Likelihood::Certain, message).at(frame))
}

fn plain_to_tls(case: &Case<'_>, facts: &TlsFacts) -> Option<Cause> {
    if facts.client_hello.is_some() {
        return None;
    }
    let smtp = case.session.smtp.as_ref();
    let says_commands = smtp.is_some_and(|smtp| {
        let is_command = |exchange: &ConversationExchange| exchange.verb.is_some();
        smtp.exchanges.iter().any(is_command) && smtp.greeting.is_none()
    });
    let alert = facts.alerts.iter().find(|alert| alert.from == Role::Server);
    let answer = alert.filter(|_| says_commands).map(|alert| alert.at);
    let at = facts.not_tls.client.or(answer)?;
    let message =
        format!("the client speaks plain text where {} expects TLS", case.session.server.0);
    Some(Cause::new("tls.plaintext_to_tls_port", Likelihood::Certain, message).at(at.frame))
}

/// What a side said in plain text, for a sentence.
fn said(case: &Case<'_>, who: Role) -> String {
    let text = case.last_event(who, "smtp.").and_then(|entry| entry.detail.as_deref());
    text.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// No alert says why: who ended it, and how?
fn by_end(case: &Case<'_>, facts: &TlsFacts) -> Vec<Cause> {
    let (by, code, deed) = match case.tcp.closing() {
        Closing::Rst(by) => (by, "tls.reset_in_handshake", "reset"),
        Closing::Fin(by) => (by, "tls.closed_in_handshake", "closed"),
        Closing::Open => return Vec::new(),
    };
    let ended = match deed {
        "reset" => case.tcp.rst[by],
        _ => case.tcp.fin[by],
    };
    let waited = ended.zip(last_tls(case)).map_or(0, |(end, last)| end.ts - last.ts);
    let frame = ended.map(|at| at.frame);
    let mut causes: Vec<_> = transport::large_packets_lost(case).into_iter().collect();
    if waited >= SILENCE {
        let silent = by.peer();
        let message = format!(
            "the {} said nothing for {} {}, then the {} {deed} the connection",
            silent.name(),
            seconds(waited),
            step(case, by),
            by.name()
        );
        causes.push(Cause::new("tls.silence_in_handshake", Likelihood::Certain, message).at(frame));
    }
    let message = format!(
        "the {} {deed} the connection {} without an alert",
        by.name(),
        step(case, by.peer())
    );
    let likelihood = if causes.is_empty() { Likelihood::Certain } else { Likelihood::Possible };
    causes.push(Cause::new(code, likelihood, message).at(frame));
    let after_certificate = by == Role::Client && facts.certificate_at.is_some();
    if after_certificate && facts.client_key_exchange_at.is_none() {
        causes.extend(oddities(case.session, facts).into_iter().map(|oddity| {
            Cause::new(oddity.code, Likelihood::Possible, oddity.message)
                .at(facts.certificate_at.map(|at| at.frame))
        }));
    }
    if facts.client_certificate_requested && !facts.client_certificate_sent && by == Role::Server {
        let message = "the server asked for a client certificate, and the client has sent none";
        causes.push(
            Cause::new("tls.client_certificate_required", Likelihood::Possible, message).at(frame),
        );
    }
    causes
}

fn last_tls(case: &Case<'_>) -> Option<Moment> {
    let last = Role::BOTH.map(|role| case.last_event(role, "tls.").map(|entry| entry.at));
    last.into_iter().flatten().max()
}
