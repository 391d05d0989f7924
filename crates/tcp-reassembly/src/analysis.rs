//! What the packets of a connection tell beyond their bytes: loss, repetition, round trips.

use serde::Serialize;

use super::hops::Hops;
use super::nagle::Stalls;
use super::oddity::Oddities;
use super::window::Closure;
use crate::moment::Moment;
use crate::role::{PerRole, Role};
use capture_terms::segment::IcmpError;

/// Counters of one direction, by the end that sent the packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Packets.
    pub packets: u64,
    /// Segments sent again: bytes, a SYN or a FIN. Those too that were captured once, where clock, count,
    /// requests or time show that they were sent after their successors.
    pub retransmissions: u64,
    /// Segments captured after their successors, but sent before them.
    pub out_of_order: u64,
    /// Packets captured more than once (`-i any`, bonded interfaces, mirror ports).
    pub duplicate_packets: u64,
    /// Bytes sent that no captured frame has.
    pub lost_bytes: u64,
    /// Of these, bytes that the snap length cut off.
    pub cut_bytes: u64,
    /// Segments that announced a closed receive window.
    pub zero_windows: u64,
    /// Payload bytes of the stream that were captured, each counted once.
    pub stream_bytes: u64,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// With FIN; the end that sent the first.
    Fin(Role),
    /// With RST.
    Rst(Role),
    /// Its end is not in the capture.
    Open,
}

/// The end of a direction that its receiver never acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unacknowledged {
    /// Bytes, to the last one captured.
    pub bytes: u64,
    /// Retransmissions since the last acknowledgement of anything new.
    pub attempts: u64,
    /// When the first of these bytes was captured.
    pub since: Option<Moment>,
}

/// Everything the TCP layer knows of a finished connection.
#[derive(Clone, Debug, Default)]
pub struct TcpFacts {
    /// The sequence number of each end's first byte, where it is known.
    pub first_seq: PerRole<Option<u32>>,
    /// The first SYN.
    pub syn: Option<Moment>,
    /// SYNs of the client: attempts to connect.
    pub syns: u64,
    /// The first SYN with ACK.
    pub syn_ack: Option<Moment>,
    /// The client's ACK that completes the three-way handshake.
    pub established: Option<Moment>,
    /// The first FIN of each end.
    pub fin: PerRole<Option<Moment>>,
    /// That FIN acknowledges all bytes of the peer: its end left when it had heard everything,
    /// whatever the order of the packets in the file.
    pub fin_heard_all: PerRole<bool>,
    /// The first RST of each end.
    pub rst: PerRole<Option<Moment>>,
    /// First and last packet, by time.
    pub span: Option<(Moment, Moment)>,
    /// The last packet by time that is no copy of another.
    pub last_sent: Option<Moment>,
    /// Lowest and highest frame number.
    pub frames: Option<(u64, u64)>,
    /// Counters by sender.
    pub counters: PerRole<Counters>,
    /// What is odd, by sender.
    pub odd: PerRole<Oddities>,
    /// What each end sent last, and the other never acknowledged.
    pub unacknowledged: PerRole<Unacknowledged>,
    /// The quickest answer to a packet of each end, in ns: the path from the point of capture to
    /// the other end and back.
    pub quickest_ack_ns: PerRole<Option<i64>>,
    /// When each end had closed its receive window.
    pub closures: PerRole<Vec<Closure>>,
    /// Where Nagle's algorithm kept an end waiting for a delayed acknowledgement.
    pub stalls: PerRole<Stalls>,
    /// What ICMP said of its packets.
    pub errors: Vec<IcmpError>,
    /// How far each end's packets had come.
    pub hops: PerRole<Hops>,
    /// The first packet of each end.
    pub first_packet: PerRole<Option<Moment>>,
}

impl TcpFacts {
    /// The first FIN or RST of a side.
    #[must_use]
    pub fn left_at(&self, role: Role) -> Option<Moment> {
        self.rst[role].into_iter().chain(self.fin[role]).min()
    }

    /// Whether it never got further than its SYN.
    #[must_use]
    pub fn is_attempt(&self) -> bool {
        let spoke = self.counters.client.stream_bytes + self.counters.server.stream_bytes > 0;
        self.syn.is_some() && self.syn_ack.is_none() && self.established.is_none() && !spoke
    }

    /// The smallest round trip over the whole path, in ns; null unless both parts were seen.
    #[must_use]
    pub fn rtt_ns(&self) -> Option<i64> {
        Some(self.quickest_ack_ns.client? + self.quickest_ack_ns.server?)
    }

    /// From the SYN to the ACK that completes the handshake, in ns.
    #[must_use]
    pub fn handshake_ns(&self) -> Option<i64> {
        self.syn_ack?;
        Some((self.established?.ts - self.syn?.ts).max(0))
    }

    /// How it ended: an RST counts only where no FIN came before it.
    #[must_use]
    pub fn closing(&self) -> Closing {
        let fin = first_of(&self.fin);
        let rst = first_of(&self.rst);
        match (fin, rst) {
            (None, None) => Closing::Open,
            (Some((_, role)), None) => Closing::Fin(role),
            (None, Some((_, role))) => Closing::Rst(role),
            (Some((fin_at, by)), Some((rst_at, _))) if fin_at <= rst_at => Closing::Fin(by),
            (_, Some((_, role))) => Closing::Rst(role),
        }
    }

    /// The number of packets of both directions.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.counters.client.packets + self.counters.server.packets
    }
}

fn first_of(moments: &PerRole<Option<Moment>>) -> Option<(Moment, Role)> {
    Role::BOTH.iter().filter_map(|&role| Some((moments[role]?, role))).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: 1 }
    }

    #[test]
    fn a_fin_before_the_reset_is_the_end() {
        let mut facts = TcpFacts::default();
        assert_eq!(facts.closing(), Closing::Open);
        facts.rst.client = Some(at(9));
        assert_eq!(facts.closing(), Closing::Rst(Role::Client));
        facts.fin.server = Some(at(5));
        assert_eq!(facts.closing(), Closing::Fin(Role::Server));
    }
}
