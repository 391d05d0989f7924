//! A group of carriers becomes a delivery: its steps in order, and a sentence on the whole.

use super::carrier::{Carrier, Envelope};
use super::kinship::Kinship;
use super::route::{self, RouteStep};
use crate::moment::{Timestamp, seconds};
use crate::report::{DeliveryReport, Outcome, StepKind, StepReport};

/// Steps of one delivery that are told.
pub(crate) const MOST_STEPS: usize = 256;

/// Recipients of one delivery that are named.
pub(crate) const MOST_NAMED: usize = 64;

/// The delivery that a group makes up. None if it is none: a connection that was not opened, and had
/// nothing before it.
pub(super) fn tell(
    carriers: &[Carrier],
    group: &[usize],
    kinship: &Kinship,
) -> Option<DeliveryReport> {
    let members: Vec<_> =
        group.iter().filter_map(|place| Some((*place, carriers.get(*place)?))).collect();
    let mut story = Story { carriers, members: &members, steps: Vec::new(), settled: Vec::new() };
    if !story.is_one() {
        return None;
    }
    for at in 0..members.len() {
        story.add(at);
    }
    story.add_bounces(kinship);
    Some(story.conclude())
}

struct Story<'c> {
    carriers: &'c [Carrier],
    members: &'c [(usize, &'c Carrier)],
    /// With their absolute times; the report has them since the start.
    steps: Vec<(Timestamp, StepReport)>,
    /// Members that a later one goes on from.
    settled: Vec<usize>,
}

impl<'c> Story<'c> {
    fn is_one(&self) -> bool {
        let of_note = |carrier: &Carrier| {
            let is_slow = |steps: &[RouteStep]| steps.iter().any(route::is_slow);
            let had_to_wait = carrier.route.as_ref().is_some_and(|route| is_slow(&route.steps));
            carrier.envelope.is_some() || carrier.is_attempt() || had_to_wait
        };
        self.members.iter().any(|(_, carrier)| of_note(carrier))
    }

    fn member(&self, at: usize) -> Option<&'c Carrier> {
        self.members.get(at).map(|(_, carrier)| *carrier)
    }

    fn add(&mut self, at: usize) {
        let Some(carrier) = self.member(at) else { return };
        let steps = carrier.route.as_ref().map_or(&[][..], |route| &route.steps);
        for step in steps {
            self.add_route_step(step);
        }
        match carrier.envelope.as_deref() {
            Some(envelope) => self.add_mail(at, carrier, envelope),
            None => self.add_attempt(at, carrier),
        }
    }

    fn add_route_step(&mut self, step: &RouteStep) {
        let is_told = |(_, told): &(Timestamp, StepReport)| told.frame == Some(step.frame);
        if self.steps.iter().any(is_told) {
            return;
        }
        let report = StepReport {
            kind: if step.is_attempt { StepKind::Attempt } else { StepKind::Lookup },
            session: None,
            frame: Some(step.frame),
            t_ns: 0,
            duration_ns: step.until - step.from,
            host: step.host.to_string(),
            summary: step.summary.to_string(),
        };
        self.push(step.from, report);
    }

    fn push(&mut self, at: Timestamp, step: StepReport) {
        if self.steps.len() < MOST_STEPS {
            self.steps.push((at, step));
        }
    }

    fn add_attempt(&mut self, at: usize, carrier: &Carrier) {
        let next = self.member(at + 1).map(|next| next.start);
        let until = next.unwrap_or(carrier.end);
        let ns = (until - carrier.start).max(0);
        let name = route::named(carrier.route.as_deref(), carrier.server);
        let nth =
            self.members.iter().take(at + 1).filter(|(_, one)| one.envelope.is_none()).count();
        let why = carrier.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        let what = match carrier.outcome {
            Outcome::Unanswered => "unanswered",
            Outcome::NoMail => "no mail was tried",
            Outcome::Unknown => "what was said was not opened",
            outcome => outcome.name(),
        };
        let family = self.family_of_next(at, carrier);
        let lost = match next {
            Some(_) => format!("; {} lost before the next", seconds(ns)),
            None => String::new(),
        };
        let summary = format!("attempt {nth}, {name}: {what}{why}{family}{lost}");
        let kind = match carrier.outcome {
            Outcome::Unknown | Outcome::Incomplete => StepKind::Session,
            _ => StepKind::Attempt,
        };
        self.push(carrier.start, step(kind, carrier, carrier.start, until, summary));
    }

    /// IPv6 first, then IPv4 (RFC 8305).
    fn family_of_next(&self, at: usize, carrier: &Carrier) -> &'static str {
        let next = self.member(at + 1).map(|next| next.server);
        match next {
            Some(next) if carrier.server.is_ipv6() && next.is_ipv4() => {
                "; IPv6 was tried first, then IPv4"
            }
            _ => "",
        }
    }

    fn add_mail(&mut self, at: usize, carrier: &Carrier, envelope: &Envelope) {
        let came = self.came(at, carrier, envelope);
        let name = route::named(carrier.route.as_deref(), carrier.server);
        let result = result(envelope);
        let id = envelope.message_id.as_ref().map_or(String::new(), |id| format!(" {id}"));
        let (kind, summary) = match came {
            Came::First => {
                let by = self.after_attempts(at);
                let mail = envelope.message_id.as_deref().unwrap_or("a mail");
                (
                    StepKind::Session,
                    format!("{} gave {mail} to {name}{by}: {result}", carrier.client.ip()),
                )
            }
            Came::ByProxy(other) => {
                let text = format!(
                    "the other leg of session {} through the proxy {}: to {name}: {result}",
                    other.session,
                    carrier.client.ip()
                );
                (StepKind::Hop, text)
            }
            Came::Hop(other) => (StepKind::Hop, hop(other, carrier, &name, &id, &result)),
            Came::Again(other) => (StepKind::Retry, again(other, carrier, &result)),
            Came::Twice(other) => (StepKind::Duplicate, twice(other, carrier, &id, &result)),
            Came::Apart(other) => {
                let text = format!(
                    "the same mail{id} as in session {}, from {} to {name}: {result}",
                    other.session,
                    carrier.client.ip()
                );
                (StepKind::Hop, text)
            }
        };
        let from = match came {
            Came::Again(other) | Came::Hop(other) if other.ended() < carrier.begun() => {
                other.ended()
            }
            _ => envelope.begun,
        };
        let mut report = step(kind, carrier, from, envelope.ended, summary);
        report.frame = Some(envelope.frame);
        if let Came::Again(other) = came {
            report.duration_ns = carrier.begun() - other.begun();
        }
        self.push(envelope.begun, report);
    }

    /// Where a mail came from: what the group shows before it.
    fn came(&mut self, at: usize, carrier: &Carrier, envelope: &Envelope) -> Came<'c> {
        let before: Vec<(usize, &'c Carrier, &'c Envelope)> = self
            .members
            .iter()
            .take(at)
            .enumerate()
            .filter_map(|(place, (_, one))| Some((place, *one, one.envelope.as_deref()?)))
            .collect();
        let found = before.iter().rev().find_map(|&(place, other, told)| {
            let came = related(carrier, envelope, other, told)?;
            Some((place, came))
        });
        if let Some((place, came)) = found {
            if !matches!(came, Came::Apart(_) | Came::First) {
                self.settled.push(place);
            }
            return came;
        }
        let same_client =
            before.iter().any(|(_, other, _)| other.client.ip() == carrier.client.ip());
        match before.last() {
            // A message goes out in several sessions where its recipients are of several domains.
            Some(_) if same_client => Came::First,
            Some((_, other, _)) => Came::Apart(other),
            None => Came::First,
        }
    }

    fn after_attempts(&self, at: usize) -> String {
        let attempts = self.steps.iter().filter(|(_, step)| step.kind == StepKind::Attempt).count();
        match attempts {
            _ if at == 0 && attempts == 0 => String::new(),
            0 => String::new(),
            1 => ", after one attempt elsewhere".to_owned(),
            more => format!(", after {more} attempts elsewhere"),
        }
    }

    fn add_bounces(&mut self, kinship: &Kinship) {
        for (place, carrier) in self.members {
            let Some(report) = kinship.bounces.get(place).and_then(|to| self.carriers.get(*to))
            else {
                continue;
            };
            let (Some(of), Some(told)) = (&carrier.envelope, &report.envelope) else { continue };
            let whom: Vec<_> =
                of.rejected_to.iter().chain(&of.to).take(4).map(|to| &**to).collect();
            let summary = format!(
                "{} reported the failure to the sender {} (bounce, a delivery status notification, DSN): {} was refused with {} in session {}",
                report.client.ip(),
                told.recipients().next().map_or("", |to| &**to),
                whom.join(", "),
                of.reply.as_deref().unwrap_or_default(),
                carrier.session
            );
            let entry = step(StepKind::Bounce, report, told.begun, told.ended, summary);
            self.push(told.begun, entry);
        }
    }

    fn conclude(mut self) -> DeliveryReport {
        self.steps.sort_by_key(|(at, step)| (*at, step.frame, step.kind));
        let start = self.steps.first().map(|(at, _)| *at).unwrap_or_default();
        // The time of a retry or a hop is the time before it.
        let is_forward = |step: &StepReport| !matches!(step.kind, StepKind::Retry | StepKind::Hop);
        let forward = self.steps.iter().filter(|(_, step)| is_forward(step));
        let end = forward.map(|(at, step)| at.plus(step.duration_ns)).max();
        let end = self.members.iter().map(|(_, one)| one.ended()).chain(end).max().unwrap_or(start);
        let mails: Vec<_> =
            self.members.iter().filter_map(|(_, one)| one.envelope.as_deref()).collect();
        let outcome = self.outcome();
        let twice = self.steps.iter().filter(|(_, one)| one.kind == StepKind::Duplicate).count();
        let copies = u64::from(outcome == Outcome::Delivered) + twice as u64;
        let mut sessions: Vec<_> = self.members.iter().map(|(_, one)| one.session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        let steps = self.steps.into_iter().map(|(at, mut step)| {
            step.t_ns = at - start;
            step
        });
        let mut delivery = DeliveryReport {
            id: 0,
            message_id: mails.iter().find_map(|mail| mail.message_id.as_deref().map(str::to_owned)),
            from: mails.first().map(|mail| mail.from.to_string()),
            to: recipients(&mails),
            outcome,
            start,
            duration_ns: (end - start).max(0),
            copies,
            summary: String::new(),
            sessions,
            steps: steps.collect(),
        };
        delivery.summary = summary(&delivery);
        delivery
    }

    /// What it came to where nothing later goes on from.
    fn outcome(&self) -> Outcome {
        let is_last = |at: &usize| !self.settled.contains(at);
        let last = (0..self.members.len()).filter(is_last);
        let ends: Vec<_> =
            last.filter_map(|at| Some(self.member(at)?.envelope.as_ref()?.outcome)).collect();
        let failed = ends.iter().filter(|outcome| **outcome != Outcome::Delivered).max();
        match (failed, ends.is_empty()) {
            (Some(failed), _) => *failed,
            (None, false) => Outcome::Delivered,
            (None, true) => self.members.last().map_or(Outcome::Unknown, |(_, one)| one.outcome),
        }
    }
}

/// Where a mail came from.
#[derive(Clone, Copy)]
enum Came<'c> {
    /// Nothing before it has to do with it.
    First,
    /// It is the other leg of a proxy's session.
    ByProxy(&'c Carrier),
    /// Who had taken it gives it on.
    Hop(&'c Carrier),
    /// It had not been taken.
    Again(&'c Carrier),
    /// It had been taken.
    Twice(&'c Carrier),
    /// It was seen before, between others.
    Apart(&'c Carrier),
}

fn related<'c>(
    carrier: &Carrier,
    envelope: &Envelope,
    other: &'c Carrier,
    told: &Envelope,
) -> Option<Came<'c>> {
    if carrier.behalf_of == Some(other.client) {
        return Some(Came::ByProxy(other));
    }
    let is_same_client = other.client.ip() == carrier.client.ip();
    let is_within = (other.begun()..=other.ended()).contains(&carrier.begun());
    let is_local =
        carrier.client.ip().is_loopback() && !other.client.ip().is_loopback() && is_within;
    if other.server.ip() == carrier.client.ip() && !is_same_client || is_local {
        return Some(Came::Hop(other));
    }
    if !is_same_client || !envelope.shares_recipient(told) {
        return None;
    }
    match told.is_accepted() && envelope.is_accepted() && took_same(envelope, told) {
        true => Some(Came::Twice(other)),
        false => {
            (!told.is_accepted() || !told.rejected_to.is_empty()).then_some(Came::Again(other))
        }
    }
}

/// A recipient whom both took.
fn took_same(envelope: &Envelope, told: &Envelope) -> bool {
    envelope.to.iter().any(|to| told.to.iter().any(|other| other.eq_ignore_ascii_case(to)))
}

fn hop(other: &Carrier, carrier: &Carrier, name: &str, id: &str, result: &str) -> String {
    let by = if carrier.is_lmtp { "by LMTP " } else { "" };
    let host = other.server.ip();
    let held = carrier.start.max(carrier.begun().min(carrier.start)) - other.ended();
    match held >= 0 {
        true => format!(
            "{host} held the mail{id} for {} (its queue), then gave it on {by}to {name}: {result}",
            seconds(held)
        ),
        false => format!(
            "{host} gave the mail{id} on {by}to {name} while session {} waited for its reply: {result}",
            other.session
        ),
    }
}

fn again(other: &Carrier, carrier: &Carrier, result: &str) -> String {
    let Some(told) = &other.envelope else { return result.to_owned() };
    let before = match &told.reply {
        Some(reply) => format!("had been refused ({reply})"),
        None => "was broken off without a reply".to_owned(),
    };
    format!(
        "the same client came again with the same sender and recipient {} after session {}, which {before}: {result}",
        seconds(carrier.begun() - other.begun()),
        other.session
    )
}

fn twice(other: &Carrier, carrier: &Carrier, id: &str, result: &str) -> String {
    let why = match other.envelope.as_ref().and_then(|told| told.confirmed) {
        Some(false) => {
            ": the client never acknowledged the final reply there, so it could not know (RFC 1047)"
        }
        _ => "; why it came again, the capture does not show",
    };
    format!(
        "duplicate: the same mail{id} was accepted already in session {}, {} before{why}. It arrives twice, unless the server drops duplicates: {result}",
        other.session,
        seconds(carrier.begun() - other.begun()),
    )
}

fn result(envelope: &Envelope) -> String {
    let reply = envelope.reply.as_ref().map_or(String::new(), |reply| format!(" ({reply})"));
    format!("{}{reply}", envelope.outcome.name())
}

fn step(
    kind: StepKind,
    carrier: &Carrier,
    from: Timestamp,
    until: Timestamp,
    summary: String,
) -> StepReport {
    StepReport {
        kind,
        session: Some(carrier.session),
        frame: Some(carrier.frame),
        t_ns: 0,
        duration_ns: (until - from).max(0),
        host: carrier.server.ip().to_string(),
        summary,
    }
}

fn recipients(mails: &[&Envelope]) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for to in mails.iter().flat_map(|mail| mail.recipients()) {
        if named.len() < MOST_NAMED && !named.iter().any(|known| known.eq_ignore_ascii_case(to)) {
            named.push(to.to_string());
        }
    }
    named
}

fn summary(delivery: &DeliveryReport) -> String {
    let count = |kind| delivery.steps.iter().filter(|step| step.kind == kind).count();
    let mut text = format!("{} after {}", delivery.outcome.name(), seconds(delivery.duration_ns));
    let mut parts = Vec::new();
    for (kind, one, many) in [
        (StepKind::Attempt, "failed attempt", "failed attempts"),
        (StepKind::Retry, "retry", "retries"),
        (StepKind::Hop, "hop", "hops"),
        (StepKind::Duplicate, "copy too many", "copies too many"),
        (StepKind::Bounce, "bounce", "bounces"),
    ] {
        match count(kind) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {many}")),
        }
    }
    if !parts.is_empty() {
        text += &format!(", with {}", parts.join(", "));
    }
    text
}
