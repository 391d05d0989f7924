//! The steps of a session, in an order that does not depend on how packets were captured: commands
//! with their replies, and the messages of a handshake as RFC 5246 §7.3 and RFC 8446 §2 order them.

use std::collections::BTreeMap;

use super::negotiation::{Kind, Step};
use super::normal;
use super::seen::{Alert, Entry, Exchange, Reply, Seen, Tls};
use crate::moment::decimal;
use crate::report::{CloseKind, Outcome, Verb};
use crate::role::Role;

/// Exchanges that are compared: with more, a session is a stress test or hostile.
pub(super) const MOST_EXCHANGES: usize = 1_000;

/// What the server says first.
pub(super) const GREETING: &str = "greeting";

/// What it says later without being asked: a 421 that closes the connection (RFC 5321 §3.8).
const UNASKED: &str = "word without a command";

/// A wait before the end that is worth a word, in ns (1 s).
const LONG_SILENCE: i64 = 1_000_000_000;

/// Handshake messages in order, and what each is called. Tickets, ChangeCipherSpec and the first
/// record of data say nothing that Finished does not.
const MESSAGES: &[(&str, &str)] = &[
    ("tls.client_hello", "ClientHello"),
    ("tls.hello_retry_request", "HelloRetryRequest"),
    ("tls.server_hello", "ServerHello"),
    ("tls.certificate", "Certificate"),
    ("tls.server_key_exchange", "ServerKeyExchange"),
    ("tls.certificate_request", "CertificateRequest"),
    ("tls.server_hello_done", "ServerHelloDone"),
    ("tls.client_certificate", "client Certificate"),
    ("tls.client_key_exchange", "ClientKeyExchange"),
    ("tls.certificate_verify", "CertificateVerify"),
    ("tls.finished", "Finished"),
];

/// The steps of a session.
pub(super) fn steps(session: &Seen) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(connection(session));
    steps.extend(proxy(session));
    let exchanges = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.exchanges);
    let exchanges = exchanges.get(..MOST_EXCHANGES).unwrap_or(exchanges);
    let is_plain = |exchange: &&Exchange| !exchange.encrypted;
    exchanges.iter().filter(is_plain).for_each(|exchange| exchanged(exchange, &mut steps));
    if let Some(tls) = &session.tls {
        handshake(session, tls, &mut steps);
    }
    let inside = exchanges.iter().filter(|exchange| exchange.encrypted);
    inside.for_each(|exchange| exchanged(exchange, &mut steps));
    if let Some(tls) = session.tls.as_ref().filter(|tls| tls.handshake_complete) {
        steps.extend(alerts(tls));
    }
    let end = end(session, &steps);
    steps.push(end);
    steps
}

fn step(kind: Kind, from: Role, place: impl Into<String>) -> Step {
    let place = place.into();
    Step {
        shown: place.clone(),
        place,
        from,
        course: String::new(),
        said: String::new(),
        frame: None,
        at_ns: None,
        sealed: false,
        kind,
    }
}

fn entry<'s>(session: &'s Seen, event: &str, from: Option<Role>) -> Option<&'s Entry> {
    let is_it = |entry: &&Entry| entry.event == event && (from.is_none() || entry.from == from);
    session.timeline.iter().find(is_it)
}

/// Whether the server took the connection; nothing of one that was open before the capture.
fn connection(session: &Seen) -> Option<Step> {
    let syn = entry(session, "tcp.syn", None)?;
    let answer = entry(session, "tcp.syn_ack", None);
    let at = answer.unwrap_or(syn);
    let (course, said, shown) = match (answer, session.outcome) {
        (Some(_), _) => ("accepted", "accepted the connection", "accepts the connection"),
        (None, Outcome::Refused) => ("refused", "refused the connection", "refuses the connection"),
        (None, Outcome::Unanswered) => {
            ("unanswered", "did not answer the SYN", "does not answer the SYN")
        }
        // Of an end that was not captured nobody knows what it did.
        (None, _) => (
            "unseen",
            "is not in the capture with an answer to the SYN",
            "no answer to the SYN in the capture",
        ),
    };
    Some(Step {
        course: course.to_owned(),
        said: said.to_owned(),
        shown: shown.to_owned(),
        frame: Some(at.frame),
        at_ns: Some(at.t_ns),
        ..step(Kind::Connection, Role::Server, "TCP connection")
    })
}

fn proxy(session: &Seen) -> Option<Step> {
    let proxy = session.proxy.as_ref()?;
    Some(Step {
        course: proxy.version.to_string(),
        said: format!("sent a PROXY protocol header of version {}", proxy.version),
        ..step(Kind::Command, Role::Client, "PROXY header")
    })
}

/// A command and the reply to it, each a step.
fn exchanged(exchange: &Exchange, steps: &mut Vec<Step>) {
    let is_later = steps.iter().any(|step| step.place == GREETING);
    let name = name_of(exchange, is_later);
    if !is_greeting(exchange) {
        steps.push(command(exchange, &name));
    }
    if let Some(reply) = &exchange.reply {
        steps.push(replied(exchange, reply, &name));
    }
}

/// What the steps of an exchange are called.
pub(super) fn name_of(exchange: &Exchange, is_later: bool) -> String {
    match &exchange.verb {
        Some(Verb::Message) => "message".to_owned(),
        Some(verb) if exchange.encrypted && verb.is_hello() => format!("{verb} inside TLS"),
        Some(verb) => verb.to_string(),
        None if exchange.command.is_some() => "command".to_owned(),
        None if is_later => UNASKED.to_owned(),
        None => GREETING.to_owned(),
    }
}

/// Whether it is what the server says first.
pub(super) fn is_greeting(exchange: &Exchange) -> bool {
    exchange.command.is_none() && exchange.verb.is_none()
}

/// Verbs of which a session with STARTTLS has two.
pub(super) fn is_ehlo(verb: Option<&Verb>) -> bool {
    verb.is_some_and(Verb::is_hello)
}

fn command(exchange: &Exchange, name: &str) -> Step {
    let line = exchange.command.as_deref().unwrap_or(name);
    let (said, shown) = match &exchange.verb {
        Some(Verb::Message) => ("sent the message".to_owned(), "the message".to_owned()),
        _ => (format!("sent {line}"), line.to_owned()),
    };
    Step {
        said,
        shown,
        frame: exchange.frame,
        at_ns: exchange.t_ns,
        sealed: exchange.encrypted,
        ..step(Kind::Command, Role::Client, name)
    }
}

fn replied(exchange: &Exchange, reply: &Reply, name: &str) -> Step {
    let is_greeting = is_greeting(exchange);
    let line = reply.lines.last().map_or("", String::as_str);
    let (verb, place) = match (is_greeting, name) {
        (true, UNASKED) => ("said, unasked,", name.to_owned()),
        (true, _) => ("greeted with", name.to_owned()),
        (false, _) => ("answered", format!("reply to {name}")),
    };
    // Without a command, the exchange's time is the reply's.
    let since = exchange.latency_ns.filter(|_| !is_greeting).unwrap_or(0);
    Step {
        course: reply.code.to_string(),
        said: format!("{verb} {line}"),
        shown: line.to_owned(),
        frame: exchange.reply_frame,
        at_ns: exchange.t_ns.map(|at| at.saturating_add(since)),
        sealed: exchange.encrypted,
        ..step(Kind::Reply, Role::Server, place)
    }
}

/// The messages of all handshakes, and the alerts of one that failed.
fn handshake(session: &Seen, tls: &Tls, steps: &mut Vec<Step>) {
    let hidden_later = tls.version.as_deref() == Some("TLSv1.3");
    let mut seen: BTreeMap<(&str, Option<Role>), usize> = BTreeMap::new();
    let mut messages = Vec::new();
    let retried = entry(session, "tls.hello_retry_request", None).is_some();
    for entry in &session.timeline {
        let Some(rank) = MESSAGES.iter().position(|(event, _)| *event == entry.event) else {
            continue;
        };
        let times = seen.entry((entry.event.as_str(), entry.from)).or_default();
        // The ClientHello that answers a HelloRetryRequest is of the same handshake.
        let again = retried && rank == 0 && *times > 0;
        let handshake = if again { *times - 1 } else { *times };
        let rank = if again { 1 } else { rank };
        messages.push(((handshake, rank, usize::from(again), entry.from), entry));
        *times += 1;
    }
    messages.sort_by_key(|(order, _)| *order);
    let sealed = |entry: &Entry| {
        let open = ["tls.client_hello", "tls.hello_retry_request", "tls.server_hello"];
        hidden_later && !open.contains(&entry.event.as_str())
    };
    for (_, entry) in messages {
        steps.push(Step { sealed: sealed(entry), ..message(entry, tls) });
    }
    if !tls.handshake_complete {
        steps.extend(alerts(tls));
    }
}

fn message(entry: &Entry, tls: &Tls) -> Step {
    let name =
        MESSAGES.iter().find(|row| row.0 == entry.event).map_or(entry.event.as_str(), |row| row.1);
    let from = entry.from.unwrap_or(Role::Server);
    let chosen = || match (&tls.cipher_suite, &tls.version) {
        (Some(suite), Some(version)) => format!("{suite} in {version}"),
        (Some(suite), None) => suite.clone(),
        _ => "what cannot be read".to_owned(),
    };
    let (course, said, shown) = match entry.event.as_str() {
        "tls.server_hello" => {
            (chosen(), format!("chose {}", chosen()), format!("{name}: {}", chosen()))
        }
        "tls.client_hello" => {
            let suites = tls.client_hello.as_ref().map_or(0, |hello| hello.cipher_suites.len());
            let said = format!("sent a ClientHello with {suites} cipher suites");
            (String::new(), said, name.to_owned())
        }
        _ => (String::new(), format!("sent {name}"), name.to_owned()),
    };
    Step {
        course,
        said,
        shown,
        frame: Some(entry.frame),
        at_ns: Some(entry.t_ns),
        ..step(Kind::Handshake, from, name)
    }
}

/// The alerts but for close_notify, which is of the end.
fn alerts(tls: &Tls) -> impl Iterator<Item = Step> {
    let told = tls.alerts.iter().filter(|alert| {
        alert.description.as_deref().is_some_and(|description| description != "close_notify")
    });
    told.map(alert)
}

fn alert(alert: &Alert) -> Step {
    let description = alert.description.clone().unwrap_or_default();
    let level = alert.level.as_deref().unwrap_or("unknown");
    Step {
        course: format!("{level} {description}"),
        said: format!("sent a {level} alert {description}"),
        shown: format!("alert: {level} {description}"),
        frame: Some(alert.frame),
        at_ns: Some(alert.t_ns),
        sealed: alert.encrypted,
        ..step(Kind::Alert(description), alert.from, "alert")
    }
}

/// How the session ended: in order, or not. Who closes TCP first after the last word, and with
/// which flags, is chance (RFC 1122 §4.2.2.13), and is not of the course.
fn end(session: &Seen, steps: &[Step]) -> Step {
    let closer = session.tcp.closed_by;
    let close = closing(session);
    let said_bye = steps.iter().any(|step| step.place == "reply to QUIT");
    let notified = notified(session);
    let orderly = said_bye || notified == Some(true);
    let from = closer.unwrap_or(Role::Server);
    let last = steps.iter().rev().find_map(|step| step.at_ns);
    let silence = close.and_then(|close| Some(close.t_ns - last?)).unwrap_or(0);
    let how = match session.tcp.close {
        CloseKind::Rst if !orderly => "reset the connection (RST)",
        CloseKind::None => "is not heard again within the capture",
        _ => "closed the connection",
    };
    let mut said = how.to_owned();
    // Inside TLS that was not opened nobody heard whether QUIT was said.
    let was_heard = session.smtp.is_some() && session.outcome != Outcome::Unknown;
    if session.tcp.close == CloseKind::Fin && !said_bye && was_heard {
        let asked = steps.iter().any(|step| step.place == "QUIT");
        said.push_str(if asked { " without an answer to QUIT" } else { " without QUIT" });
    }
    if notified == Some(false) && session.tcp.close == CloseKind::Fin {
        said.push_str(if said.contains("without") { " and" } else { "" });
        said.push_str(" without close_notify");
    }
    if silence > LONG_SILENCE {
        said.push_str(&format!(" after {} s of silence", decimal(silence, 1_000_000_000, 1)));
    }
    let course = match (session.tcp.close, orderly) {
        (CloseKind::None, _) => "open",
        (CloseKind::Rst, false) => "reset",
        _ => "closed",
    };
    // After QUIT and its reply nothing is cut off, whoever closes first and however.
    let is_cut = notified == Some(false) && !said_bye;
    let course = format!("{course}{}", if is_cut { ", no close_notify" } else { "" });
    Step {
        course,
        shown: said.clone(),
        said,
        frame: close.map(|close| close.frame),
        at_ns: close.map(|close| close.t_ns),
        ..step(Kind::End, from, "end")
    }
}

/// The packet that closed the connection.
fn closing(session: &Seen) -> Option<&Entry> {
    let event = match session.tcp.close {
        CloseKind::Fin => "tcp.fin",
        CloseKind::Rst => "tcp.rst",
        CloseKind::None => return None,
    };
    entry(session, event, session.tcp.closed_by).or_else(|| entry(session, event, None))
}

/// Whether the end that closed the connection said so in TLS (RFC 5246 §7.2.1); None where there
/// was nothing to close, or where an alert that cannot be read may have been it.
fn notified(session: &Seen) -> Option<bool> {
    let tls = session.tls.as_ref().filter(|tls| tls.handshake_complete)?;
    let closer = session.tcp.closed_by?;
    let of_closer = || tls.alerts.iter().filter(|alert| alert.from == closer);
    if of_closer().any(|alert| alert.description.is_none()) {
        return None;
    }
    Some(of_closer().any(|alert| alert.description.as_deref() == Some("close_notify")))
}

/// A command line without what changes from run to run.
pub(super) fn normal_command(exchange: &Exchange) -> Option<String> {
    let line = exchange.command.as_deref()?;
    Some(normal::command(line, exchange.verb.as_ref()))
}
