//! ERSPAN, Cisco's mirror over GRE (draft-foschiano-erspan-03 §4).

use super::{Layer, Skip};

/// In the first nibble.
const VERSION_II: u8 = 1;
const VERSION_III: u8 = 2;

/// A header of 8 bytes more follows (type III, §4.3); and what a frame is, in 5 bits: 0 is Ethernet.
const OPTIONAL: u8 = 0x01;
const FRAME_TYPE: u8 = 0x7c;

/// Version, VLAN, session, index.
pub(super) fn type_ii(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<8>("ERSPAN")?;
    match header[0] >> 4 {
        VERSION_II => Ok(layer.mirrored().ethernet()),
        _ => Err(Skip::Malformed { layer: "ERSPAN" }),
    }
}

/// Version, VLAN, session, time, group, frame type, flags; perhaps a subheader of the platform.
pub(super) fn type_iii(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (header, layer) = layer.take::<12>("ERSPAN")?;
    if header[0] >> 4 != VERSION_III {
        return Err(Skip::Malformed { layer: "ERSPAN" });
    }
    let layer = layer.pass(if header[11] & OPTIONAL != 0 { 8 } else { 0 }, "ERSPAN")?;
    match header[10] & FRAME_TYPE {
        0 => Ok(layer.mirrored().ethernet()),
        _ => Ok(layer.mirrored().is(super::Next::Ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn passes_over_the_headers_of_both_types() {
        assert_eq!(type_ii(layer_of(b"\x10.......frame")).unwrap().data, b"frame");
        let third = b"\x20.........\0\0frame";
        assert_eq!(type_iii(layer_of(third)).unwrap().data, b"frame");
        let optional = b"\x20.........\0\x01........frame";
        assert_eq!(type_iii(layer_of(optional)).unwrap().data, b"frame");
    }

    #[test]
    fn refuses_another_version() {
        assert!(type_ii(layer_of(b"\x20.......frame")).is_err());
        assert!(type_iii(layer_of(b"\x10...........frame")).is_err());
    }
}
