//! Who listens in on connections of a run: `export` does.

use crate::record::Recorder;
use crate::report::SessionReport;
use crate::session::Observer;

/// Hears of a connection, and at last what came of it.
pub trait Tap: Observer + Send {
    /// The connection is over: a session, or nothing that concerns us.
    fn finish(self: Box<Self>, session: Option<&SessionReport>);
}

/// Who hears of each connection of a run.
pub(super) type Audience = (Recorder, Option<Box<dyn Tap>>);
