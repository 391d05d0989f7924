//! Captures of Juniper routers: a header of their own in front of what the interface carries.

use super::{Layer, Next, Skip, frame_relay as relay, hdlc as cisco, ppp as serial};

const MAGIC: [u8; 3] = [0x4d, 0x47, 0x43];

/// The packet has no header of the link layer; and extensions follow the flags.
const NO_LINK_LAYER: u8 = 0x02;
const EXTENDED: u8 = 0x80;

pub(super) fn ethernet(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, |layer| Ok(layer.ethernet()))
}

pub(super) fn ppp(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, serial::layer)
}

pub(super) fn frame_relay(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, relay::layer)
}

pub(super) fn hdlc(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, cisco::layer)
}

/// Index, time to live, kind; with the addresses of a tunnel where the kind says so.
pub(super) fn encryption_services(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, |layer| {
        let with_addresses = matches!(layer.data.get(5), Some(2));
        Ok(layer.pass(if with_addresses { 18 } else { 6 }, "Juniper")?.is(Next::Ip))
    })
}

/// Kind, padding, interface, service.
pub(super) fn monitor(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    behind(layer, |layer| Ok(layer.pass(8, "Juniper")?.is(Next::Ip)))
}

fn behind(
    layer: Layer<'_>,
    read: impl for<'b> Fn(Layer<'b>) -> Result<Layer<'b>, Skip>,
) -> Result<Layer<'_>, Skip> {
    let (&[a, b, c, flags], mut layer) = layer.take("Juniper")?;
    if [a, b, c] != MAGIC {
        return Err(Skip::Malformed { layer: "Juniper" });
    }
    if flags & EXTENDED != 0 {
        let (len, extensions) = layer.take("Juniper")?;
        layer = extensions.pass(u16::from_be_bytes(*len).into(), "Juniper")?;
    }
    if flags & NO_LINK_LAYER != 0 {
        // The address family, which IP's own version tells as well.
        return Ok(layer.pass(4, "Juniper")?.is(Next::Ip));
    }
    read(layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_header_and_its_extensions() {
        assert_eq!(ethernet(layer_of(b"MGC\x01frame")).unwrap().data, b"frame");
        assert_eq!(ethernet(layer_of(b"MGC\x80\x00\x03...frame")).unwrap().data, b"frame");
    }

    #[test]
    fn takes_ip_where_there_is_no_link_layer() {
        let next = ppp(layer_of(b"MGC\x02\x02\0\0\0\x45")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ip, &b"\x45"[..]));
    }

    #[test]
    fn refuses_what_has_no_magic() {
        assert_eq!(ppp(layer_of(b"XXX\x02")).unwrap_err(), Skip::Malformed { layer: "Juniper" });
    }
}
