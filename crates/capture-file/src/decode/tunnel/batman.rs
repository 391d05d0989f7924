//! batman-adv, the mesh of Wi-Fi routers, in its version 15 (Linux since 3.13).

use super::{Layer, Skip};

/// Frames for one node; the same in parts; the same with the sender's address; frames for all.
const UNICAST: u8 = 0x40;
const UNICAST_PART: u8 = 0x41;
const UNICAST_WITH_SENDER: u8 = 0x42;
const BROADCAST: u8 = 0x01;

const VERSION: u8 = 15;

/// Type, version, then by type; what follows is an Ethernet frame.
pub(in crate::decode) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[kind, version], rest) = layer.take("batman-adv")?;
    let len = match (kind, version) {
        (UNICAST, VERSION) => 8,
        (UNICAST_WITH_SENDER, VERSION) => 16,
        (BROADCAST, VERSION) => 12,
        (UNICAST_PART, VERSION) => return Err(Skip::Fragment),
        _ => return Err(Skip::NotIp { ethertype: 0x4305 }),
    };
    Ok(rest.pass(len, "batman-adv")?.ethernet())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn leaves_alone_what_carries_no_frame() {
        assert_eq!(layer(layer_of(&[0x41; 2])).unwrap_err(), Skip::NotIp { ethertype: 0x4305 });
        assert_eq!(layer(layer_of(&[0x41, 15])).unwrap_err(), Skip::Fragment);
        assert_eq!(
            layer(layer_of(&[0x00, 15, 1, 1])).unwrap_err(),
            Skip::NotIp { ethertype: 0x4305 }
        );
    }
}
