//! Who reads what an EtherType announces.

use super::{Parse, Skip, ipv4, ipv6, link, mpls, tunnel, vlan};

/// Tunnels of GRE have numbers of their own beyond these: `tunnel::gre`.
pub(super) fn header(ethertype: u16) -> Result<Parse, Skip> {
    Ok(match ethertype {
        ipv4::ETHERTYPE => ipv4::layer,
        ipv6::ETHERTYPE => ipv6::layer,
        // Customer tag, service tag, and those that came before the standard.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => vlan::layer,
        0x8847 | 0x8848 => mpls::layer,
        0x8864 => tunnel::pppoe,
        // Transparent Ethernet bridging (RFC 1701).
        0x6558 => tunnel::bridged,
        // Logical link control in frames too long for a length field.
        0x8870 => link::llc,
        0x8926 => vlan::vn_tag,
        0x893f => vlan::bridge_port_extension,
        0x88e7 => vlan::provider_backbone,
        0x8909 => vlan::cisco_metadata,
        0x8903 => vlan::fabric_path,
        0x22f3 => tunnel::trill,
        0x892f => vlan::redundancy,
        0xd28b => vlan::arista_timestamp,
        0x4305 => tunnel::batman,
        0x894f => tunnel::nsh,
        _ => return Err(Skip::NotIp { ethertype }),
    })
}
