//! When each phase of a session was, and who was being waited for in it.
//!
//! A wait is split as `timing.attribution` splits the whole: the quickest round trip between the
//! point of capture and the end that is waited for is the network's, and so is the time up to bytes
//! that were sent again; the rest is that end's.

use askama::Template;

use super::scale::{Scale, Stretch, Units};
use crate::render::text::duration::Duration;
use crate::report::{
    ConversationExchange, Layer, SessionReport, TimelineEvent, Timing, Vantage, Verb,
};
use crate::role::Role;

/// Phases that are drawn; of a session of hundreds of mails the ladder shows as much.
const MOST_PHASES: usize = 60;

/// Marks that are drawn; more would be one black bar.
const MOST_MARKS: usize = 100;

/// A drawing of a session's time.
#[derive(Debug, Template)]
#[template(path = "waterfall.html")]
pub(super) struct Waterfall {
    bars: Vec<Bar>,
    further: usize,
    marks: Vec<Mark>,
    further_marks: usize,
    /// Times at the quarters of the drawing.
    ticks: Vec<Duration>,
    shares: Vec<Share>,
    for_lost_packets: Option<Duration>,
}

/// A phase as it is drawn.
#[derive(Debug)]
struct Bar {
    name: String,
    start: Duration,
    took: Duration,
    parts: Vec<(&'static str, Stretch)>,
}

/// Something wrong with the packets.
#[derive(Debug)]
struct Mark {
    class: &'static str,
    x: Units,
    words: String,
}

/// Whom one waited for over the whole session.
#[derive(Debug)]
struct Share {
    name: &'static str,
    class: &'static str,
    took: Duration,
    percent: i64,
    stretch: Stretch,
}

/// A stretch of time in which one waited for somebody.
#[derive(Debug)]
struct Phase {
    name: String,
    from: i64,
    to: i64,
    awaited: Awaited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// Packets under way.
    Network,
    /// An end that answers.
    Answer(Role),
    /// An end that speaks on: nothing of that is the way.
    Speech(Role),
    /// Nobody: all was said.
    Nobody,
}

impl Waterfall {
    /// Names of the phases that are drawn.
    #[cfg(test)]
    pub(super) fn names(&self) -> Vec<&str> {
        self.bars.iter().map(|bar| bar.name.as_str()).collect()
    }

    /// The drawing of a session.
    pub(super) fn new(session: &SessionReport) -> Self {
        let total = session.timing.total_ns;
        let scale = Scale::linear(0, total);
        let phases = phases(session);
        let resent = times(session, TimelineEvent::TcpRetransmission);
        let vantage = &session.tcp.vantage;
        let (mut bars, mut cursor) = (Vec::new(), 0);
        for phase in phases.iter().take(MOST_PHASES) {
            // What the client waited before it went on, ahead of what it then did.
            let pause = (phase.from > cursor).then_some(("pause", (cursor, phase.from)));
            let parts = pause.into_iter().chain(split(phase, vantage, &resent));
            bars.push(Bar {
                name: phase.name.clone(),
                start: Duration(phase.from),
                took: Duration(phase.to - phase.from),
                parts: parts.map(|(class, (from, to))| (class, scale.stretch(from, to))).collect(),
            });
            cursor = cursor.max(phase.to);
        }
        let (marks, further_marks) = marks(session, &scale);
        Self {
            bars,
            further: phases.len().saturating_sub(MOST_PHASES),
            marks,
            further_marks,
            ticks: (0..=4).map(|quarter| Duration(total / 4 * quarter)).collect(),
            shares: shares(&session.timing),
            for_lost_packets: Some(session.timing.retransmission_ns)
                .filter(|&ns| ns > 0)
                .map(Duration),
        }
    }
}

/// The parts of a phase: the network's, then the end's.
fn split<'p>(
    phase: &'p Phase,
    vantage: &Vantage,
    resent: &[i64],
) -> impl Iterator<Item = (&'static str, (i64, i64))> + use<'p> {
    let lost = resent.iter().rev().find(|&&at| phase.from < at && at <= phase.to);
    let known = lost.copied().unwrap_or(phase.from);
    let way = |role: Role| match role {
        Role::Client => vantage.client_rtt_ns.unwrap_or(0),
        Role::Server => vantage.server_rtt_ns.unwrap_or(0),
    };
    let (network_until, end) = match phase.awaited {
        Awaited::Network => (phase.to, "network"),
        Awaited::Answer(role) => (known.saturating_add(way(role)).min(phase.to), role.name()),
        Awaited::Speech(role) => (known, role.name()),
        Awaited::Nobody => (phase.from, "nobody"),
    };
    let parts = [("network", (phase.from, network_until)), (end, (network_until, phase.to))];
    // A phase that took no time is drawn all the same, as its end's.
    let has_time = move |part: &(&str, (i64, i64))| part.1.1 > part.1.0;
    let is_empty = phase.to <= phase.from;
    parts
        .into_iter()
        .enumerate()
        .filter(move |(i, part)| has_time(part) || is_empty && *i == 1)
        .map(|(_, part)| part)
}

/// The phases in order of time.
fn phases(session: &SessionReport) -> Vec<Phase> {
    let mut phases = Vec::new();
    let established = first(session, TimelineEvent::TcpEstablished);
    if let Some(to) = established {
        let from = first(session, TimelineEvent::TcpSyn).unwrap_or(0);
        phases.push(Phase { name: "TCP connect".to_owned(), from, to, awaited: Awaited::Network });
    }
    handshake(session, &mut phases);
    let exchanges = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.exchanges);
    for exchange in exchanges {
        phases.extend(exchanged(session, exchange, established.unwrap_or(0)));
    }
    phases.sort_by_key(|phase| (phase.from, phase.to));
    phases.extend(rest(session, &phases));
    phases
}

fn first(session: &SessionReport, event: TimelineEvent) -> Option<i64> {
    session.timeline.iter().find(|entry| entry.event == event).map(|entry| entry.t_ns)
}

fn times(session: &SessionReport, event: TimelineEvent) -> Vec<i64> {
    session.timeline.iter().filter(|entry| entry.event == event).map(|entry| entry.t_ns).collect()
}

/// The flights of the first handshake; where it was not finished, all of it.
fn handshake(session: &SessionReport, phases: &mut Vec<Phase>) {
    let Some(from) = first(session, TimelineEvent::TlsClientHello) else { return };
    let timing = &session.timing;
    let flights = [
        ("TLS: server's flight", timing.tls_server_flight_ns, Role::Server),
        ("TLS: client's flight", timing.tls_client_flight_ns, Role::Client),
        ("TLS: server's Finished", timing.tls_server_finish_ns, Role::Server),
    ];
    let mut at = from;
    for (name, ns, role) in flights {
        let Some(ns) = ns else { continue };
        let to = at.saturating_add(ns);
        phases.push(Phase { name: name.to_owned(), from: at, to, awaited: Awaited::Answer(role) });
        at = to;
    }
    if at == from {
        let of_tls = session.timeline.iter().rev().find(|entry| entry.event.layer() == Layer::Tls);
        let to = of_tls.map_or(from, |entry| entry.t_ns);
        let name = "TLS: not finished".to_owned();
        phases.push(Phase { name, from, to, awaited: Awaited::Answer(Role::Server) });
    }
}

/// A command up to its reply; of a message, its transfer as well.
fn exchanged(
    session: &SessionReport,
    exchange: &ConversationExchange,
    established: i64,
) -> Vec<Phase> {
    let Some(at) = exchange.t_ns else { return Vec::new() };
    let awaited = Awaited::Answer(Role::Server);
    let is_greeting = exchange.command.is_none() && exchange.verb.is_none();
    let (from, to) = match exchange.latency_ns {
        _ if is_greeting => (established, at),
        Some(latency) => (at, at.saturating_add(latency)),
        None => (at, session.timing.total_ns.max(at)),
    };
    let name = match &exchange.verb {
        None if is_greeting => "greeting",
        None => "command",
        Some(Verb::Message) => "message accepted",
        Some(verb) => verb.name(),
    };
    let unanswered = if exchange.reply.is_none() { ", no reply" } else { "" };
    let phase = Phase { name: format!("{name}{unanswered}"), from, to, awaited };
    if exchange.verb != Some(Verb::Message) {
        return vec![phase];
    }
    let began =
        times(session, TimelineEvent::SmtpDataStart).into_iter().rev().find(|&start| start <= at);
    let transfer = Phase {
        name: "message sent".to_owned(),
        from: began.unwrap_or(at),
        to: at,
        awaited: Awaited::Speech(Role::Client),
    };
    vec![transfer, phase]
}

/// What came behind the last phase.
fn rest(session: &SessionReport, phases: &[Phase]) -> Option<Phase> {
    let from = phases.iter().map(|phase| phase.to).max().unwrap_or(0);
    let to = session.timing.total_ns;
    let exchanges = session.smtp.as_ref().map_or(&[][..], |smtp| &smtp.exchanges);
    let is_sealed = session.tls.as_ref().is_some_and(|tls| {
        let opened = tls.decryption.records;
        tls.carries_data() && opened.client + opened.server == 0
    });
    let (name, awaited) = match exchanges.last().map(|last| last.verb.as_ref()) {
        _ if is_sealed => ("inside TLS, not read", Awaited::Nobody),
        Some(Some(Verb::Quit)) => (AFTER_ALL, Awaited::Nobody),
        Some(_) => (AFTER_ALL, Awaited::Answer(Role::Client)),
        None => (AFTER_ALL, Awaited::Answer(Role::Server)),
    };
    (to > from).then_some(Phase { name: name.to_owned(), from, to, awaited })
}

/// The time behind the last thing said.
const AFTER_ALL: &str = "until the last packet";

fn marks(session: &SessionReport, scale: &Scale) -> (Vec<Mark>, usize) {
    let trouble = |event: TimelineEvent| match event {
        TimelineEvent::TcpRetransmission => Some(("resent", "sent again")),
        TimelineEvent::TcpGap => Some(("gap", "not captured")),
        _ => None,
    };
    let all = session.timeline.iter().filter_map(|entry| Some((entry, trouble(entry.event)?)));
    let mut marks: Vec<_> = all
        .map(|(entry, (class, words))| Mark {
            class,
            x: scale.at(entry.t_ns),
            words: format!("{}, frame {}: {words}", Duration(entry.t_ns), entry.frame),
        })
        .collect();
    let further = marks.len().saturating_sub(MOST_MARKS);
    marks.truncate(MOST_MARKS);
    (marks, further)
}

fn shares(timing: &Timing) -> Vec<Share> {
    let split = timing.attribution;
    let parts = [
        ("client", split.client_ns),
        ("server", split.server_ns + split.third_party_ns),
        ("network", split.network_ns),
    ];
    let scale = Scale::linear(0, timing.total_ns);
    let mut at = 0_i64;
    let mut share = |(name, ns): (&'static str, i64)| {
        let from = at;
        at = at.saturating_add(ns);
        let percent = (ns as f64 / timing.total_ns.max(1) as f64 * 100.0).round() as i64;
        let stretch = Stretch {
            width: Units((scale.at(at).0 - scale.at(from).0).max(0.0)),
            x: scale.at(from),
        };
        Share { name, class: name, took: Duration(ns), percent, stretch }
    };
    parts.into_iter().map(&mut share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Position;

    const MS: i64 = 1_000_000;

    fn vantage() -> Vantage {
        let (client_rtt_ns, server_rtt_ns) = (Some(10 * MS), Some(90 * MS));
        Vantage { position: Position::NearClient, reason: "", client_rtt_ns, server_rtt_ns }
    }

    fn parts(awaited: Awaited, to: i64, resent: &[i64]) -> Vec<(&'static str, (i64, i64))> {
        let phase = Phase { name: String::new(), from: 0, to, awaited };
        split(&phase, &vantage(), resent).collect()
    }

    #[test]
    fn a_reply_is_under_way_for_a_round_trip_and_the_rest_is_the_servers() {
        let expected = [("network", (0, 90 * MS)), ("server", (90 * MS, 400 * MS))];
        assert_eq!(parts(Awaited::Answer(Role::Server), 400 * MS, &[]), expected);
        assert_eq!(parts(Awaited::Answer(Role::Server), 50 * MS, &[]), [("network", (0, 50 * MS))]);
    }

    #[test]
    fn the_time_up_to_bytes_sent_again_is_the_networks() {
        let expected = [("network", (0, 390 * MS)), ("server", (390 * MS, 400 * MS))];
        assert_eq!(parts(Awaited::Answer(Role::Server), 400 * MS, &[300 * MS]), expected);
    }

    #[test]
    fn a_phase_that_took_no_time_is_still_seen() {
        assert_eq!(parts(Awaited::Speech(Role::Client), 0, &[]), [("client", (0, 0))]);
    }
}
