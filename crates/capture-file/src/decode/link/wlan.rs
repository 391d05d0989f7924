//! IEEE 802.11 data frames (IEEE 802.11-2020 §9.3.2).

use super::{Layer, Next, Skip};

/// Frame control, first byte: the type, and of data frames the subtype's bits.
const TYPE: u8 = 0x0c;
const DATA: u8 = 0x08;
const NO_DATA: u8 = 0x40;
const QOS: u8 = 0x80;

/// Frame control, second byte.
const BOTH_WAYS: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// QoS control: several packets in one frame (§9.2.4.5.9).
const AGGREGATED: u8 = 0x80;

/// Addresses, duration and sequence of a frame that is not relayed.
const HEADER: usize = 24;

/// Logical link control as it begins every packet with an EtherType.
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

/// The packet of a data frame; of several packets in one, the first (all of them: `frames`).
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let body = body(layer)?;
    if body.aggregated {
        return Ok(body.layer.ethernet());
    }
    // Some cards pad the header to 4 bytes.
    let padded = !body.layer.data.starts_with(&SNAP)
        && body.layer.data.get(2..).is_some_and(|data| data.starts_with(&SNAP));
    Ok(body.layer.pass(if padded { 2 } else { 0 }, "802.11")?.is(Next::Llc))
}

/// Whether this is a data frame that carries IP in clear text, by all that stands in its place: then
/// it is one, whatever the capture calls it.
pub(super) fn carries_ip(frame: &[u8]) -> bool {
    let &[kind, flags, ..] = frame else { return false };
    if kind & !QOS != DATA {
        return false;
    }
    let relayed = if flags & BOTH_WAYS == BOTH_WAYS { 6 } else { 0 };
    let qos = if kind & QOS != 0 { 2 } else { 0 };
    let order = if kind & QOS != 0 && flags & ORDER != 0 { 4 } else { 0 };
    let body = frame.get(HEADER + relayed + qos + order..).unwrap_or_default();
    body.starts_with(&SNAP)
        && matches!(
            body.get(SNAP.len()..),
            Some([0, 0, 0, 0x08, 0x00, 0x45..=0x4f, ..] | [0, 0, 0, 0x86, 0xdd, 0x60..=0x6f, ..])
        )
}

/// What a data frame carries.
pub(super) struct Body<'b> {
    pub(super) layer: Layer<'b>,
    /// Several packets, each behind a header like Ethernet's.
    pub(super) aggregated: bool,
}

pub(super) fn body(layer: Layer<'_>) -> Result<Body<'_>, Skip> {
    let (&[kind, flags], _) = layer.take("802.11")?;
    if kind & TYPE != DATA || kind & NO_DATA != 0 {
        return Err(Skip::NotIp { ethertype: kind.into() });
    }
    // A card that has decrypted a frame may leave the flag as it was.
    if flags & PROTECTED != 0 && !carries_ip(layer.data) {
        return Err(Skip::Encrypted { layer: "802.11" });
    }
    let relayed = flags & BOTH_WAYS == BOTH_WAYS;
    let layer = layer.pass(if relayed { HEADER + 6 } else { HEADER }, "802.11")?;
    if kind & QOS == 0 {
        return Ok(Body { layer, aggregated: false });
    }
    let (&[control, _], layer) = layer.take("802.11")?;
    let layer = layer.pass(if flags & ORDER != 0 { 4 } else { 0 }, "802.11")?;
    Ok(Body { layer, aggregated: control & AGGREGATED != 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    fn frame(control: [u8; 2], header: usize, body: &[u8]) -> Vec<u8> {
        [&control[..], &vec![0; header - 2], body].concat()
    }

    fn read(frame: &[u8]) -> (Next, Vec<u8>) {
        let next = layer(layer_of(frame)).unwrap();
        (next.next, next.data.to_vec())
    }

    #[test]
    fn passes_over_the_header_of_every_kind_of_data_frame() {
        let llc = (Next::Llc, b"\xaa\xaa\x03ip".to_vec());
        assert_eq!(read(&frame([0x08, 0x01], 24, &llc.1)), llc);
        assert_eq!(read(&frame([0x08, 0x03], 30, &llc.1)), llc);
        assert_eq!(read(&frame([0x88, 0x02], 26, &llc.1)), llc);
        assert_eq!(read(&frame([0x88, 0x82], 30, &llc.1)), llc);
        assert_eq!(read(&frame([0x88, 0x03], 32, &llc.1)), llc);
        assert_eq!(read(&frame([0x88, 0x02], 28, &llc.1)), llc, "padded to 4 bytes");
    }

    #[test]
    fn takes_the_first_of_several_packets() {
        let mut several = frame([0x88, 0x01], 26, b"ethernet");
        several[24] = AGGREGATED;
        assert_eq!(layer(layer_of(&several)).unwrap().data, b"ethernet");
    }

    #[test]
    fn skips_beacons_empty_and_encrypted_frames() {
        let skip = |control| layer(layer_of(&frame(control, 32, b""))).unwrap_err();
        assert_eq!(skip([0x80, 0]), Skip::NotIp { ethertype: 0x80 });
        assert_eq!(skip([0x48, 0]), Skip::NotIp { ethertype: 0x48 });
        assert_eq!(skip([0x88, 0x41]), Skip::Encrypted { layer: "802.11" });
    }
}
