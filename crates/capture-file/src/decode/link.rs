//! What a capture begins with, by its link type.

mod amsdu;
mod dsa;
mod ethernet;
mod frame_relay;
mod hdlc;
mod juniper;
mod llc;
mod meta;
mod nflog;
mod null;
mod ppp;
mod radio;
mod raw;
mod ring;
mod sll;
mod sll2;
mod wlan;

use super::layer::{Layer, Next};
use super::skip::Skip;
use super::{Parse, ipv4, ipv6};
use crate::capture::LinkType;

pub use amsdu::{Frames, frames};
pub(super) use ethernet::next as ethernet_next;
pub(super) use llc::layer as llc;
pub(super) use ppp::{layer as ppp_framed, protocol as ppp};
pub(super) use raw::layer as raw;

/// Who reads the first header.
pub(super) fn header(link: LinkType) -> Result<Parse, Skip> {
    Ok(match link {
        LinkType::EN10MB => ethernet::layer,
        LinkType::NULL | LinkType::LOOP => null::layer,
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => raw::layer,
        LinkType::IPV4 => ipv4::layer,
        LinkType::IPV6 => ipv6::layer,
        LinkType::LINUX_SLL => sll::layer,
        LinkType::LINUX_SLL2 => sll2::layer,
        LinkType::PPP | LinkType::PPP_SERIAL => ppp::layer,
        LinkType::PPP_ETHER => super::tunnel::pppoe,
        LinkType::PPP_PPPD | LinkType::PPP_WITH_DIR => ppp::with_direction,
        LinkType::C_HDLC => hdlc::layer,
        LinkType::C_HDLC_WITH_DIR => hdlc::with_direction,
        LinkType::FRELAY => frame_relay::layer,
        LinkType::FRELAY_WITH_DIR => frame_relay::with_direction,
        LinkType::MFR => frame_relay::multilink,
        LinkType::IEEE802 => ring::token_ring,
        LinkType::FDDI => ring::fddi,
        LinkType::ATM_RFC1483 => llc::layer,
        LinkType::ATM_CLIP => ring::classical_ip,
        LinkType::SUNATM => ring::sun_atm,
        LinkType::IP_OVER_FC => ring::fibre_channel,
        LinkType::IEEE802_11 => wlan::layer,
        LinkType::IEEE802_11_RADIO => radio::radiotap,
        LinkType::PRISM_HEADER => radio::prism,
        LinkType::IEEE802_11_RADIO_AVS => radio::avs,
        LinkType::PPI => radio::ppi,
        LinkType::NFLOG => nflog::layer,
        LinkType::PKTAP | LinkType::USER2 => meta::pktap,
        LinkType::ENC => meta::enc,
        LinkType::PFLOG => meta::pflog,
        LinkType::IPNET => meta::ipnet,
        LinkType::ERF => meta::erf,
        LinkType::NETANALYZER => meta::netanalyzer,
        LinkType::ETHERNET_MPACKET => ethernet::behind_preamble,
        LinkType::DSA_TAG_BRCM => dsa::broadcom,
        LinkType::DSA_TAG_BRCM_PREPEND => dsa::broadcom_in_front,
        LinkType::DSA_TAG_DSA => dsa::marvell,
        LinkType::DSA_TAG_EDSA => dsa::marvell_with_ethertype,
        LinkType::JUNIPER_ETHER => juniper::ethernet,
        LinkType::JUNIPER_PPP => juniper::ppp,
        LinkType::JUNIPER_FRELAY => juniper::frame_relay,
        LinkType::JUNIPER_CHDLC => juniper::hdlc,
        LinkType::JUNIPER_ES => juniper::encryption_services,
        LinkType::JUNIPER_MONITOR => juniper::monitor,
        _ => return Err(Skip::UnsupportedLink(link)),
    })
}
