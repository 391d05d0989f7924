//! Certificates of authorities that the sessions of the capture have shown so far: where one server
//! leaves an intermediate out, another may send it.

use std::collections::HashSet;
use std::sync::Arc;

use super::path::{Source, Step};
use super::reading::Reading;

/// Certificates that are remembered: more than the public authorities have intermediates in use.
pub(super) const MOST_SHOWN: usize = 2048;

/// The certificates, with the session that showed each first.
#[derive(Debug, Default)]
pub(super) struct Shown {
    steps: Vec<Step>,
    known: HashSet<[u8; 32]>,
}

impl Shown {
    /// Learns from a session.
    pub(super) fn learn(&mut self, session: u64, sent: &[Arc<Reading>]) {
        for reading in sent.iter().filter(|reading| reading.certificate.is_ca == Some(true)) {
            if self.steps.len() < MOST_SHOWN && self.known.insert(reading.certificate.sha256) {
                let source = Source::Capture(session);
                self.steps.push(Step { reading: Arc::clone(reading), source });
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}
