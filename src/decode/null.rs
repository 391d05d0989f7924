//! BSD loopback: four bytes of address family. LINKTYPE_NULL has them in the byte order of the
//! machine that captured, LINKTYPE_LOOP in network byte order.

use super::{Layer, Next, Skip, ipv4, ipv6};

/// The same everywhere.
const AF_INET: u32 = 2;

/// Linux and Windows (as Npcap writes it), NetBSD and OpenBSD, FreeBSD, macOS.
const AF_INET6: [u32; 4] = [10, 24, 28, 30];

/// LINKTYPE_NULL. Families are small: the order in which the value is smaller is the right one.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (family, rest) = family(layer.data)?;
    let family = u32::from_le_bytes(family).min(u32::from_be_bytes(family));
    Ok(layer.then(next(family)?, rest))
}

/// LINKTYPE_LOOP.
pub(super) fn network_order_layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (family, rest) = family(layer.data)?;
    Ok(layer.then(next(u32::from_be_bytes(family))?, rest))
}

fn family(data: &[u8]) -> Result<([u8; 4], &[u8]), Skip> {
    let (family, rest) = data.split_first_chunk().ok_or(Skip::Truncated { layer: "loopback" })?;
    Ok((*family, rest))
}

fn next(family: u32) -> Result<Next, Skip> {
    match family {
        AF_INET => Ok(Next::Ether(ipv4::ETHERTYPE)),
        _ if AF_INET6.contains(&family) => Ok(Next::Ether(ipv6::ETHERTYPE)),
        _ => Err(Skip::NotIp { ethertype: u16::try_from(family).unwrap_or(u16::MAX) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testframe::layer_of;
    use super::*;

    #[test]
    fn reads_the_family_in_either_byte_order() {
        for frame in [b"\x02\0\0\0ip", b"\0\0\0\x02ip"] {
            assert_eq!(layer(layer_of(frame)).unwrap().next, Next::Ether(0x0800));
        }
    }

    #[test]
    fn knows_the_ipv6_family_of_every_system() {
        for family in [10, 24, 28, 30] {
            let frame = [0, 0, 0, family];
            assert_eq!(layer(layer_of(&frame)).unwrap().next, Next::Ether(0x86dd));
        }
    }

    #[test]
    fn takes_loop_in_network_byte_order_only() {
        let next = network_order_layer(layer_of(b"\0\0\0\x02"));
        assert_eq!(next.unwrap().next, Next::Ether(0x0800));
        assert!(network_order_layer(layer_of(b"\x02\0\0\0")).is_err());
    }

    #[test]
    fn skips_other_families() {
        let skip = layer(layer_of(b"\x07\0\0\0")).unwrap_err();
        assert_eq!(skip, Skip::NotIp { ethertype: 7 });
    }
}
