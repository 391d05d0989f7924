//! Expressions of pcap-filter(7), in Rust alone: no libpcap, no BPF.
//!
//! [`PacketFilter`] has libpcap's meaning, packet by packet, on a link type and the bytes of a frame.
//! [`ConnectionFilter`] takes connections of which a packet matches, at any level of tunnels; it is given
//! headers that a decoder has found. [`Window`] is a span of time. This crate reads no files.
//!
//! ```
//! use pcap_filter::PacketFilter;
//!
//! # fn main() -> Result<(), pcap_filter::FilterError> {
//! const ETHERNET: u16 = 1;
//! let mut frame = vec![0; 54];
//! frame[12..14].copy_from_slice(&[8, 0]); // IPv4
//! frame[14] = 0x45;
//! frame[23] = 6; // TCP
//! frame[36..38].copy_from_slice(&25_u16.to_be_bytes()); // destination port
//!
//! let mut smtp = PacketFilter::parse("tcp dst port 25 and not host 192.0.2.1")?;
//! assert!(smtp.matches(ETHERNET, &frame, 54));
//!
//! let error = PacketFilter::parse("tcp prot 25").unwrap_err();
//! assert!(error.to_string().contains("prot"));
//! # Ok(())
//! # }
//! ```
//!
//! **Limits.** Names of hosts are not looked up, and those of services are a table of this crate. Not
//! there: `gateway`, `protochain`, headers of 802.11, ATM, SS7, IS-IS and pf's log. An expression that
//! names one is an error. The caps are in [`limits`].
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
    /// Connections with a packet in the window that matches.
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
