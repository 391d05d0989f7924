//! IPv4 (RFC 791).

use std::net::{IpAddr, Ipv4Addr};

use super::fragment::Part;
use super::{Layer, Next, Skip};

pub(super) const ETHERTYPE: u16 = 0x0800;

/// More fragments follow, and the offset of this one in units of 8 bytes (RFC 791 §3.1).
const MORE: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;

/// Options (RFC 791 §3.1): loose and strict source routes.
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const SOURCE_ROUTES: [u8; 2] = [131, 137];

/// Reads the header and bounds the data by the total length, so that padding and frame check
/// sequences do not become payload.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let header = Header::new(layer.data)?;
    let payload = header.payload(layer)?;
    let options = layer.data.get(20..header.len().into()).unwrap_or_default();
    let destination = end_of_route(options).unwrap_or_else(|| header.destination());
    let ip_id = Some(header.identification());
    let hops = Some(header.time_to_live());
    Ok(Layer { next: header.next(destination.into()), ip_id, hops, ..payload })
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

    fn fragment(&self) -> u16 {
        u16::from_be_bytes([self.0[6], self.0[7]]) & (MORE | OFFSET)
    }

    fn time_to_live(&self) -> u8 {
        self.0[8]
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

    /// What the payload is: a datagram's, or a part of one.
    fn next(&self, destination: IpAddr) -> Next {
        let (protocol, field) = (self.protocol(), self.fragment());
        let source = self.source().into();
        if field == 0 {
            return Next::Transport { protocol, source, destination };
        }
        let id = self.identification().into();
        let offset = (field & OFFSET) << 3;
        Next::Part(Part { source, destination, protocol, id, offset, more: field & MORE != 0 })
    }

    /// The payload, without what comes behind the total length.
    fn payload<'l>(&self, layer: Layer<'l>) -> Result<Layer<'l>, Skip> {
        let payload = layer.pass(self.len().into(), "IPv4")?;
        match self.total_length().checked_sub(self.len()) {
            Some(len) => Ok(payload.bounded(len.into())),
            // A segment captured before the network card split it (TSO) has no length yet.
            None if self.total_length() == 0 => Ok(payload),
            None => Err(Skip::Malformed { layer: "IPv4" }),
        }
    }
}

/// Where a source route ends that the packet is still under way on: TCP's other end (RFC 1122
/// §4.2.3.8). None without one, or behind its last stop.
fn end_of_route(mut options: &[u8]) -> Option<Ipv4Addr> {
    loop {
        options = match *options {
            [] | [END_OF_OPTIONS, ..] => return None,
            [NO_OPERATION, ref rest @ ..] => rest,
            [kind, len @ 3..=255, pointer, ..] if SOURCE_ROUTES.contains(&kind) => {
                let route = options.get(..len.into())?;
                let under_way = pointer < len;
                return route.last_chunk::<4>().filter(|_| under_way).map(|&last| last.into());
            }
            [_, len @ 2..=255, ..] => options.get(len.into()..)?,
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{Ip, layer_of};
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
    fn takes_the_end_of_a_source_route_for_the_destination() {
        let route = [1, 131, 11, 4, 192, 0, 2, 7, 192, 0, 2, 8];
        assert_eq!(end_of_route(&route), Some(Ipv4Addr::new(192, 0, 2, 8)));
        let at_its_end = [137, 7, 8, 192, 0, 2, 7, 0];
        assert_eq!(end_of_route(&at_its_end), None);
        for odd in
            [&[131][..], &[131, 40, 4, 1], &[131, 0, 4], &[7, 1], &[0, 131, 7, 4, 1, 2, 3, 4]]
        {
            assert_eq!(end_of_route(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn trims_the_padding_of_short_ethernet_frames() {
        let packet = [Ip::v4(6).around(b"ab"), vec![0; 24]].concat();
        assert_eq!(read(&packet), Ok((b"ab".to_vec(), 0)));
    }

    #[test]
    fn counts_what_the_snap_length_cut() {
        let packet = Ip::v4(6).around(b"abcdef");
        let next = layer(Layer { cut: 6, ..layer_of(&packet[..22]) }).unwrap();
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
        let next = layer(Layer { cut: 7, ..layer_of(&packet) }).unwrap();
        assert_eq!((next.data, next.cut), (&b"abcdef"[..], 7));
    }

    #[test]
    fn tells_the_first_and_the_later_parts() {
        for (field, offset, more) in
            [([0x20, 0x00], 0, true), ([0x00, 0x01], 8, false), ([0x3f, 0xff], 65_528, true)]
        {
            let mut packet = Ip::v4(6).around(b"part");
            packet[5..8].copy_from_slice(&[7, field[0], field[1]]);
            match layer(layer_of(&packet)).unwrap().next {
                Next::Part(part) => {
                    assert_eq!((part.id, part.offset, part.more), (7, offset, more));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn counts_what_a_mirror_cut_though_the_file_does_not_tell() {
        let packet = Ip::v4(6).around(b"abcdef");
        let next = layer(layer_of(&packet[..22]).mirrored()).unwrap();
        assert_eq!((next.data, next.cut), (&b"ab"[..], 4));
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
