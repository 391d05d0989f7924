//! The checksum of TCP (RFC 9293 §3.1): looked at for what it tells of the capture, never as a reason
//! to leave a segment out; and made, for what is exported.

use std::net::IpAddr;

use super::{Segment, TCP};

/// Whether a segment's checksum is right; `None` if part of it was cut.
#[must_use]
pub fn is_right(segment: &Segment<'_>) -> Option<bool> {
    if segment.cut > 0 {
        return None;
    }
    let len = u64::try_from(segment.bytes.len()).ok()?;
    let ends = sum_of(segment.source.ip()) + sum_of(segment.destination.ip());
    let sum = ends + u64::from(TCP) + len + sum(segment.bytes);
    Some(folded(sum) == 0xffff)
}

/// The checksum of a segment in which the field for it is zero.
#[must_use]
pub fn of_tcp(source: IpAddr, destination: IpAddr, segment: &[u8]) -> u16 {
    let ends = sum_of(source) + sum_of(destination);
    complement(ends + u64::from(TCP) + segment.len() as u64 + sum(segment))
}

/// The checksum of an IPv4 header in which the field for it is zero (RFC 791 §3.1).
#[must_use]
pub fn of_header(header: &[u8]) -> u16 {
    complement(sum(header))
}

fn complement(sum: u64) -> u16 {
    !(folded(sum) as u16)
}

fn sum_of(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    }
}

/// Of 16-bit words; a byte left over is the upper half of one (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(2);
    let rest = words.remainder().first().map_or(0, |&byte| u64::from(byte) << 8);
    rest + words.map(|word| u64::from(word[0]) << 8 | u64::from(word[1])).sum::<u64>()
}

fn folded(mut sum: u64) -> u64 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::decode::TcpFlags;
    use crate::moment::Moment;

    /// The SYN of a real connection from ::1 and its checksum are in testdata/transport/ipv6/ipv6.pcap; this one is
    /// summed by hand: ports 1 and 2, header length 5 words.
    fn segment(bytes: &[u8]) -> Segment<'_> {
        let [source, destination] = [1, 2].map(|n| SocketAddr::from(([0, 0, 0, n], 0)));
        Segment {
            at: Moment::default(),
            source,
            destination,
            seq: 0,
            ack: 0,
            flags: TcpFlags::default(),
            window: 0,
            window_scale: None,
            ip_id: None,
            hops: None,
            interface: 0,
            timestamp: None,
            echoes: 0,
            payload: &[],
            cut: 0,
            cut_by: crate::decode::CutBy::SnapLength,
            bytes,
        }
    }

    #[test]
    fn knows_a_right_checksum_from_a_wrong_one() {
        let mut bytes = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0, 7];
        // Addresses 1 + 2, protocol 6, length 21, ports 1 + 2, 0x5000, 0x0700: 0x5721.
        bytes[16..18].copy_from_slice(&(!0x5721_u16).to_be_bytes());
        assert_eq!(is_right(&segment(&bytes)), Some(true));
        bytes[20] ^= 1;
        assert_eq!(is_right(&segment(&bytes)), Some(false));
        assert_eq!(is_right(&Segment { cut: 1, ..segment(&bytes) }), None);
    }
}
