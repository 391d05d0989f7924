//! The bytes of a TCP segment in an IP datagram, with the checksums of both.

use std::net::{IpAddr, SocketAddr};

use crate::decode::checksum;

/// Flags of TCP (RFC 9293 §3.1).
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

/// Bytes of data that fit into every datagram behind its headers: those of IPv4 count among its 65,535.
pub(super) const LONGEST: usize = 65_535 - IPV4_HEADER - TCP_HEADER;

const IPV4_HEADER: usize = 20;
const TCP_HEADER: usize = 20;

/// TCP's number among the protocols of IP.
const TCP: u8 = 6;

const TIME_TO_LIVE: u8 = 64;

/// The bit that forbids to cut a datagram (RFC 791 §3.1).
const DO_NOT_FRAGMENT: u16 = 0x4000;

/// One segment.
pub(super) struct Segment<'s> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) seq: u32,
    /// Zero without the flag.
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    /// A multiple of four bytes.
    pub(super) options: &'s [u8],
    /// The identification field of IPv4.
    pub(super) ip_id: u16,
    pub(super) data: &'s [u8],
    /// Bytes that follow the data on the wire, and are not in the file.
    pub(super) cut: usize,
}

impl Segment<'_> {
    /// As it stands in a frame of the link type `RAW`: the datagram alone.
    pub(super) fn datagram(&self) -> Vec<u8> {
        let tcp = self.tcp();
        let mut datagram = self.ip(tcp.len() + self.cut);
        datagram.extend(tcp);
        datagram
    }

    fn tcp(&self) -> Vec<u8> {
        let words = (TCP_HEADER + self.options.len()) / 4;
        let mut tcp = Vec::with_capacity(TCP_HEADER + self.options.len() + self.data.len());
        tcp.extend(self.source.port().to_be_bytes());
        tcp.extend(self.destination.port().to_be_bytes());
        tcp.extend(self.seq.to_be_bytes());
        tcp.extend(self.ack.to_be_bytes());
        tcp.extend([(words as u8) << 4, self.flags]);
        tcp.extend(self.window.to_be_bytes());
        // Checksum and urgent pointer.
        tcp.extend([0; 4]);
        tcp.extend(self.options);
        tcp.extend(self.data);
        let sum = checksum::of_tcp(self.source.ip(), self.destination.ip(), &tcp);
        if let Some(field) = tcp.get_mut(16..18) {
            field.copy_from_slice(&sum.to_be_bytes());
        }
        tcp
    }

    fn ip(&self, len: usize) -> Vec<u8> {
        match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                // Zero stands for more than fits, as segmentation offload leaves it.
                let total = u16::try_from(IPV4_HEADER + len).unwrap_or_default();
                let mut header = vec![0x45, 0];
                header.extend(total.to_be_bytes());
                header.extend(self.ip_id.to_be_bytes());
                header.extend(DO_NOT_FRAGMENT.to_be_bytes());
                header.extend([TIME_TO_LIVE, TCP, 0, 0]);
                header.extend(source.octets());
                header.extend(destination.octets());
                let sum = checksum::of_header(&header);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
                header
            }
            (source, destination) => {
                let mut header = vec![0x60, 0, 0, 0];
                header.extend(u16::try_from(len).unwrap_or_default().to_be_bytes());
                header.extend([TCP, TIME_TO_LIVE]);
                for ip in [source, destination] {
                    header.extend(as_v6(ip));
                }
                header
            }
        }
    }
}

fn as_v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
