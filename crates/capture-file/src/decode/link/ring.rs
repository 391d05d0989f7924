//! Local and wide area networks of the past. All end in logical link control.

use super::{Layer, Next, Skip};

/// The source address has this bit where a route follows (IEEE 802.5 §3.2.6), whose length is in the
/// low bits of its first byte.
const ROUTED: u8 = 0x80;
const ROUTE_LENGTH: u8 = 0x1f;

/// Frames of data have these bits in their control (FDDI: `01x` for LLC, RFC 1390).
const FDDI_KIND: u8 = 0x30;
const FDDI_LLC: u8 = 0x10;

/// The type of LLC in a SunATM header.
const SUN_LLC: u8 = 2;

/// Access control, frame control, destination, source, perhaps a route.
pub(super) fn token_ring(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, mut layer) = layer.take::<14>("token ring")?;
    if header[8] & ROUTED != 0 {
        let route = layer.data.first().map_or(0, |byte| byte & ROUTE_LENGTH);
        layer = layer.pass(route.into(), "token ring")?;
    }
    Ok(layer.is(Next::Llc))
}

/// Frame control, destination, source. Some capture with three bytes of padding in front.
pub(super) fn fddi(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<13>("FDDI")?;
    match header[0] & FDDI_KIND {
        FDDI_LLC => Ok(layer.is(Next::Llc)),
        _ => Err(Skip::NotIp { ethertype: header[0].into() }),
    }
}

/// Classical IP over ATM (RFC 2225): with logical link control, or IP alone.
pub(super) fn classical_ip(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    match layer.data.first() {
        Some(0xaa) => Ok(layer.is(Next::Llc)),
        _ => Ok(layer.is(Next::Ip)),
    }
}

/// Kind, virtual path, virtual channel.
pub(super) fn sun_atm(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[kind, ..], layer) = layer.take::<4>("SunATM")?;
    match kind & 0x0f {
        SUN_LLC => Ok(layer.is(Next::Llc)),
        other => Err(Skip::NotIp { ethertype: other.into() }),
    }
}

/// Destination and source (RFC 4338 §4).
pub(super) fn fibre_channel(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(16, "Fibre Channel")?.is(Next::Llc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_route_of_token_ring() {
        let routed = [&[0; 8][..], &[0x80, 0, 0, 0, 0, 0], &[6, 0, 1, 1, 1, 1], b"llc"].concat();
        let next = token_ring(layer_of(&routed)).unwrap();
        assert_eq!((next.next, next.data), (Next::Llc, &b"llc"[..]));
        let direct = [&[0; 14][..], b"llc"].concat();
        assert_eq!(token_ring(layer_of(&direct)).unwrap().data, b"llc");
    }

    #[test]
    fn takes_the_data_frames_of_fddi_only() {
        let frame = |control: u8| [&[control][..], &[0; 12], b"llc"].concat();
        assert_eq!(fddi(layer_of(&frame(0x50))).unwrap().data, b"llc");
        assert!(fddi(layer_of(&frame(0x40))).is_err());
    }

    #[test]
    fn tells_the_kinds_of_atm() {
        assert_eq!(classical_ip(layer_of(b"\xaa\xaa\x03")).unwrap().next, Next::Llc);
        assert_eq!(classical_ip(layer_of(b"\x45")).unwrap().next, Next::Ip);
        assert_eq!(sun_atm(layer_of(b"\x02...llc")).unwrap().data, b"llc");
        assert!(sun_atm(layer_of(b"\x06...")).is_err());
        assert!(fibre_channel(layer_of(&[0; 15])).is_err());
    }
}
