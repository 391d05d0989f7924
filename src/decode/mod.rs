//! One frame becomes one TCP segment. One small file a layer; knows no flow and no file format.

use std::net::SocketAddr;

use crate::moment::Moment;

/// One TCP segment (RFC 9293 §3.1), its payload borrowed from the frame.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'b> {
    /// When and where it was captured.
    pub at: Moment,
    /// Sender.
    pub source: SocketAddr,
    /// Receiver.
    pub destination: SocketAddr,
    /// Sequence number of the first payload byte (of the SYN, if there is one).
    pub seq: u32,
    /// Acknowledgement number; means something only with the ACK flag.
    pub ack: u32,
    /// SYN, ACK, FIN, RST, PSH, URG.
    pub flags: TcpFlags,
    /// Receive window as sent, not scaled, in bytes.
    pub window: u16,
    /// The window scale option's shift, if the segment carries one (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// The identification field of IPv4 (RFC 791 §3.1); IPv6 has none outside fragments.
    pub ip_id: Option<u16>,
    /// The payload bytes captured.
    pub payload: &'b [u8],
    /// Payload bytes that the frame had on the wire but the snap length cut off.
    pub cut: u32,
}

/// The flags byte of a TCP header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    pub fn syn(self) -> bool { self.0 & 2 != 0 }
    pub fn ack(self) -> bool { self.0 & 16 != 0 }
    pub fn fin(self) -> bool { self.0 & 1 != 0 }
    pub fn rst(self) -> bool { self.0 & 4 != 0 }
}
