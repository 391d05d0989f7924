//! What frames say about a TCP connection: its segments, and errors about them.

use std::net::{IpAddr, SocketAddr};

use crate::moment::Moment;

/// One TCP segment (RFC 9293 §3.1), its payload borrowed from the frame.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'b> {
    /// When and where it was captured; of a datagram in parts, its last part.
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
    /// The window scale option's shift, at most 14, if a SYN carries one (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// The identification field of IPv4 (RFC 791 §3.1); IPv6 has none outside fragments.
    pub ip_id: Option<u16>,
    /// Hops that it had left: TTL (RFC 791 §3.1) or hop limit (RFC 8200 §3) of the innermost header.
    pub hops: Option<u8>,
    /// The interface that captured it, as the file numbers them; 0 where it does not tell.
    pub interface: u32,
    /// The sender's clock: TSval of the timestamps option (RFC 7323 §3.2).
    pub timestamp: Option<u32>,
    /// A digest of what its options acknowledge: the clock that it echoes (RFC 7323 §3.2) and the blocks
    /// of SACK (RFC 2018 §3); 0 without either.
    pub echoes: u32,
    /// The payload bytes captured.
    pub payload: &'b [u8],
    /// Payload bytes that the packet had, but that were cut off.
    pub cut: u32,
    /// Who cut them off.
    pub cut_by: CutBy,
    /// Header and payload as captured.
    pub bytes: &'b [u8],
}

/// Who cut bytes off a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutBy {
    /// The recorder, by its snap length.
    #[default]
    SnapLength,
    /// Whoever put the packet into a tunnel: the frame around it is whole.
    Tunnel,
}

/// The flags byte of a TCP header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement number is valid.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is valid.
    pub const URG: Self = Self(0x20);

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether FIN is set.
    #[must_use]
    pub fn fin(self) -> bool {
        self.contains(Self::FIN)
    }

    /// Whether SYN is set.
    #[must_use]
    pub fn syn(self) -> bool {
        self.contains(Self::SYN)
    }

    /// Whether RST is set.
    #[must_use]
    pub fn rst(self) -> bool {
        self.contains(Self::RST)
    }

    /// Whether PSH is set.
    #[must_use]
    pub fn psh(self) -> bool {
        self.contains(Self::PSH)
    }

    /// Whether ACK is set.
    #[must_use]
    pub fn ack(self) -> bool {
        self.contains(Self::ACK)
    }

    /// Whether URG is set.
    #[must_use]
    pub fn urg(self) -> bool {
        self.contains(Self::URG)
    }
}

/// What went wrong with a packet on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Somebody forbids it: "administratively prohibited".
    Prohibited,
    /// No way to the network or host.
    HostUnreachable,
    /// Nobody listens, says the host.
    PortUnreachable,
    /// It is too large for the next link, and may not be cut.
    TooBig {
        /// The most bytes that the link takes; none if the router does not say (RFC 1191 §4).
        mtu: Option<u32>,
    },
    /// It went round in circles, or too far.
    TimeExceeded,
}

/// An error about a packet of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// When it was captured.
    pub at: Moment,
    /// Who sent it: a router, a firewall, or the host itself.
    pub reporter: IpAddr,
    /// The sender of the packet that it quotes, to whom it is sent.
    pub source: SocketAddr,
    /// Where that packet was to go.
    pub destination: SocketAddr,
    /// What went wrong.
    pub trouble: Trouble,
}

/// What is no TCP, but may tell why a connection waits, or does not come about.
#[derive(Clone, Copy, Debug)]
pub enum Beside<'b> {
    /// A DNS message over UDP.
    Datagram(Datagram<'b>),
    /// A host is looked for on the link, or answers.
    Neighbour(Neighbour),
}

/// A UDP datagram (RFC 768) to or from the port of DNS.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'b> {
    /// When and where it was captured.
    pub at: Moment,
    /// Sender.
    pub source: SocketAddr,
    /// Receiver.
    pub destination: SocketAddr,
    /// Its bytes as captured.
    pub payload: &'b [u8],
}

/// ARP (RFC 826), or neighbour discovery of IPv6 (RFC 4861 §4.3, §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// When and where it was captured.
    pub at: Moment,
    /// Who asks, or is answered.
    pub asker: IpAddr,
    /// Whose link-layer address is asked for.
    pub target: IpAddr,
    /// It answers.
    pub is_answer: bool,
}
