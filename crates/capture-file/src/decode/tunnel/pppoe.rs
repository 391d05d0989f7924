//! PPP over Ethernet, sessions (RFC 2516 §4).

use super::{Layer, Next, Skip};

/// Version and type are 1; the code of session packets is 0.
const SESSION: [u8; 2] = [0x11, 0x00];

/// Version, type, code, session, length.
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[version, code, _, _, l1, l2], layer) = layer.take("PPPoE")?;
    if [version, code] != SESSION {
        return Err(Skip::Malformed { layer: "PPPoE" });
    }
    Ok(layer.bounded(u16::from_be_bytes([l1, l2]).into()).is(Next::Ppp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_a_session_packet_up_to_its_length() {
        let next = layer(layer_of(b"\x11\0\0\x07\0\x04\0\x21ippadding")).unwrap();
        assert_eq!((next.next, next.data), (Next::Ppp, &b"\0\x21ip"[..]));
    }

    #[test]
    fn refuses_discovery() {
        let skip = layer(layer_of(b"\x11\x09\0\0\0\0")).unwrap_err();
        assert_eq!(skip, Skip::Malformed { layer: "PPPoE" });
    }
}
