//! What passed during a wait, and whether it names the session.

use std::net::{IpAddr, SocketAddr};

use super::explain::owners;
use super::lookups::Lookup;
use super::sentence;
use super::stretch::Stretch;
use super::surroundings::Surroundings;
use super::terms::{Meaning, Terms};
use crate::beside::{Knock, Service, Wait};
use crate::moment::Timestamp;
use crate::report::{RelatedReport, SessionReport};

/// Lookups that are looked through for one wait, the latest first.
pub(crate) const MOST_LOOKED_THROUGH: usize = 4096;

/// The port of ident (RFC 1413).
const IDENT: u16 = 113;

/// A session among what passed beside it.
pub(super) struct Scene<'s> {
    pub(super) session: &'s SessionReport,
    pub(super) around: &'s Surroundings,
    pub(super) terms: Terms,
    /// The server, and loopback.
    pub(super) askers: Vec<IpAddr>,
}

/// Something that passed during a wait.
pub(super) struct Candidate {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// It names the session, or one of its ends.
    pub(super) is_named: bool,
    pub(super) summary: String,
    kind: &'static str,
    ends: [String; 2],
    frames: (u64, u64),
    start: Timestamp,
}

impl Candidate {
    /// As the report has it.
    pub(super) fn told(self, explains: Option<&'static str>) -> RelatedReport {
        let [from, to] = self.ends;
        let summary = match (explains, self.is_named) {
            (None, false) => {
                format!("also at that time, and nothing in it names this session: {}", self.summary)
            }
            (None, true) => format!("also at that time: {}", self.summary),
            (Some(_), _) => self.summary,
        };
        RelatedReport {
            kind: self.kind,
            from,
            to,
            frame: self.frames.0,
            last_frame: self.frames.1,
            t_ns: self.from - self.start,
            duration_ns: self.until - self.from,
            summary,
            explains,
        }
    }
}

impl<'s> Scene<'s> {
    pub(super) fn of(session: &'s SessionReport, around: &'s Surroundings) -> Self {
        let askers = owners(session.server.0.ip());
        let mut terms = Terms::of(session);
        let until = session.start.plus(session.duration_ns);
        terms.follow(&around.lookups, &askers, until);
        Self { session, around, terms, askers }
    }

    /// All that passed during a wait and was the server's.
    pub(super) fn candidates(&self, stretch: &Stretch) -> Vec<Candidate> {
        let Stretch { from, until, .. } = *stretch;
        let lookups = self.around.lookups.between(&self.askers, from, until, MOST_LOOKED_THROUGH);
        let lookups = lookups.into_iter().filter_map(|lookup| self.lookup(lookup, until));
        let waits = self.around.waits.iter().filter_map(|wait| self.wait(wait, stretch));
        let knocks = self.around.knocks.iter().filter_map(|knock| self.knock(knock, stretch));
        lookups.chain(waits).chain(knocks).collect()
    }

    pub(super) fn lookup(&self, lookup: &Lookup, until: Timestamp) -> Option<Candidate> {
        let meaning = self.terms.meaning(&lookup.name)?;
        Some(Candidate {
            from: lookup.asked.ts,
            until: lookup.end(until),
            is_named: true,
            summary: sentence::of_lookup("the server", lookup, &meaning, until),
            kind: "dns",
            ends: [lookup.asker.to_string(), lookup.resolver.to_string()],
            frames: (lookup.asked.frame, lookup.last_frame()),
            start: self.session.start,
        })
    }

    fn wait(&self, wait: &Wait, stretch: &Stretch) -> Option<Candidate> {
        let begins = stretch.until >= wait.asked.ts && wait.ended.ts >= stretch.from;
        // What is answered behind the wait's end cannot have ended it.
        let is_over = wait.ended.ts <= stretch.until;
        if !begins || !is_over || !self.is_owners(wait.client, wait.server) {
            return None;
        }
        // Lookups are told as lookups.
        if wait.service == Service::Dns {
            return None;
        }
        let is_ident = self.is_ident(wait.server);
        Some(Candidate {
            from: wait.asked.ts,
            until: wait.ended.ts,
            is_named: is_ident || self.terms.are_in(wait),
            summary: sentence::of_wait(wait),
            kind: wait.service.name(),
            ends: [wait.client.to_string(), wait.server.to_string()],
            frames: (wait.asked.frame, wait.ended.frame),
            start: self.session.start,
        })
    }

    fn knock(&self, knock: &Knock, stretch: &Stretch) -> Option<Candidate> {
        let is_during = knock.first.ts <= stretch.until && knock.last.ts >= stretch.from;
        let is_over = knock.last.ts <= stretch.until;
        let was_let_in = self.around.waits.iter().any(|wait| {
            (wait.client, wait.server, wait.asked) == (knock.client, knock.server, knock.first)
        });
        if !is_during || !is_over || was_let_in || !self.is_owners(knock.client, knock.server) {
            return None;
        }
        let service = Service::of(knock.server.port(), b"");
        let why = self.reason(knock.server, stretch.until);
        let is_named = why.is_some() || self.is_ident(knock.server);
        let why = why.unwrap_or_default();
        Some(Candidate {
            from: knock.first.ts,
            until: stretch.until,
            is_named,
            summary: sentence::of_knock(knock, service, &why, stretch.until),
            kind: service.name(),
            ends: [knock.client.to_string(), knock.server.to_string()],
            frames: (knock.first.frame, knock.last.frame),
            start: self.session.start,
        })
    }

    /// A connection of the server's, which is not the session itself.
    fn is_owners(&self, client: SocketAddr, server: SocketAddr) -> bool {
        let own = (self.session.client.0, self.session.server.0);
        let is_local = client.ip().is_loopback() && server.ip().is_loopback();
        (client, server) != own && (client.ip() == self.session.server.0.ip() || is_local)
    }

    fn is_ident(&self, server: SocketAddr) -> bool {
        (server.ip(), server.port()) == (self.session.client.0.ip(), IDENT)
    }

    /// Why the server may want to speak with a host: it looked it up for a domain of the session.
    fn reason(&self, target: SocketAddr, until: Timestamp) -> Option<String> {
        let lookups = &self.around.lookups;
        let (name, meaning) = self.terms.host(lookups, &self.askers, target.ip(), until)?;
        let (domain, meaning) = match self.terms.origin(&meaning) {
            Some(origin) => origin,
            None => (name.as_str().into(), meaning),
        };
        let what = match meaning {
            Meaning::Sender => "a callout to verify the sender",
            Meaning::Recipient => "a callout to verify the recipient, or the next hop",
            _ => "a host that the session names",
        };
        Some(format!(" ({what}: {name} is a host of {domain})"))
    }
}
