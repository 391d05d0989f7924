//! Packets that carry packets: over IP, over UDP, or by EtherType.

mod batman;
mod erspan;
mod geneve;
mod gre;
mod gtp;
mod hp_erm;
mod l2tp;
mod nsh;
mod pppoe;
mod teredo;
mod trill;
mod tzsp;
mod vxlan;

use super::layer::{Layer, Next};
use super::skip::Skip;
use super::{Parse, ipv4, ipv6, link, mpls};

pub(super) use batman::layer as batman;
pub(super) use nsh::layer as nsh;
pub(super) use pppoe::layer as pppoe;
pub(super) use trill::layer as trill;

/// IP in IP (RFC 2003), IPv6 in IP (RFC 4213), GRE (RFC 2784), EtherIP (RFC 3378), MPLS in IP (RFC
/// 4023), Ethernet (RFC 8986 §10.1).
pub(super) fn over_ip(protocol: u8) -> Option<Parse> {
    Some(match protocol {
        4 => ipv4::layer,
        41 => ipv6::layer,
        47 => gre::layer,
        97 => ether_ip,
        137 => mpls::layer,
        143 => bridged,
        _ => return None,
    })
}

/// Who reads what is sent to or from a UDP port, if it begins as the port's tunnel does. A port
/// alone says little: anybody may use any for anything.
pub(super) fn over_udp(port: u16, data: &[u8]) -> Option<Parse> {
    let (begins, parse): (fn(&[u8]) -> bool, Parse) = match port {
        // RFC 7348; Linux before it; AWS mirrors traffic to the first.
        4789 | 8472 => (vxlan::begins, vxlan::layer),
        4790 => (vxlan::extension_begins, vxlan::with_protocol),
        6081 => (geneve::begins, geneve::layer),
        2152 => (gtp::begins, gtp::layer),
        3544 => (teredo::begins, teredo::layer),
        // GRE and MPLS in UDP (RFC 8086, RFC 7510).
        4754 => (gre::begins, gre::layer),
        6635 => (|data| data.len() > 4, mpls::layer),
        1701 => (l2tp::begins, l2tp::layer),
        37008 => (tzsp::begins, tzsp::layer),
        // AYIYA and LISP end in IP behind headers of fixed length.
        5072 => (|data| data.get(3) == Some(&41), ayiya),
        4341 => (|data| matches!(data.get(8), Some(0x45..=0x4f | 0x60..=0x6f)), lisp),
        _ => return None,
    };
    begins(data).then_some(parse)
}

/// What a tunnel on any port begins with, if that leaves no doubt.
pub(super) fn over_any_udp(data: &[u8]) -> Option<Parse> {
    hp_erm::begins(data).then_some(hp_erm::layer as Parse)
}

/// Ethernet without more ado.
pub(super) fn bridged(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.ethernet())
}

fn ether_ip(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(2, "EtherIP")?.ethernet())
}

/// Lengths of identity and signature in units of 4 bytes, then operation, next header and time
/// (draft-massar-v6ops-ayiya-02 §3).
fn ayiya(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    let (&[identity, signature, ..], layer) = layer.take::<8>("AYIYA")?;
    let identity = 1_usize << (identity >> 4);
    let len = identity + usize::from(signature >> 4) * 4;
    Ok(layer.pass(len, "AYIYA")?.is(Next::Ip))
}

/// Flags, nonce, instance (RFC 9300 §5.1).
fn lisp(layer: Layer<'_>) -> Result<Layer<'_>, Skip> {
    Ok(layer.pass(8, "LISP")?.is(Next::Ip))
}

/// IP of version 4 or 6 begins so.
fn begins_as_ip(data: &[u8]) -> bool {
    matches!(data.first(), Some(0x45..=0x4f | 0x60..=0x6f))
}
