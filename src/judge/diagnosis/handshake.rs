//! Why a TLS handshake failed: what its alert says, or who stopped it without one, and after what.

use super::alert::Alarm;
use super::case::{Case, step, step_before};
use super::closing::left_early;
use super::foreign::quoted;
use super::proxy;
use super::transport;
use crate::flow::{Closing, TcpFacts};
use crate::judge::certificate::oddities;
use crate::judge::verdict::is_established;
use crate::moment::{Moment, seconds};
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::ConversationExchange;
use crate::report::timeline::Layer;
use crate::role::Role;
use crate::smtp::StartTls;
use crate::tls::{Alert, TlsFacts};

/// A silence in a handshake so long that the side that ended it must have given up, in ns (5 s).
const SILENCE: i64 = 5_000_000_000;

/// Why the handshake failed, if it did.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(facts) = case.tls else { return Vec::new() };
    if let Some(cause) = other_language(case, facts) {
        return vec![cause];
    }
    let fatal = facts.alerts.iter().find(|alert| is_fatal(alert));
    let by_server = fatal.filter(|alert| alert.from == Role::Server);
    if let Some(cause) = proxy::ahead_of_tls(case, facts, by_server) {
        return vec![cause];
    }
    if let Some(alert) = fatal {
        let causes = Alarm { case, facts, alert }.causes();
        let is_done = is_established(facts);
        return match left_before(case, alert) {
            // Who was asked for more and left is to blame, and the dialogue tells.
            Some(_) if is_done => Vec::new(),
            Some(first) => behind(first, causes),
            None => causes,
        };
    }
    if is_established(facts) {
        return Vec::new();
    }
    by_end(case, facts)
}

/// The other side had left when the alert was sent: the alert is what came of it.
fn left_before(case: &Case<'_>, alert: &Alert) -> Option<Cause> {
    let by = alert.from.peer();
    let left = left_early(case.tcp, by).filter(|left| *left < alert.at)?;
    let deed = if case.tcp.rst[by] == Some(left) { "reset" } else { "closed" };
    let message = format!(
        "the {} {deed} the connection {} (frame {}), and sent no alert; that of the {} came {} later",
        by.name(),
        step_before(case, alert.from, left),
        left.frame,
        alert.from.name(),
        seconds(alert.at.ts - left.ts)
    );
    Some(Cause::new(codes::TLS_CLOSED_IN_HANDSHAKE, Likelihood::Likely, message).at(left.frame))
}

/// A cause, and what is no more than possible beside it.
fn behind(first: Cause, others: Vec<Cause>) -> Vec<Cause> {
    let possible = |cause| Cause { likelihood: Likelihood::Possible, ..cause };
    std::iter::once(first).chain(others.into_iter().map(possible)).collect()
}

/// The alert that ended the connection: not one that was sent when the other side had left.
pub(in crate::judge) fn decisive_alert<'a>(
    facts: &'a TlsFacts,
    tcp: &TcpFacts,
) -> Option<&'a Alert> {
    facts.alerts.iter().filter(|alert| is_fatal(alert)).find(|alert| {
        let by = alert.from.peer();
        left_early(tcp, by).is_none_or(|left| left > alert.at)
    })
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
    if smtp.is_some_and(|smtp| smtp.starttls == StartTls::Accepted) {
        return Some(plain_answer(case, facts, frame));
    }
    let message = format!(
        "the client begins TLS at once, but {} speaks plain text{}",
        case.session.server.0,
        said(case, facts)
    );
    if facts.not_tls_bytes.server.starts_with(b"421") {
        let message = format!(
            "the client begins TLS at once, and {} refused it in plain text, without a greeting{}: it speaks plain text, or it refused before TLS",
            case.session.server.0,
            said(case, facts)
        );
        let cause = Cause::new(codes::TLS_TLS_TO_PLAINTEXT_PORT, Likelihood::Likely, message);
        return Some(cause.at(frame).hint(proxy::MISSING));
    }
    Some(Cause::new(codes::TLS_TLS_TO_PLAINTEXT_PORT, Likelihood::Certain, message).at(frame))
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
    Some(Cause::new(codes::TLS_PLAINTEXT_TO_TLS_PORT, Likelihood::Certain, message).at(at.frame))
}

/// What the server said in plain text, for a sentence.
fn said(case: &Case<'_>, facts: &TlsFacts) -> String {
    let heard = first_line(&facts.not_tls_bytes.server).map(|text| quoted(&text));
    let told = case.last_event(Role::Server, Layer::Smtp).and_then(|entry| entry.detail.as_deref());
    heard.or_else(|| told.map(str::to_owned)).map(|text| format!(" ({text})")).unwrap_or_default()
}

fn first_line(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').next().filter(|line| !line.is_empty())?;
    Some(String::from_utf8_lossy(line).trim_end().to_owned())
}

/// The server has agreed to TLS, and answers the ClientHello with text.
fn plain_answer(case: &Case<'_>, facts: &TlsFacts, frame: u64) -> Cause {
    let message = format!(
        "the server agreed to STARTTLS, and answered the ClientHello in plain text{}: what stands behind it cannot do TLS",
        said(case, facts)
    );
    Cause::new(codes::TLS_NOT_TLS, Likelihood::Certain, message).at(frame)
}

/// A ClientHello of more bytes does not fit into one segment of Ethernet (RFC 9293 §3.7.1: 1460).
const ONE_SEGMENT: usize = 1400;

/// Groups with post-quantum keys, which make a ClientHello so long (RFC 8446 §4.2.7's registry).
const POST_QUANTUM: std::ops::RangeInclusive<u16> = 0x11EB..=0x11ED;

/// No word answers a ClientHello that had to be split: programs and boxes in between that take the
/// first segment for all of it do so.
fn large_hello(case: &Case<'_>, facts: &TlsFacts, waited: i64) -> Option<Cause> {
    let bytes = facts.client_hello_bytes;
    let hello = facts.client_hello.as_ref().filter(|_| bytes > ONE_SEGMENT)?;
    if facts.seen.server || facts.server_hello.is_some() {
        return None;
    }
    let groups = hello.groups.iter().filter(|group| POST_QUANTUM.contains(&group.0));
    let named: Vec<_> = groups.map(ToString::to_string).collect();
    let why = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    let arrived = match case.tcp.unacknowledged.client.bytes {
        0 => "TCP acknowledged all of it",
        _ => "TCP acknowledged only a part of it",
    };
    let message = format!(
        "the ClientHello has {bytes} bytes{why} and needs more than one segment, and nothing answered it in {}: {arrived}; servers and middleboxes that read only its first segment, and paths that stop large packets, behave so",
        seconds(waited)
    );
    let at = facts.client_hello_at.map(|at| at.frame);
    Some(Cause::new(codes::TLS_LARGE_CLIENT_HELLO, Likelihood::Likely, message).at(at))
}

/// No alert says why: who ended it, and how?
fn by_end(case: &Case<'_>, facts: &TlsFacts) -> Vec<Cause> {
    let (by, code, deed) = match case.tcp.closing() {
        Closing::Rst(by) => (by, codes::TLS_RESET_IN_HANDSHAKE, "reset"),
        Closing::Fin(by) => (by, codes::TLS_CLOSED_IN_HANDSHAKE, "closed"),
        Closing::Open => return Vec::new(),
    };
    let ended = match deed {
        "reset" => case.tcp.rst[by],
        _ => case.tcp.fin[by],
    };
    let waited = ended.zip(last_tls(case)).map_or(0, |(end, last)| end.ts - last.ts);
    let frame = ended.map(|at| at.frame);
    let mut causes: Vec<_> = transport::large_packets_lost(case).into_iter().collect();
    if by == Role::Client && causes.is_empty() {
        causes.extend(large_hello(case, facts, waited));
    }
    if waited >= SILENCE {
        let silent = by.peer();
        let message = format!(
            "the {} said nothing for {} {}, then the {} {deed} the connection",
            silent.name(),
            seconds(waited),
            step(case, by),
            by.name()
        );
        let is_known =
            !causes.is_empty() && causes.iter().all(|c| c.code == codes::TLS_LARGE_CLIENT_HELLO);
        let likelihood = if is_known { Likelihood::Possible } else { Likelihood::Certain };
        causes.push(Cause::new(codes::TLS_SILENCE_IN_HANDSHAKE, likelihood, message).at(frame));
    }
    let origin = if deed == "reset" { transport::reset_origin(case, by) } else { String::new() };
    let message = format!(
        "the {} {deed} the connection {} without an alert{origin}",
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
            Cause::new(codes::TLS_CLIENT_CERTIFICATE_REQUIRED, Likelihood::Possible, message)
                .at(frame),
        );
    }
    causes
}

fn last_tls(case: &Case<'_>) -> Option<Moment> {
    let last = Role::BOTH.map(|role| case.last_event(role, Layer::Tls).map(|entry| entry.at));
    last.into_iter().flatten().max()
}
