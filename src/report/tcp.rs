//! The packets and the TCP layer of a session.

use serde::{Deserialize, Serialize};

use super::vantage::Vantage;
use crate::role::{PerRole, Role};

/// The frames of a session.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct FrameSpan {
    /// The lowest number.
    pub first: u64,
    /// The highest number.
    pub last: u64,
    /// How many.
    pub count: u64,
}

/// How a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CloseKind {
    /// With FIN.
    Fin,
    /// With RST.
    Rst,
    /// Not within the capture.
    None,
}

/// The TCP layer of a session.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct TcpReport {
    /// SYN to the ACK that completes the handshake, in ns.
    pub handshake_ns: Option<i64>,
    /// The smallest round trip over the whole path, in ns.
    pub rtt_ns: Option<i64>,
    /// Who closed it.
    pub closed_by: Option<Role>,
    /// How.
    pub close: CloseKind,
    /// Segments sent again, by sender.
    pub retransmissions: PerRole<u64>,
    /// Segments captured after their successors.
    pub out_of_order: PerRole<u64>,
    /// Packets captured twice.
    pub duplicate_packets: PerRole<u64>,
    /// Bytes sent that are not in the capture.
    pub lost_bytes: PerRole<u64>,
    /// Segments that announced a closed window.
    pub zero_windows: PerRole<u64>,
    /// Payload bytes captured, each counted once.
    pub bytes: PerRole<u64>,
    /// Where the capture was taken.
    pub vantage: Vantage,
}
