//! BSD loopback: four bytes of address family. LINKTYPE_NULL has them in the byte order of the
//! machine that captured, LINKTYPE_LOOP in network byte order; files are labelled as either.

use super::{Layer, Next, Skip, ipv4, ipv6};

/// The same everywhere.
const AF_INET: u32 = 2;

/// Linux, Windows, NetBSD and OpenBSD (as Npcap writes it too), Solaris, FreeBSD, macOS.
const AF_INET6: [u32; 6] = [10, 23, 24, 26, 28, 30];

/// Families are small: the order in which the value is smaller is the right one.
pub(super) fn layer(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (family, layer) = layer.take("loopback")?;
    let family = u32::from_le_bytes(*family).min(u32::from_be_bytes(*family));
    Ok(layer.is(next(family)?))
}

pub(super) fn next(family: u32) -> Result<Next, Skip> {
    match family {
        AF_INET => Ok(Next::Ether(ipv4::ETHERTYPE)),
        _ if AF_INET6.contains(&family) => Ok(Next::Ether(ipv6::ETHERTYPE)),
        _ => Err(Skip::NotIp { ethertype: u16::try_from(family).unwrap_or(u16::MAX) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testframe::layer_of;

    #[test]
    fn reads_the_family_in_either_byte_order() {
        for frame in [b"\x02\0\0\0ip", b"\0\0\0\x02ip"] {
            assert_eq!(layer(layer_of(frame)).unwrap().next, Next::Ether(0x0800));
        }
    }

    #[test]
    fn knows_the_ipv6_family_of_every_system() {
        for family in [10, 23, 24, 26, 28, 30] {
            let frame = [0, 0, 0, family];
            assert_eq!(layer(layer_of(&frame)).unwrap().next, Next::Ether(0x86dd));
        }
    }

    #[test]
    fn skips_other_families() {
        let skip = layer(layer_of(b"\x07\0\0\0")).unwrap_err();
        assert_eq!(skip, Skip::NotIp { ethertype: 7 });
    }
}
