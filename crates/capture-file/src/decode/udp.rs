//! UDP (RFC 768). Only tunnels and DNS matter here.

use std::net::{IpAddr, SocketAddr};

use super::{Datagram, Layer, Skip, tunnel};
use crate::moment::Moment;

/// IP protocol number of UDP.
pub(super) const PROTOCOL: u8 = 17;

/// The port of DNS (RFC 1035 §4.2.1).
const DNS: u16 = 53;

/// A datagram to or from the port of DNS.
pub(super) fn names<'b>(
    layer: &Layer<'b>,
    at: Moment,
    source: IpAddr,
    destination: IpAddr,
) -> Option<Datagram<'b>> {
    let (header, payload) = layer.take::<8>("UDP").ok()?;
    let [s1, s2, d1, d2, l1, l2, ..] = *header;
    let (from, to) = (u16::from_be_bytes([s1, s2]), u16::from_be_bytes([d1, d2]));
    if from != DNS && to != DNS {
        return None;
    }
    let payload = payload.bounded(usize::from(u16::from_be_bytes([l1, l2])).checked_sub(8)?).data;
    let (source, destination) = (SocketAddr::new(source, from), SocketAddr::new(destination, to));
    Some(Datagram { at, source, destination, payload })
}

/// Source port, destination port, length with this header, checksum.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let Ok((header, payload)) = layer.take::<8>("UDP") else {
        return Err(Skip::NotTcp { protocol: PROTOCOL });
    };
    let [s1, s2, d1, d2, l1, l2, ..] = *header;
    let payload = match u16::from_be_bytes([l1, l2]).checked_sub(8) {
        Some(len) => payload.bounded(len.into()),
        // A datagram captured before the network card split it, or a jumbogram (RFC 2675 §4).
        None => payload,
    };
    let ports = [u16::from_be_bytes([d1, d2]), u16::from_be_bytes([s1, s2])];
    let carried = ports.into_iter().find_map(|port| tunnel::over_udp(port, payload.data));
    let carried = carried.or_else(|| tunnel::over_any_udp(payload.data));
    carried.ok_or(Skip::NotTcp { protocol: PROTOCOL })?(payload)
}
