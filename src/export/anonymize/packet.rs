//! A packet as it waits in a file: all but its payload, which is read from its stream.

use std::net::{IpAddr, SocketAddr};

use crate::export::runs::Piece;
use crate::flow::PacketSeen;
use crate::moment::{Moment, Timestamp};

/// Bytes of one in a file: three numbers, six of half their size, and an address with its port.
const SIZE: usize = 3 * 8 + 6 * 4 + 18;

/// What stands for a number that a packet does not have.
const NONE: u32 = u32::MAX;

/// A packet without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) at: Moment,
    /// Its sender; an IPv4 address inside an IPv6 one is written as itself.
    pub(super) source: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    pub(super) window_scale: Option<u8>,
    pub(super) ip_id: u16,
    /// Bytes of payload on the wire.
    pub(super) len: u64,
    /// Those of them that are not in the file.
    pub(super) cut: u32,
}

impl Seen {
    pub(super) fn new(packet: &PacketSeen) -> Self {
        Self {
            at: packet.at,
            source: SocketAddr::new(packet.source.ip().to_canonical(), packet.source.port()),
            seq: packet.seq,
            ack: packet.ack.unwrap_or_default(),
            flags: packet.flags,
            window: packet.window,
            window_scale: packet.window_scale,
            ip_id: packet.ip_id.unwrap_or_default(),
            len: packet.len,
            cut: packet.cut,
        }
    }
}

impl Piece for Seen {
    /// The frame's number.
    type Place = u64;

    fn place(&self) -> u64 {
        self.at.frame
    }

    fn len(&self) -> usize {
        SIZE
    }

    fn write(&self, out: &mut Vec<u8>) {
        let numbers = [self.at.frame, self.at.ts.0.cast_unsigned(), self.len];
        numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
        let scale = self.window_scale.map_or(NONE, u32::from);
        let flags_and_window = u32::from(self.flags) << 16 | u32::from(self.window);
        let numbers = [self.seq, self.ack, flags_and_window, scale, self.ip_id.into(), self.cut];
        numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
        let ip = match self.source.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        out.extend(ip.octets());
        out.extend(self.source.port().to_le_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let [frame, ts, len] = [take(bytes)?, take(bytes)?, take(bytes)?].map(u64::from_le_bytes);
        let mut number = || take(bytes).map(u32::from_le_bytes);
        let [seq, ack, flags_and_window] = [number()?, number()?, number()?];
        let [scale, ip_id, cut] = [number()?, number()?, number()?];
        let ip = IpAddr::from(take::<16>(bytes)?).to_canonical();
        let port = u16::from_le_bytes(take(bytes)?);
        Some(Self {
            at: Moment { ts: Timestamp(ts.cast_signed()), frame },
            source: SocketAddr::new(ip, port),
            seq,
            ack,
            flags: (flags_and_window >> 16) as u8,
            window: flags_and_window as u16,
            window_scale: u8::try_from(scale).ok(),
            ip_id: ip_id as u16,
            len,
            cut,
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_as_they_were_written() {
        let seen = Seen {
            at: Moment { ts: Timestamp(-3), frame: 9 },
            source: "192.0.2.1:25".parse().unwrap(),
            seq: u32::MAX,
            ack: 7,
            flags: 0x12,
            window: 65_535,
            window_scale: Some(7),
            ip_id: 0x1234,
            len: 70_000,
            cut: 12,
        };
        let other =
            Seen { source: "[2001:db8::1]:587".parse().unwrap(), window_scale: None, ..seen };
        let mut file = Vec::new();
        [seen, other].iter().for_each(|seen| seen.write(&mut file));
        assert_eq!(file.len(), 2 * SIZE);
        let mut rest = file.as_slice();
        let read: Vec<_> = std::iter::from_fn(|| Seen::read(&mut rest)).collect();
        assert_eq!((read.as_slice(), rest), (&[seen, other][..], &[][..]));
    }
}
