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
    /// It carries TLS, and nothing known about it concerns us.
    OtherTls,
    /// It carries something else, or nothing.
    Other,
}

impl Ended {
    /// Of a session that is over; tells its tap.
    pub(super) fn of(session: Session<Audience>, limits: &SlowLimits) -> Self {
        let has_tls = session.is_in_tls();
        let (recorder, tap) = session.into_observer();
        let mut report = recorder.into_report();
        if let Some(report) = &mut report {
            slow::judge(report, limits);
        }
        if let Some(tap) = tap {
            tap.finish(report.as_deref());
        }
        match report {
            Some(report) => Self::Session(report),
            None if has_tls => Self::OtherTls,
            None => Self::Other,
        }
    }
}
