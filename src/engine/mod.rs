//! The pipeline: packets in, sessions out. Knows no protocol.

mod chooser;
mod numbering;
mod serial;

pub use serial::{Totals, run};
