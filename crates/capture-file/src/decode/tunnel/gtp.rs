//! GTP-U, the user plane of mobile networks (3GPP TS 29.281 §5.1).

use super::{Layer, Next, Skip, begins_as_ip};

/// Version 1 and protocol type 1, in the high bits; then what is there.
const VERSION: u8 = 0xf0;
const VERSION_1: u8 = 0x30;
const OPTIONAL: u8 = 0x07;
const EXTENSION: u8 = 0x04;

/// The only message that carries a packet.
const G_PDU: u8 = 255;

pub(super) fn begins(data: &[u8]) -> bool {
    matches!(data, [flags, G_PDU, ..] if flags & VERSION == VERSION_1)
}

/// Flags, message, length, tunnel; sequence and number of the next extension where any of three
/// flags says so.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[flags, ..], mut layer) = layer.take::<8>("GTP")?;
    if flags & OPTIONAL != 0 {
        let (&[_, _, _, next], rest) = layer.take("GTP")?;
        let has_extension = flags & EXTENSION != 0 && next != 0;
        layer = if has_extension { behind_extensions(rest)? } else { rest };
    }
    if begins_as_ip(layer.data) {
        return Ok(layer.is(Next::Ip));
    }
    // A bearer of PPP, or of Ethernet in 5G.
    match *layer.data {
        [0xff, 0x03, ..] => super::link::ppp_framed(layer),
        _ => Ok(layer.ethernet()),
    }
}

/// Each has its length in units of 4 bytes first, and the kind of the next one last (§5.2.1).
fn behind_extensions(mut layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    loop {
        let len = usize::from(layer.data.first().copied().unwrap_or(0)) * 4;
        let next = len.checked_sub(1).and_then(|last| layer.data.get(last).copied());
        let next = next.ok_or(Skip::Malformed { layer: "GTP" })?;
        layer = layer.pass(len, "GTP")?;
        if next == 0 {
            return Ok(layer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    fn read(data: &[u8]) -> (Next, Vec<u8>) {
        assert!(begins(data));
        let next = layer(layer_of(data)).unwrap();
        (next.next, next.data.to_vec())
    }

    #[test]
    fn passes_over_sequence_numbers_and_extensions() {
        let ip = (Next::Ip, b"\x45ip".to_vec());
        assert_eq!(read(b"\x30\xff\0\x03....\x45ip"), ip);
        assert_eq!(read(b"\x32\xff\0\x03....\0\x01\0\0\x45ip"), ip);
        assert_eq!(read(b"\x34\xff\0\x03....\0\0\0\x85\x01\x10\x09\0\x45ip"), ip);
        let two = b"\x34\xff\0\x03....\0\0\0\x85\x01\x10\x09\xc0\x02......\0\x45ip";
        assert_eq!(read(two), ip);
    }

    #[test]
    fn takes_no_other_message_and_no_extension_without_length() {
        assert!(!begins(b"\x30\x01") && !begins(b"\x50\xff") && !begins(b""));
        let skip = layer(layer_of(b"\x34\xff\0\x03....\0\0\0\x85\0\0\0\0")).unwrap_err();
        assert_eq!(skip, Skip::Malformed { layer: "GTP" });
    }
}
