//! TCP segments become the ordered bytes of each direction, with their gaps and the instant at which
//! each byte was captured.
//!
//! A [`FlowTable`] takes [segments](capture_terms::segment::Segment) in the order of a capture, which may
//! be any order: queues swap packets, files overlap, packets are lost or captured twice. What lives on a
//! connection is a [`Conversation`] of yours, which hears [`TcpEvent`]s. The two directions come in an
//! order in which they can have happened: no byte before those that its sender had acknowledged.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use capture_terms::moment::{Moment, Timestamp};
//! use capture_terms::segment::{CutBy, Segment, TcpFlags};
//! use tcp_reassembly::{Body, Conversation, FlowTable, TableLimits, TcpEvent};
//!
//! #[derive(Default)]
//! struct Text(Vec<u8>);
//!
//! impl Conversation for Text {
//!     fn client_of(&self, _ends: [SocketAddr; 2], _first: [&[u8]; 2]) -> usize {
//!         0
//!     }
//!
//!     fn on_tcp(&mut self, event: TcpEvent<'_>) {
//!         let TcpEvent::Data(chunk) = event else { return };
//!         match chunk.body {
//!             Body::Bytes(bytes) => self.0.extend(bytes),
//!             Body::Gap(gap) => self.0.extend(format!("[{} missing]", gap.bytes).bytes()),
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, server) = ("192.0.2.1:40000".parse()?, "192.0.2.2:25".parse()?);
//! let segment = |frame, seq, flags, payload: &'static [u8]| Segment {
//!     at: Moment { ts: Timestamp(frame as i64), frame },
//!     source: client,
//!     destination: server,
//!     seq,
//!     ack: 1,
//!     flags,
//!     window: 1024,
//!     window_scale: None,
//!     ip_id: None,
//!     hops: None,
//!     interface: 0,
//!     timestamp: None,
//!     echoes: 0,
//!     payload,
//!     cut: 0,
//!     cut_by: CutBy::default(),
//!     bytes: &[],
//! };
//! // "lo" is missing, and the last segment was captured before the one ahead of it.
//! let segments = [
//!     segment(1, 0, TcpFlags::SYN, b""),
//!     segment(2, 1, TcpFlags::ACK, b"hel"),
//!     segment(3, 9, TcpFlags::ACK, b"ld"),
//!     segment(4, 6, TcpFlags::ACK, b"wor"),
//! ];
//! let mut table = FlowTable::new(TableLimits::NONE);
//! for (number, segment) in (1..).zip(&segments) {
//!     table.feed(segment, number, Text::default, drop);
//! }
//! let rest = table.rest();
//! let ended = rest.into_iter().filter_map(|_| table.end_first());
//! let heard: Vec<_> = ended.map(|text| String::from_utf8_lossy(&text.0).into_owned()).collect();
//! assert_eq!(heard, ["hel[2 missing]world"]);
//! # Ok(())
//! # }
//! ```
//!
//! **Limits.** What is missing is waited for up to a bound, then a gap is told; [`limits`] has all bounds.
//! The table ends nothing by itself: ask [`FlowTable::first_over`] as the [`CaptureClock`] goes on.
#![forbid(unsafe_code)]

mod analysis;
mod clock;
mod connection;
mod delivery;
mod half;
mod holes;
mod hops;
mod key;
pub mod limits;
mod nagle;
mod oddity;
mod recent_segments;
mod sightings;
mod table;
mod under_way;
mod window;

use capture_terms::{moment, role};
use std::net::SocketAddr;

pub use capture_terms::segment::{IcmpError, Trouble};

pub use analysis::{Closing, Counters, TcpFacts, Unacknowledged};
pub use clock::CaptureClock;
pub use hops::Hops;
pub use key::FlowKey;
pub use nagle::Stalls;
pub use oddity::{Noted, Oddities};
pub use table::{FlowTable, TableLimits};
pub use window::Closure;

use crate::moment::Moment;
use crate::role::Role;
use capture_terms::segment::CutBy;

/// A run of one direction's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'b> {
    /// Who sent it.
    pub from: Role,
    /// Offset of its first byte in that direction's stream, in bytes.
    pub offset: u64,
    /// The capture instant of its bytes; of a gap, the instant that revealed it.
    pub at: Moment,
    /// The bytes, or their absence.
    pub body: Body<'b>,
}

/// What a [`Chunk`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'b> {
    /// Bytes as the application will read them.
    Bytes(&'b [u8]),
    /// A gap: so many bytes were sent but are not in the capture.
    Gap(Gap),
}

impl Body<'_> {
    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Gap(gap) => gap.bytes,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A gap in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its length in bytes.
    pub bytes: u64,
    /// Why the bytes are missing.
    pub cause: GapCause,
}

/// Why bytes are missing from a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapCause {
    /// No captured frame had them.
    Lost,
    /// Their frame was captured, but the snap length cut them off.
    SnapLength,
    /// Their frame was captured whole, but they were cut off the packet inside its tunnel.
    Tunnel,
}

impl From<CutBy> for GapCause {
    fn from(cut_by: CutBy) -> Self {
        match cut_by {
            CutBy::SnapLength => Self::SnapLength,
            CutBy::Tunnel => Self::Tunnel,
        }
    }
}

/// A packet as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketSeen {
    /// When.
    pub at: Moment,
    /// Who sent it.
    pub source: SocketAddr,
    /// Sequence number of the first payload byte (of the SYN, if there is one).
    pub seq: u32,
    /// Acknowledgement number, if it has one.
    pub ack: Option<u32>,
    /// Flags, as in the header (RFC 9293 §3.1).
    pub flags: u8,
    /// Receive window as sent, not scaled, in bytes.
    pub window: u16,
    /// The shift of windows that a SYN asks for (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// Payload bytes, those that the snap length cut off too.
    pub len: u64,
    /// Those of them that the snap length cut off.
    pub cut: u32,
    /// The identification field of IPv4 (RFC 791 §3.1).
    pub ip_id: Option<u16>,
    /// It was captured before.
    pub is_copy: bool,
}

/// What happens on a connection, in an order in which it can have happened: a byte comes after
/// every byte that its sender had acknowledged when sending it (RFC 9293 §3.4).
#[derive(Clone, Copy, Debug)]
pub enum TcpEvent<'b> {
    /// A packet was captured, whatever comes of it; these may come before the ends are known.
    Packet(&'b PacketSeen),
    /// The ends are known; the first event but for packets.
    Opened {
        /// The end that opened the connection.
        client: SocketAddr,
        /// The end that was called.
        server: SocketAddr,
        /// A SYN was captured: nothing came before.
        from_start: bool,
    },
    /// The next bytes of one direction.
    Data(Chunk<'b>),
    /// Bytes, a SYN or a FIN were sent again.
    Retransmission(Role, Moment),
    /// Nothing more will come; always the last event.
    Finished(&'b TcpFacts),
}

/// What lives on a connection: the flow table carries one for each.
pub trait Conversation {
    /// Says which of the `ends` is the client (0 or 1) where no SYN was captured to tell, from the
    /// first bytes that each sent.
    fn client_of(&self, ends: [SocketAddr; 2], first: [&[u8]; 2]) -> usize;

    /// Takes the next event.
    fn on_tcp(&mut self, event: TcpEvent<'_>);

    /// Whether nothing that its bytes could say would be heard any more.
    fn is_deaf(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
