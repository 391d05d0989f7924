//! The network service header (RFC 8300 §2.2).

use super::{Layer, Next, Skip, mpls};

/// Length in units of 4 bytes, with the first 8.
const LENGTH: u8 = 0x3f;

/// Version, flags, length, kind of metadata, next protocol, path.
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[_, len, _, next], _) = layer.take("NSH")?;
    let len = usize::from(len & LENGTH) * 4;
    let layer = layer.pass(len.max(8), "NSH")?;
    match next {
        1 | 2 => Ok(layer.is(Next::Ip)),
        3 => Ok(layer.ethernet()),
        5 => mpls::layer(layer),
        other => Err(Skip::NotIp { ethertype: other.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_next_protocol_behind_the_metadata() {
        assert_eq!(layer(layer_of(b"\0\x02\x02\x01....ip")).unwrap().data, b"ip");
        assert_eq!(
            layer(layer_of(b"\0\x06\x01\x03....................frame")).unwrap().data,
            b"frame"
        );
        assert!(layer(layer_of(b"\0\x02\x02\x09....")).is_err());
    }
}
