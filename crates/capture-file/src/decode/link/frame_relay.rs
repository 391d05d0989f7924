//! Frame Relay: the address of Q.922, then RFC 2427 or Cisco's EtherType.

use super::{Layer, Next, Skip, ipv4, ipv6};

/// The last byte of the address (Q.922 §3.3.1).
const LAST: u8 = 0x01;

/// Unnumbered information (RFC 2427 §3.2).
const CONTROL: u8 = 0x03;

/// What follows, by network layer protocol identifier (RFC 2427, appendix A).
const NLPID_SNAP: u8 = 0x80;
const NLPID_IPV4: u8 = 0xcc;
const NLPID_IPV6: u8 = 0x8e;
const NLPID_PPP: u8 = 0xcf;

/// A frame in one piece begins and ends here (FRF.12 §3, FRF.16 §3).
const WHOLE: u8 = 0xc0;

pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let address = layer.data.iter().take(4).position(|byte| byte & LAST != 0);
    let Some(last @ 1..) = address else {
        return Err(Skip::Malformed { layer: "Frame Relay" });
    };
    let layer = layer.pass(last + 1, "Frame Relay")?;
    match *layer.data {
        [CONTROL, 0, ..] => network(layer.pass(2, "Frame Relay")?),
        [CONTROL, ..] => network(layer.pass(1, "Frame Relay")?),
        [high, low, ..] => Ok(layer.pass(2, "Frame Relay")?.ether(u16::from_be_bytes([high, low]))),
        _ => Err(Skip::Truncated { layer: "Frame Relay" }),
    }
}

/// A byte in front says which way the packet went.
pub(super) fn with_direction(below: Layer<'_>) -> Result<Layer<'_>, Skip> {
    layer(below.pass(1, "Frame Relay")?)
}

/// Several lines as one (FRF.16): two bytes in front of a frame that was not cut in pieces.
pub(super) fn multilink(below: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, below) = below.take::<2>("multilink Frame Relay")?;
    match header[0] & WHOLE {
        WHOLE => layer(below),
        _ => Err(Skip::Fragment),
    }
}

fn network(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[nlpid], layer) = layer.take("Frame Relay")?;
    match nlpid {
        NLPID_IPV4 => Ok(layer.ether(ipv4::ETHERTYPE)),
        NLPID_IPV6 => Ok(layer.ether(ipv6::ETHERTYPE)),
        NLPID_PPP => Ok(layer.is(Next::Ppp)),
        NLPID_SNAP => super::llc::organization(layer),
        other => Err(Skip::NotIp { ethertype: other.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    fn read(data: &[u8]) -> (Next, &[u8]) {
        let next = layer(layer_of(data)).unwrap();
        (next.next, next.data)
    }

    #[test]
    fn reads_every_encapsulation_behind_every_address() {
        let ip = (Next::Ether(0x0800), &b"ip"[..]);
        assert_eq!(read(b"\x18\x41\x03\xccip"), ip);
        assert_eq!(read(b"\x18\x40\x40\x41\x03\xccip"), ip);
        assert_eq!(read(b"\x18\x41\x08\x00ip"), ip);
        assert_eq!(read(b"\x18\x41\x03\x00\x80\x00\x00\x00\x08\x00ip"), ip);
    }

    #[test]
    fn passes_over_multilink_where_nothing_was_cut() {
        assert!(multilink(layer_of(b"\xc0\x01\x18\x41\x03\xccip")).is_ok());
        let skip = multilink(layer_of(b"\x80\x01\x18\x41\x03\xccip")).unwrap_err();
        assert_eq!(skip, Skip::Fragment);
    }

    #[test]
    fn refuses_an_address_without_end() {
        let skip = layer(layer_of(&[0x18; 8])).unwrap_err();
        assert_eq!(skip, Skip::Malformed { layer: "Frame Relay" });
    }
}
