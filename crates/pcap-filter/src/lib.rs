//! What of a capture is wanted: expressions of pcap-filter(7), and a span of time. Knows no capture
//! and no decoder: it is given bytes, and plain fields.
//!
//! `token` and `parse` make an `ast` of an expression; `compile` makes tests of its primitives for
//! one `layout` of frames; `program` runs them. `packet` and `connection` are the two meanings that
//! an expression can have.
#![forbid(unsafe_code)]

mod ast;
mod compile;
mod connection;
mod error;
mod layout;
pub mod limits;
mod names;
mod packet;
mod parse;
mod program;
mod token;
mod window;

use capture_terms::moment;
pub use connection::{ConnectionFilter, Decoded, Header};
pub use error::FilterError;
pub use packet::PacketFilter;
pub use window::{Instant, Window};

/// What of a capture is wanted.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Packets; others are as if they had not been captured.
    pub packets: Option<PacketFilter>,
    /// Connections, of which a packet in the window matches.
    pub connections: Option<ConnectionFilter>,
    /// When.
    pub window: Window,
}

impl Selection {
    /// Whether connections are chosen, by whatever.
    #[must_use]
    pub fn is_by_connection(&self) -> bool {
        self.connections.is_some() || !self.window.is_unbounded()
    }
}
