//! A session without what changes from run to run: the steps it took, and the facts of each.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

use super::difference::Topic;
use super::seen::{Seen, Sureness};
use super::{course, facts};
use crate::report::{DecryptionStatus, Outcome, Protocol, Timing};
use crate::role::Role;

/// One step of a session, in an order that does not depend on the order of packets.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What it is: `ServerHello`, `reply to STARTTLS`.
    pub(super) place: String,
    /// Whose step it is.
    pub(super) from: Role,
    /// What decides how it goes on: the code of a reply, the suite chosen.
    pub(super) course: String,
    /// What its end did, as the rest of a sentence.
    pub(super) said: String,
    /// The same for a narrow column.
    pub(super) shown: String,
    pub(super) frame: Option<u64>,
    /// Since the session's start.
    pub(super) at_ns: Option<i64>,
    /// Only decryption shows it.
    pub(super) sealed: bool,
    pub(super) kind: Kind,
}

/// What a step is, for finding its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connection,
    Command,
    Reply,
    Handshake,
    /// With its description.
    Alert(String),
    End,
}

impl Step {
    /// Whether two steps mean the same for what comes after them.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    pub(super) fn key(&self) -> (&str, Role, &str) {
        // Who closes TCP first after all was said is chance.
        let is_orderly =
            self.kind == Kind::End && ["closed", "open"].contains(&self.course.as_str());
        (&self.place, if is_orderly { Role::Server } else { self.from }, &self.course)
    }
}

/// Something that may differ at a step without changing its course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) topic: Topic,
    /// The step it belongs to, by its place; `TCP` and the like for the whole session.
    pub(super) place: String,
    pub(super) name: &'static str,
    /// Volatile parts replaced.
    pub(super) values: Vec<String>,
    pub(super) frame: Option<u64>,
    /// Index of its step; `WHOLE` for the whole session.
    pub(super) step: usize,
    pub(super) sealed: bool,
}

/// The step of a fact that belongs to the whole session.
pub(super) const WHOLE: usize = usize::MAX;

/// Why a session failed, as its diagnosis says.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Of its finding.
    pub(super) code: String,
    pub(super) sureness: Sureness,
    pub(super) message: String,
    pub(super) frame: Option<u64>,
    pub(super) hint: Option<String>,
}

impl Failure {
    fn of(session: &Seen) -> Option<Self> {
        let told = session.diagnosis.as_ref()?;
        // The finding of the same code has the advice that goes with it.
        let advice = || session.findings.iter().find(|finding| finding.code == told.code);
        Some(Self {
            code: told.code.clone(),
            sureness: told.likelihood,
            message: told.message.clone(),
            frame: told.frame,
            hint: told.hint.clone().or_else(|| advice()?.hint.clone()),
        })
    }
}

/// A session made comparable.
#[derive(Clone, Debug)]
pub struct Negotiation {
    pub(super) id: u64,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) outcome: Outcome,
    pub(super) protocol: Protocol,
    pub(super) decryption: Option<DecryptionStatus>,
    /// Why it was not opened.
    pub(super) reason: Option<String>,
    /// Why it failed, if it did and that shows.
    pub(super) failure: Option<Failure>,
    pub(super) steps: Vec<Step>,
    pub(super) facts: Vec<Fact>,
    /// What is never compared, by name: only told of.
    pub(super) volatile: Vec<(&'static str, String)>,
    pub(super) timing: Timing,
    pub(super) rtt_ns: Option<i64>,
    /// Bytes that its capture lacks.
    pub(super) lost_bytes: u64,
}

impl Negotiation {
    /// The negotiation of a session.
    pub(super) fn new(session: &Seen) -> Self {
        let steps = course::steps(session);
        let decryption = session.tls.as_ref().map(|tls| &tls.decryption);
        Self {
            id: session.id,
            client: session.client.address(),
            server: session.server.address(),
            outcome: session.outcome,
            protocol: session.protocol,
            decryption: decryption.map(|decryption| decryption.status),
            reason: decryption.and_then(|decryption| decryption.reason.clone()),
            failure: Failure::of(session),
            facts: facts::facts(session, &steps),
            volatile: facts::volatile(session),
            timing: session.timing,
            rtt_ns: session.tcp.rtt_ns,
            lost_bytes: session.tcp.lost_bytes.client.saturating_add(session.tcp.lost_bytes.server),
            steps,
        }
    }

    /// The same for all sessions that took the same steps with the same facts, at whatever speed,
    /// over whatever network and for whomever: each of a thousand mails has a sender of its own.
    pub(super) fn shape(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.failure.as_ref().map(|failure| &failure.code).hash(&mut hasher);
        self.steps.iter().for_each(|step| step.key().hash(&mut hasher));
        let is_chance = |fact: &&Fact| matches!(fact.topic, Topic::Content | Topic::Tcp);
        for fact in self.facts.iter().filter(|fact| !is_chance(fact)) {
            (fact.topic as u8, &fact.place, fact.name, &fact.values).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Whether mail failed, or a diagnosis says so.
    pub(super) fn has_failed(&self) -> bool {
        self.outcome.is_failure() || self.failure.is_some()
    }

    /// Whether its beginning was captured.
    pub(super) fn begins(&self) -> bool {
        self.steps.first().is_some_and(|step| step.kind == Kind::Connection)
    }

    /// Whether what passed inside TLS is known.
    pub(super) fn is_readable(&self) -> bool {
        !matches!(self.decryption, Some(DecryptionStatus::None))
    }

    /// Without what only decryption shows.
    pub(super) fn unsealed(&self) -> Self {
        let mut open = self.clone();
        open.steps.retain(|step| !step.sealed);
        open.facts.retain(|fact| !fact.sealed);
        open
    }
}
