//! Which headers a frame has, for those who look at more than the segment.

use super::{Layer, MAX_LAYERS, Next, ipv4, ipv6};
use crate::capture::LinkType;

/// IP protocol numbers of IPv4 and of IPv6 within IP (RFC 2003, RFC 4213).
const IPV4_INSIDE: u8 = 4;
const IPV6_INSIDE: u8 = 41;

/// What a header is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// A link layer's.
    Link(LinkType),
    /// What an EtherType announces; IP also where something else announced it.
    Ether(u16),
}

/// The headers of a frame from the outside in, each with what follows it; not those behind IP that
/// have no addresses.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'b> {
    noted: [(Header, &'b [u8]); MAX_LAYERS],
    len: usize,
}

impl Default for Headers<'_> {
    fn default() -> Self {
        Self { noted: [(Header::Ether(0), &[]); MAX_LAYERS], len: 0 }
    }
}

impl<'b> Headers<'b> {
    /// From the outside in.
    #[must_use]
    pub fn all(&self) -> &[(Header, &'b [u8])] {
        self.noted.get(..self.len).unwrap_or_default()
    }

    pub(super) fn note(&mut self, layer: &Layer<'b>) {
        let header = match layer.next {
            Next::Link(link) => Header::Link(link),
            Next::Ether(ethertype) => Header::Ether(ethertype),
            Next::Transport { protocol: IPV4_INSIDE, .. } => Header::Ether(ipv4::ETHERTYPE),
            Next::Transport { protocol: IPV6_INSIDE, .. } => Header::Ether(ipv6::ETHERTYPE),
            Next::Ip => match layer.data.first().map(|byte| byte >> 4) {
                Some(4) => Header::Ether(ipv4::ETHERTYPE),
                Some(6) => Header::Ether(ipv6::ETHERTYPE),
                _ => return,
            },
            Next::Llc | Next::Ppp | Next::Transport { .. } | Next::Part(_) => return,
        };
        if let Some(place) = self.noted.get_mut(self.len) {
            *place = (header, layer.data);
            self.len += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decoder;
    use super::super::testframe::{Ip, Tcp};
    use super::*;
    use crate::capture::Packet;
    use crate::moment::Timestamp;

    #[test]
    fn notes_headers_from_the_outside_in_with_what_follows_them() {
        let ip = Ip::v4(6).around(&Tcp::new().around(b"220"));
        let tagged = [&[0, 100, 8, 0][..], &ip].concat();
        let frame = [&[0; 12][..], &[0x81, 0], &tagged].concat();
        let packet = Packet {
            frame: 1,
            ts: Timestamp(0),
            link: LinkType::EN10MB,
            interface: 0,
            wire_len: frame.len() as u32,
            data: &frame,
        };
        let mut headers = Headers::default();
        let mut decoder = Decoder::new();
        decoder.decode_noting(&packet, &mut headers).unwrap();
        assert_eq!(
            headers.all(),
            [
                (Header::Link(LinkType::EN10MB), &frame[..]),
                (Header::Ether(0x8100), &tagged[..]),
                (Header::Ether(0x0800), &ip[..]),
            ]
        );
    }
}
