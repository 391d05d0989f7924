//! What a comparison tells: the document of `compare --format json`.

use serde::Serialize;

use super::align::Row;
use super::difference::Difference;
use super::negotiation::Negotiation;
use super::parting::Divergence;
use super::phases::{PhaseRow, Tolerance};
use super::population::Population;
use crate::report::{Endpoint, Outcome, Protocol};

/// The name of the format.
pub const SCHEMA: &str = "smtp-decrypt/compare/v1";

/// Two sides compared.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// `smtp-decrypt/compare/v1`.
    pub schema: &'static str,
    /// Whether there is no difference beyond what is ignored.
    pub same: bool,
    /// The result in a sentence or two.
    pub sentence: String,
    /// Where the two part; null if they do not.
    pub first_divergence: Option<Divergence>,
    /// The good side.
    pub good: SideReport,
    /// The bad side.
    pub bad: SideReport,
    /// What differs, likeliest cause first.
    pub differences: Vec<Difference>,
    /// Timing phase by phase.
    pub timing: Vec<PhaseRow>,
    /// What counts as the same time.
    pub tolerance: Tolerance,
    /// The steps side by side.
    pub steps: Vec<Row>,
    /// What differs and was ignored.
    pub ignored: Vec<Ignored>,
    /// What limits the comparison.
    pub notes: Vec<String>,
    /// All sessions of both sides; null if each has one.
    pub population: Option<Population>,
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SideReport {
    /// Sessions chosen on this side.
    pub sessions: u64,
    /// The one whose steps are shown; null if there is none.
    pub session: Option<SessionId>,
}

/// The session that is compared step by step.
#[derive(Clone, Debug, Serialize)]
pub struct SessionId {
    /// Its number in its capture.
    pub id: u64,
    /// The end that opened it.
    pub client: Endpoint,
    /// The end that was called.
    pub server: Endpoint,
    /// What it carries.
    pub protocol: Protocol,
    /// How it ended.
    pub outcome: Outcome,
}

impl SessionId {
    pub(super) fn new(negotiation: &Negotiation) -> Self {
        Self {
            id: negotiation.id,
            client: Endpoint(negotiation.client),
            server: Endpoint(negotiation.server),
            protocol: negotiation.protocol,
            outcome: negotiation.outcome,
        }
    }
}

/// Something that differs and means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// What it is.
    pub what: &'static str,
    /// The good session's.
    pub good: String,
    /// The bad session's.
    pub bad: String,
}
