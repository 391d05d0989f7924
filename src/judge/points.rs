//! One connection at several points of the network, or with other addresses in its replies.

use std::net::SocketAddr;

use crate::moment::seconds;
use crate::report::also_seen::{AlsoSeen, SeenAs};
use crate::report::codes::{self, Code, Severity};
use crate::report::diagnosis::{Cause, Diagnosis, Likelihood};
use crate::report::endpoint::Endpoint;
use crate::report::findings::{Finding, finding};
use crate::report::outcome::Outcome;
use crate::report::session::SessionReport;
use crate::report::timeline::TimelineEvent;
use crate::role::PerRole;

use super::rules;

/// Points of one network are nearer to each other, in ns (1 s): what is farther apart is not compared.
pub(crate) const NEAR: u64 = 1_000_000_000;

/// Of real connections one in 65,536 has a side that begins with a number up to this.
const SMALL: u32 = 0xffff;

/// The server's half of a connection, under other addresses than the client's half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Halves {
    /// Client and server, as the client calls.
    pub(crate) called: (SocketAddr, SocketAddr),
    /// Client and server, as the server answers.
    pub(crate) answers: (SocketAddr, SocketAddr),
    /// The server's SYN.
    pub(crate) frame: u64,
    /// The client's RST to who answers.
    pub(crate) refused: Option<u64>,
}

/// Whether two sessions are one connection: both sides have chosen the same initial sequence number
/// of 32 bits (RFC 9293 §3.4.1), at the same time as clocks go, and no byte says otherwise.
pub(crate) fn is_same(one: &SessionReport, other: &SessionReport) -> bool {
    one.initial.is_some_and(are_random)
        && one.initial == other.initial
        && one.start.0.abs_diff(other.start.0) < NEAR
        && is_apart(one, other)
        && !(is_whole(one) && is_whole(other) && differ(one, other))
}

/// Numbers of 32 bits that nobody chose by hand: made-up sessions begin with small or round ones, all with
/// the same.
fn are_random(initial: PerRole<u32>) -> bool {
    let is_round = |first: u32| first.wrapping_sub(1).is_multiple_of(1000);
    initial.client > SMALL
        && initial.server > SMALL
        && !(is_round(initial.client) && is_round(initial.server))
}

/// What passes two points takes time from one to the other; packets made by hand do not.
fn is_apart(one: &SessionReport, other: &SessionReport) -> bool {
    [TimelineEvent::TcpSyn, TimelineEvent::TcpSynAck]
        .iter()
        .any(|&event| latency(one, other, event) != Some(0))
}

fn is_whole(session: &SessionReport) -> bool {
    session.tcp.lost_bytes.client + session.tcp.lost_bytes.server == 0
}

/// Whether they do not say the same.
fn differ(one: &SessionReport, other: &SessionReport) -> bool {
    one.tcp.bytes != other.tcp.bytes || !words(one).eq(words(other))
}

/// What both sides said.
fn words(session: &SessionReport) -> impl Iterator<Item = (Option<&str>, Option<&[String]>)> {
    let exchanges = session.smtp.iter().flat_map(|smtp| &smtp.exchanges);
    exchanges.map(|exchange| {
        let reply = exchange.reply.as_ref().map(|reply| reply.lines.as_slice());
        (exchange.command.as_deref(), reply)
    })
}

/// What was captured at several points becomes one session: that which has most of it, then the
/// earliest, which is the nearest to the client.
pub(crate) fn joined(mut points: Vec<SessionReport>) -> Option<SessionReport> {
    points.sort_by_key(|point| {
        let lost = point.tcp.lost_bytes;
        (point.is_closed(), lost.client + lost.server, point.start, point.client.0, point.server.0)
    });
    let mut points = points.into_iter();
    let mut first = points.next()?;
    for other in points {
        let seen = seen_at(&first, &other);
        first.findings.push(seen_twice(&seen, other.frames.first));
        first.also_seen.push(seen);
    }
    rules::sort(&mut first);
    Some(first)
}

/// How much later an event is at the other point, in ns.
fn latency(first: &SessionReport, other: &SessionReport, event: TimelineEvent) -> Option<i64> {
    let at = |session: &SessionReport| {
        session.timeline.iter().find(|entry| entry.event == event).map(|entry| entry.at.ts)
    };
    Some(at(other)? - at(first)?)
}

fn seen_at(first: &SessionReport, other: &SessionReport) -> AlsoSeen {
    let later = |event: TimelineEvent| latency(first, other, event);
    AlsoSeen {
        kind: SeenAs::Copy,
        client: other.client,
        server: other.server,
        frames: Some(other.frames),
        latency_ns: PerRole {
            client: later(TimelineEvent::TcpSyn),
            server: later(TimelineEvent::TcpSynAck),
        },
    }
}

fn seen_twice(seen: &AlsoSeen, frame: u64) -> Finding {
    let between = [seen.latency_ns.client, seen.latency_ns.server];
    let told = between.iter().flatten().map(|ns| ns.unsigned_abs());
    let latency = told.max().map_or_else(String::new, |ns| {
        format!(", up to {} apart", seconds(i64::try_from(ns).unwrap_or(i64::MAX)))
    });
    let message = format!(
        "the capture holds this connection at another point too, as {} -> {} (frames from {frame} on{latency}): both sides' sequence numbers are the same",
        seen.client.0, seen.server.0
    );
    finding(codes::TCP_SEEN_TWICE, message).at(Some(frame))
}

/// Tells of a session whose server answers under another address.
pub(crate) fn tell_of_halves(session: &mut SessionReport, halves: &Halves) {
    let (client, server) = halves.called;
    (session.client, session.server) = (Endpoint(client), Endpoint(server));
    let (told_client, told_server) = halves.answers;
    session.also_seen.push(AlsoSeen {
        kind: SeenAs::Replies,
        client: Endpoint(told_client),
        server: Endpoint(told_server),
        frames: None,
        latency_ns: PerRole::default(),
    });
    let to = if told_client == client { String::new() } else { format!(" to {told_client}") };
    let message = format!(
        "the client called {server}, and the answer to its SYN comes from another address, {told_server}{to} (frame {})",
        halves.frame
    );
    match halves.refused {
        Some(frame) => refused(session, &message, frame),
        None => {
            let message = format!("{message}: both halves are read as one session");
            session
                .findings
                .push(finding(codes::TCP_REPLY_FROM_OTHER_ADDRESS, message).at(Some(halves.frame)));
        }
    }
    rules::sort(session);
}

/// The client does not know who answers.
fn refused(session: &mut SessionReport, message: &str, frame: u64) {
    let message = format!(
        "{message}, so the client reset it (frame {frame}): NAT translates one direction only, or the answer takes another way back"
    );
    let cause = Cause::new(codes::TCP_REPLY_FROM_OTHER_ADDRESS, Likelihood::Certain, message);
    let cause = cause.at(Some(frame));
    let found = finding(cause.code, cause.message.clone()).at(cause.frame);
    let is_untrue =
        |code: Code| [codes::TCP_CONNECTION_TIMEOUT, codes::TCP_CONNECTION_REFUSED].contains(&code);
    session.findings.retain(|other| !is_untrue(other.code));
    session.findings.push(Finding { severity: Severity::Error, ..found });
    session.diagnosis = Some(Diagnosis { cause, alternatives: Vec::new() });
    if session.tcp.handshake_ns.is_none() || session.outcome == Outcome::Probe {
        session.outcome = Outcome::Dropped;
    }
}
