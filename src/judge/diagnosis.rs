//! Why a session failed: the likeliest cause in a sentence, and others that the capture does not
//! exclude. A session whose mail was accepted has none.

mod alert;
mod case;
mod dialogue;
mod handshake;
mod offer;
mod refusal;
mod status;
mod transport;

pub(super) use case::Case;

use crate::report::codes::finding;
use crate::report::diagnosis::{Diagnosis, Likelihood};
use crate::report::findings::{Finding, Severity};
use crate::report::outcome::Outcome;

impl Case<'_> {
    /// The diagnosis, if the session failed and anything shows why.
    pub(super) fn diagnose(&self) -> Option<Diagnosis> {
        let mut causes = match self.session.outcome {
            // What was not opened cannot be said to have failed.
            Outcome::Delivered | Outcome::Unknown => return None,
            Outcome::TlsFailed => handshake::causes(self),
            _ => [transport::causes(self), dialogue::causes(self), handshake::causes(self)]
                .into_iter()
                .find(|causes| !causes.is_empty())?,
        };
        causes.sort_by_key(|cause| cause.likelihood);
        let mut causes = causes.into_iter();
        Some(Diagnosis { cause: causes.next()?, alternatives: causes.collect() })
    }
}

/// The finding of the cause. What made a session fail is an error; what is only possible stays
/// what its code says.
pub(super) fn finding_of(diagnosis: &Diagnosis) -> Finding {
    let cause = &diagnosis.cause;
    let found = finding(cause.code, cause.message.clone()).at(cause.frame);
    if cause.likelihood < Likelihood::Possible {
        return Finding { severity: Severity::Error, ..found };
    }
    found
}
