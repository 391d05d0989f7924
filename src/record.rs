//! What happens on a connection becomes a session of the report. Asks `judge` for what is not seen
//! but concluded. Knows no secrets, no rendering and no terminal.

mod capture;
mod finding_code;
pub mod limits;
mod mail;
mod observer;
mod proxy;
mod recorder;
mod reply;
mod tcp;
mod tls;

pub use recorder::{Recorder, Reveal};
