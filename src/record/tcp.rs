//! What a session says of its packets.

use crate::flow::{Closing, TcpFacts};
use crate::report::tcp::{CloseKind, FrameSpan, TcpReport};
use crate::report::vantage::Vantage;
use crate::role::PerRole;

impl FrameSpan {
    /// The frames of a connection.
    pub(super) fn of(tcp: &TcpFacts) -> Self {
        let (first, last) = tcp.frames.unwrap_or_default();
        Self { first, last, count: tcp.packets() }
    }
}

impl TcpReport {
    /// The TCP layer of a connection.
    pub(super) fn of(tcp: &TcpFacts) -> Self {
        let (close, closed_by) = match tcp.closing() {
            Closing::Fin(by) => (CloseKind::Fin, Some(by)),
            Closing::Rst(by) => (CloseKind::Rst, Some(by)),
            Closing::Open => (CloseKind::None, None),
        };
        Self {
            handshake_ns: tcp.handshake_ns(),
            rtt_ns: tcp.rtt_ns(),
            closed_by,
            close,
            retransmissions: PerRole::new(|role| tcp.counters[role].retransmissions),
            out_of_order: PerRole::new(|role| tcp.counters[role].out_of_order),
            duplicate_packets: PerRole::new(|role| tcp.counters[role].duplicate_packets),
            lost_bytes: PerRole::new(|role| tcp.counters[role].lost_bytes),
            zero_windows: PerRole::new(|role| tcp.counters[role].zero_windows),
            bytes: PerRole::new(|role| tcp.counters[role].stream_bytes),
            vantage: Vantage::of(tcp),
        }
    }
}

/// What both sides begin to count with, where the capture has both SYNs.
pub(super) fn initial(tcp: &TcpFacts) -> Option<PerRole<u32>> {
    tcp.syn.and(tcp.syn_ack)?;
    Some(PerRole { client: tcp.first_seq.client?, server: tcp.first_seq.server? })
}
