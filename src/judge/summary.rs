//! Counts the sessions of a run.

use crate::report::reason::Reason;
use crate::report::session::SessionReport;
use crate::report::summary::{MissingOrigin, Summary};
use crate::report::tls::TlsReport;

/// Missing origins that are told: who looks for more has the sessions themselves.
pub(super) const MOST_ORIGINS: usize = 64;

impl Summary {
    /// Adds a session.
    pub fn count(&mut self, session: &SessionReport) {
        self.sessions += 1;
        self.shown_sessions += 1;
        *self.outcomes.entry(session.outcome.name()).or_default() += 1;
        *self.protocols.entry(session.protocol.name()).or_default() += 1;
        if let Some(tls) = &session.tls {
            *self.decryption.entry(tls.decryption.status.name()).or_default() += 1;
            if let Some(reason) = tls.decryption.reason {
                *self.reasons.entry(reason.name()).or_default() += 1;
            }
            if tls.decryption.reason == Some(Reason::ResumedWithoutOrigin) {
                self.miss_origin(tls);
            }
        }
        for mail in session.smtp.iter().flat_map(|smtp| &smtp.mails) {
            self.mails.sent += 1;
            self.mails.accepted += u64::from(mail.is_accepted());
        }
    }

    fn miss_origin(&mut self, tls: &TlsReport) {
        let told = tls.resumed.zip(tls.resumption.as_ref());
        let Some((by, told)) = told else { return };
        let Some(handle) = &told.handle else { return };
        let known = self.missing_origins.iter_mut().find(|m| m.by == by && &m.handle == handle);
        if let Some(missing) = known {
            missing.sessions += 1;
            missing.before_frame = missing.before_frame.min(told.before_frame);
        } else if self.missing_origins.len() < MOST_ORIGINS {
            let (handle, before_frame) = (handle.clone(), told.before_frame);
            self.missing_origins.push(MissingOrigin { by, handle, before_frame, sessions: 1 });
        }
    }
}
