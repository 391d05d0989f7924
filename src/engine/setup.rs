//! What a run is told ahead.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::filter::Selection;
use crate::judge::SlowLimits;
use crate::record::Reveal;
use crate::tls::Keys;
use crate::trust::Settings;

/// What every session of a run shares.
#[derive(Clone, Default)]
pub struct Setup {
    /// What may open sessions.
    pub keys: Keys,
    /// What is trusted.
    pub trust: Arc<Settings>,
    /// What is not masked.
    pub reveal: Reveal,
    /// Every connection that carries TLS is reported.
    pub all_tls: bool,
    /// How long each phase may take before it is slow.
    pub slow: SlowLimits,
    /// What of the capture is wanted.
    pub selection: Selection,
    /// What was captured at several points, or in two halves, is not joined.
    pub keeps_apart: bool,
    /// Time passes where nothing comes: the capture is being written.
    pub follows: bool,
    /// How many threads read connections; one for each core if it is not said.
    pub threads: Option<NonZeroUsize>,
}

impl Setup {
    /// The same for each of so many workers (see [`Keys::of_workers`]).
    #[must_use]
    pub fn of_workers(&self, workers: usize) -> Vec<Self> {
        let keys = self.keys.of_workers(workers).into_iter();
        keys.map(|keys| Self { keys, ..self.clone() }).collect()
    }
}
