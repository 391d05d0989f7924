//! IPv4 (RFC 791).

use std::net::Ipv4Addr;

use super::{Layer, Next, Skip};

pub(super) const ETHERTYPE: u16 = 0x0800;

/// More fragments follow, and the offset of this one (RFC 791 §3.1).
const FRAGMENT: u16 = 0x3fff;

/// Reads the header and bounds the data by the total length, so that padding and frame check
/// sequences do not become payload.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let header = Header::new(layer.data)?;
    if header.is_fragment() {
        return Err(Skip::Fragment);
    }
    let next = Next::Transport {
        protocol: header.protocol(),
        source: header.source().into(),
        destination: header.destination().into(),
    };
    let (data, cut) = header.payload(&layer)?;
    Ok(Layer { next, data, cut, ip_id: Some(header.identification()) })
}

/// A checked view of the part without options (RFC 791 §3.1).
struct Header<'b>(&'b [u8; 20]);

impl<'b> Header<'b> {
    fn new(data: &'b [u8]) -> Result<Self, Skip> {
        let header = Self(data.first_chunk().ok_or(Skip::Truncated { layer: "IPv4" })?);
        match (header.version(), header.len()) {
            (4, 20..) => Ok(header),
            _ => Err(Skip::Malformed { layer: "IPv4" }),
        }
    }

    fn version(&self) -> u8 {
        self.0[0] >> 4
    }

    /// With options, in bytes.
    fn len(&self) -> u16 {
        u16::from(self.0[0] & 0x0f) * 4
    }

    fn total_length(&self) -> u16 {
        u16::from_be_bytes([self.0[2], self.0[3]])
    }

    fn identification(&self) -> u16 {
        u16::from_be_bytes([self.0[4], self.0[5]])
    }

    fn is_fragment(&self) -> bool {
        u16::from_be_bytes([self.0[6], self.0[7]]) & FRAGMENT != 0
    }

    fn protocol(&self) -> u8 {
        self.0[9]
    }

    fn source(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.0[12], self.0[13], self.0[14], self.0[15])
    }

    fn destination(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.0[16], self.0[17], self.0[18], self.0[19])
    }

    /// The captured part of the payload, and how many of its bytes were not captured.
    fn payload(&self, layer: &Layer<'b>) -> Result<(&'b [u8], u32), Skip> {
        let Some(data) = layer.data.get(self.len().into()..) else {
            return Err(Skip::Truncated { layer: "IPv4" });
        };
        match self.total_length().checked_sub(self.len()) {
            Some(len) => Ok(bounded(data, len, layer.cut)),
            // A segment captured before the network card split it (TSO) has no length yet.
            None if self.total_length() == 0 => Ok((data, layer.cut)),
            None => Err(Skip::Malformed { layer: "IPv4" }),
        }
    }
}

/// The first `len` bytes of `data`, and how many of them the snap length cut: at most the `cut`
/// bytes of the frame. A length beyond the frame's own end is damage, not payload that was sent.
pub(super) fn bounded(data: &[u8], len: u16, cut: u32) -> (&[u8], u32) {
    match data.get(..len.into()) {
        Some(data) => (data, 0),
        None => (data, u32::from(len).saturating_sub(data.len() as u32).min(cut)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{Ip, LINK, layer_of};
    use super::*;

    fn read(packet: &[u8]) -> Result<(Vec<u8>, u32), Skip> {
        layer(layer_of(packet)).map(|next| (next.data.to_vec(), next.cut))
    }

    #[test]
    fn reads_addresses_and_protocol() {
        let packet = Ip::v4(17).around(b"udp");
        let next = layer(layer_of(&packet)).unwrap();
        let source = Ipv4Addr::new(192, 0, 2, 1).into();
        let destination = Ipv4Addr::new(192, 0, 2, 2).into();
        assert_eq!(next.next, Next::Transport { protocol: 17, source, destination });
    }

    #[test]
    fn passes_over_options() {
        let mut packet = Ip::v4(6).around(b"\x01\x01\x01\x00payload");
        packet[0] = 0x46;
        assert_eq!(read(&packet), Ok((b"payload".to_vec(), 0)));
    }

    #[test]
    fn trims_the_padding_of_short_ethernet_frames() {
        let packet = [Ip::v4(6).around(b"ab"), vec![0; 24]].concat();
        assert_eq!(read(&packet), Ok((b"ab".to_vec(), 0)));
    }

    #[test]
    fn counts_what_the_snap_length_cut() {
        let packet = Ip::v4(6).around(b"abcdef");
        let next = layer(Layer { next: LINK, data: &packet[..22], cut: 6, ip_id: None }).unwrap();
        assert_eq!((next.data, next.cut), (&b"ab"[..], 4));
    }

    #[test]
    fn does_not_believe_in_bytes_beyond_the_end_of_the_frame() {
        let mut packet = Ip::v4(6).around(b"ab");
        packet[2] = 0x10;
        assert_eq!(read(&packet), Ok((b"ab".to_vec(), 0)));
    }

    #[test]
    fn takes_all_there_is_where_the_total_length_is_left_to_the_network_card() {
        let mut packet = Ip::v4(6).around(b"abcdef");
        packet[2..4].fill(0);
        let next = layer(Layer { next: LINK, data: &packet, cut: 7, ip_id: None }).unwrap();
        assert_eq!((next.data, next.cut), (&b"abcdef"[..], 7));
    }

    #[test]
    fn skips_the_first_and_the_later_fragments() {
        for field in [[0x20, 0x00], [0x00, 0x01], [0x20, 0xb9]] {
            let mut packet = Ip::v4(6).around(b"part");
            packet[6..8].copy_from_slice(&field);
            assert_eq!(read(&packet), Err(Skip::Fragment));
        }
    }

    #[test]
    fn does_not_take_dont_fragment_for_a_fragment() {
        let mut packet = Ip::v4(6).around(b"whole");
        packet[6] = 0x40;
        assert!(read(&packet).is_ok());
    }

    #[test]
    fn refuses_lengths_that_contradict_each_other() {
        let malformed = Err(Skip::Malformed { layer: "IPv4" });
        let mut short = Ip::v4(6).around(b"x");
        short[3] = 19;
        assert_eq!(read(&short), malformed);
        let mut tiny = Ip::v4(6).around(b"x");
        tiny[0] = 0x44;
        assert_eq!(read(&tiny), malformed);
    }
}
