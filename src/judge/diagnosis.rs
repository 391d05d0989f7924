//! Why a session failed: the likeliest cause in a sentence, and others that the capture does not
//! exclude. A session whose mail was accepted has none.

mod alert;
mod case;
mod closing;
mod delivered;
mod dialogue;
mod foreign;
mod handshake;
mod offer;
mod proxy;
mod refusal;
mod reply;
mod sealed;
mod status;
mod transport;
mod unsuited;

pub(super) use case::Case;
pub(super) use handshake::decisive_alert;
pub(super) use proxy::header_refused;
pub(super) use reply::whole;
pub(crate) use sealed::lacks_finished;
pub(super) use sealed::objection;
pub(super) use transport::{hard_error, too_big};

use crate::judge::vantage::is_one_sided;
use crate::report::codes::{self, Code, Severity};
use crate::report::diagnosis::{Cause, Diagnosis, Likelihood};
use crate::report::findings::{Finding, finding};
use crate::report::outcome::Outcome;

/// Causes that are known by what one side did not say or do before the end.
const SHOWN_BY_SILENCE: [Code; 13] = [
    codes::TLS_CLOSED_IN_HANDSHAKE,
    codes::TLS_RESET_IN_HANDSHAKE,
    codes::TLS_SILENCE_IN_HANDSHAKE,
    codes::TLS_CERTIFICATE_REJECTED,
    codes::TLS_CLIENT_CERTIFICATE_REQUIRED,
    codes::TLS_UNRECOGNIZED_NAME,
    codes::SMTP_NO_QUIT,
    codes::SMTP_SERVER_CLOSED,
    codes::SMTP_UNCONFIRMED_MESSAGE,
    codes::SMTP_MESSAGE_CUT,
    codes::SMTP_TIMEOUT,
    codes::SMTP_STARTTLS_NOT_BEGUN,
    codes::TCP_RESET,
];

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
        causes.retain(|cause| self.saw(cause));
        causes.sort_by_key(|cause| cause.likelihood);
        let mut causes = causes.into_iter();
        Some(Diagnosis { cause: causes.next()?, alternatives: causes.collect() })
    }

    /// Where one side was not captured, only what the other said itself is known: not what was left
    /// unsaid, nor who ended it.
    fn saw(&self, cause: &Cause) -> bool {
        let spoke = self.session.smtp.is_some() || self.session.tls.is_some();
        !spoke || !is_one_sided(self.tcp) || !SHOWN_BY_SILENCE.contains(&cause.code)
    }
}

/// The finding of the cause. What made a session fail is an error; what is only possible stays
/// what its code says.
pub(super) fn finding_of(diagnosis: &Diagnosis) -> Finding {
    let cause = &diagnosis.cause;
    let mut found = finding(cause.code, cause.message.clone()).at(cause.frame);
    found.hint = cause.hint.clone().or(found.hint);
    if cause.likelihood < Likelihood::Possible {
        return Finding { severity: Severity::Error, ..found };
    }
    found
}
