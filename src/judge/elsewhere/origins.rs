//! Sessions that were not opened, by what names them should others resume them.

use std::collections::{HashMap, VecDeque};

use crate::judge::handle::Handle;
use crate::report::reason::Reason;
use crate::report::session::SessionReport;

/// Handles that are remembered, the oldest forgotten first: those of the last minutes of a busy
/// server, and some megabytes.
pub(in crate::judge) const MOST_HANDLES: usize = 16_384;

/// The sessions met so far that were not opened.
#[derive(Debug, Default)]
pub(super) struct Origins {
    sessions: HashMap<Handle, u64>,
    /// In the order in which they were given out.
    order: VecDeque<Handle>,
}

impl Origins {
    /// Which session has to be opened, so that this one can be: what there is to say of it.
    pub(super) fn told(&self, session: &SessionReport) -> Option<String> {
        let tls = session.tls.as_ref()?;
        tls.decryption.reason.filter(|reason| *reason == Reason::ResumedWithoutOrigin)?;
        let origin = self.sessions.get(&tls.takes_up()?)?;
        Some(format!("it is session {origin} of this capture: what opens that one opens this one"))
    }

    /// Remembers a session that others may resume.
    pub(super) fn learn(&mut self, session: &SessionReport) {
        let closed = session.tls.as_ref().filter(|_| session.opened_by().is_none());
        for handle in closed.into_iter().flat_map(|tls| tls.gives_out()) {
            if self.order.len() >= MOST_HANDLES
                && let Some(oldest) = self.order.pop_front()
            {
                self.sessions.remove(&oldest);
            }
            if self.sessions.insert(handle.clone(), session.id).is_none() {
                self.order.push_back(handle);
            }
        }
    }
}
