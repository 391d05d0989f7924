//! Why a session failed: the likeliest cause in a sentence, and others that the capture does not
//! exclude. A session whose mail was accepted has none.

mod alert;
mod certificate;
mod closing;
mod delivered;
mod dialogue;
mod foreign;
mod handshake;
mod offer;
mod refusal;
mod reply;
mod sealed;
mod status;
mod transport;
mod unsuited;

use serde::Serialize;

pub(super) use certificate::oddities;
pub(super) use handshake::decisive_alert;
pub(super) use reply::whole;
pub(super) use sealed::{Objection, objection};
pub(super) use transport::{hard_error, too_big};

use super::codes::finding;
use super::findings::{Finding, Severity};
use super::outcome::Outcome;
use super::session::{SessionReport, TimelineEntry};
use crate::flow::TcpFacts;
use crate::role::Role;
use crate::smtp::SmtpFacts;
use crate::tls::TlsFacts;

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Likelihood {
    /// An end says so itself.
    Certain,
    /// What was seen fits best with it.
    Likely,
    /// It is not excluded.
    Possible,
}

/// What may have made a session fail.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// The code of the finding that goes with it.
    pub code: &'static str,
    /// How sure it is.
    pub likelihood: Likelihood,
    /// The cause and its evidence.
    pub message: String,
    /// Where it shows.
    pub frame: Option<u64>,
    /// What to do about it, where the case knows better than its code.
    pub hint: Option<String>,
}

impl Cause {
    fn new(code: &'static str, likelihood: Likelihood, message: impl Into<String>) -> Self {
        Self { code, likelihood, message: message.into(), frame: None, hint: None }
    }

    fn at(self, frame: impl Into<Option<u64>>) -> Self {
        Self { frame: frame.into(), ..self }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Why a session failed.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// The likeliest cause.
    #[serde(flatten)]
    pub cause: Cause,
    /// Others, the likelier first.
    pub alternatives: Vec<Cause>,
}

/// What a diagnosis is made of.
pub(super) struct Case<'a> {
    pub(super) session: &'a SessionReport,
    pub(super) tcp: &'a TcpFacts,
    pub(super) tls: Option<&'a TlsFacts>,
    pub(super) smtp: Option<&'a SmtpFacts>,
}

impl Case<'_> {
    /// The diagnosis, if the session failed and anything shows why.
    pub(super) fn diagnose(&self) -> Option<Diagnosis> {
        let mut causes = match self.session.outcome {
            Outcome::Probe => return None,
            Outcome::Delivered => delivered::causes(self),
            Outcome::Unknown => sealed::causes(self),
            Outcome::TlsFailed => [sealed::causes(self), handshake::causes(self)]
                .into_iter()
                .find(|causes| !causes.is_empty())?,
            _ => [transport::causes(self), dialogue::causes(self), handshake::causes(self)]
                .into_iter()
                .find(|causes| !causes.is_empty())?,
        };
        causes.sort_by_key(|cause| cause.likelihood);
        let mut causes = causes.into_iter();
        Some(Diagnosis { cause: causes.next()?, alternatives: causes.collect() })
    }

    fn last_event(&self, from: Role, area: &str) -> Option<&TimelineEntry> {
        let is_his =
            |entry: &&TimelineEntry| entry.from == Some(from) && entry.event.starts_with(area);
        self.session.timeline.iter().rev().find(is_his)
    }
}

impl Diagnosis {
    /// The finding of the cause. What made a session fail is an error; what is only possible stays
    /// what its code says.
    pub(super) fn finding(&self) -> Finding {
        let mut found = finding(self.cause.code, self.cause.message.clone()).at(self.cause.frame);
        found.hint = self.cause.hint.clone().or(found.hint);
        if self.cause.likelihood < Likelihood::Possible {
            return Finding { severity: Severity::Error, ..found };
        }
        found
    }
}

/// A duration as people read it: `1.503 s`.
pub(super) fn seconds(ns: i64) -> String {
    format!("{}.{:03} s", ns / 1_000_000_000, ns / 1_000_000 % 1000)
}
