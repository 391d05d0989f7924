//! IPv6 (RFC 8200).

use std::net::Ipv6Addr;

use super::{Layer, Next, Skip};

pub(super) const ETHERTYPE: u16 = 0x86dd;

/// Reads the fixed header; extension headers are layers of their own.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, payload) = layer.take("IPv6")?;
    let header = Header(header);
    if header.version() != 6 {
        return Err(Skip::Malformed { layer: "IPv6" });
    }
    let next = Next::Transport {
        protocol: header.next_header(),
        source: header.source().into(),
        destination: header.destination().into(),
    };
    let payload = match header.payload_length() {
        // A jumbogram (RFC 2675 §3), or a segment captured before the network card split it.
        0 => payload,
        len => payload.bounded(len.into()),
    };
    Ok(Layer { next, ip_id: None, hops: Some(header.hop_limit()), ..payload })
}

/// A checked view (RFC 8200 §3).
struct Header<'b>(&'b [u8; 40]);

impl Header<'_> {
    fn version(&self) -> u8 {
        self.0[0] >> 4
    }

    fn payload_length(&self) -> u16 {
        u16::from_be_bytes([self.0[4], self.0[5]])
    }

    fn next_header(&self) -> u8 {
        self.0[6]
    }

    fn hop_limit(&self) -> u8 {
        self.0[7]
    }

    fn source(&self) -> Ipv6Addr {
        let mut octets = [0; 16];
        octets.copy_from_slice(&self.0[8..24]);
        octets.into()
    }

    fn destination(&self) -> Ipv6Addr {
        let mut octets = [0; 16];
        octets.copy_from_slice(&self.0[24..40]);
        octets.into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::{Ip, layer_of};
    use super::*;

    #[test]
    fn reads_addresses_and_next_header() {
        let packet = Ip::v6(17).around(b"udp");
        let next = layer(layer_of(&packet)).unwrap();
        let source = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into();
        let destination = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2).into();
        assert_eq!(next.next, Next::Transport { protocol: 17, source, destination });
        assert_eq!((next.data, next.cut), (&b"udp"[..], 0));
    }

    #[test]
    fn bounds_the_payload_by_its_length() {
        let padded = [Ip::v6(6).around(b"ab"), vec![0; 8]].concat();
        assert_eq!(layer(layer_of(&padded)).unwrap().data, b"ab");
        let cut = layer(Layer { cut: 9, ..layer_of(&padded[..41]) }).unwrap();
        assert_eq!((cut.data, cut.cut), (&b"a"[..], 1));
    }

    #[test]
    fn takes_all_there_is_of_a_jumbogram() {
        let mut packet = Ip::v6(6).around(b"jumbo");
        packet[4..6].fill(0);
        let next = layer(Layer { cut: 3, ..layer_of(&packet) }).unwrap();
        assert_eq!((next.data, next.cut), (&b"jumbo"[..], 3));
    }

    #[test]
    fn refuses_another_version() {
        assert_eq!(layer(layer_of(&[0x40; 40])).unwrap_err(), Skip::Malformed { layer: "IPv6" });
    }
}
