//! What a connection turned out to be.

use super::tap::Audience;
use crate::judge::slow::{self, SlowLimits};
use crate::report::SessionReport;
use crate::session::Session;

/// What a connection turned out to be.
#[derive(Debug)]
pub(super) enum Ended {
    /// It concerns us.
    Session(Box<SessionReport>),
    /// It never got further than its SYN, on a port that is none of mail's: told where a capture has
    /// nothing else.
    Attempt(Box<SessionReport>),
    /// It carries TLS, and nothing known about it concerns us.
    OtherTls,
    /// It carries something else, or nothing.
    Other,
}

impl Ended {
    /// Of a session that is over; tells its tap.
    pub(super) fn of(session: Session<Audience>, limits: &SlowLimits) -> Self {
        let has_tls = session.is_in_tls();
        // An attempt has no TLS.
        let concerns_us = has_tls || session.is_relevant() == Some(true);
        let (recorder, tap) = session.into_observer();
        let mut report = recorder.into_report();
        if let Some(report) = &mut report {
            slow::judge(report, limits);
        }
        if let Some(tap) = tap {
            tap.finish(report.as_deref().filter(|_| concerns_us));
        }
        match report {
            Some(report) if concerns_us => Self::Session(report),
            Some(report) => Self::Attempt(report),
            None if has_tls => Self::OtherTls,
            None => Self::Other,
        }
    }
}
