//! What passes beside the sessions: names that are looked up, neighbours that are looked for, and waits
//! on any TCP connection. Notes what was seen; what it means for a session is for `story` to say.

pub mod limits;
mod observation;
mod service;
mod tokens;
mod watch;

pub use observation::{Knock, NameMessage, Observation, Wait};
pub use service::Service;
pub(crate) use watch::LEAST_WAIT;
pub use watch::Watch;
