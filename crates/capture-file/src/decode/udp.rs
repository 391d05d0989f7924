//! UDP (RFC 768), of which only tunnels matter here.

use super::{Layer, Skip, tunnel};

/// IP protocol number of UDP.
pub(super) const PROTOCOL: u8 = 17;

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
