//! The names libpcap gives to link types: `pcap_datalink_val_to_name()` without its `DLT_`.

use std::fmt;

use super::LinkType;

impl LinkType {
    /// BSD loopback: address family in the capturing host's byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const EN10MB: Self = Self(1);
    /// Token ring.
    pub const IEEE802: Self = Self(6);
    /// PPP.
    pub const PPP: Self = Self(9);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// Raw IP as some BSDs number it.
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP as OpenBSD numbers it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP or Cisco HDLC on a serial line.
    pub const PPP_SERIAL: Self = Self(50);
    /// PPPoE.
    pub const PPP_ETHER: Self = Self(51);
    /// LLC over ATM.
    pub const ATM_RFC1483: Self = Self(100);
    /// Raw IP, version by the first nibble.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Classical IP over ATM.
    pub const ATM_CLIP: Self = Self(106);
    /// Frame Relay.
    pub const FRELAY: Self = Self(107);
    /// OpenBSD loopback: address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// OpenBSD's IPsec interface.
    pub const ENC: Self = Self(109);
    /// Linux "cooked" capture.
    pub const LINUX_SLL: Self = Self(113);
    /// OpenBSD's packet filter.
    pub const PFLOG: Self = Self(117);
    /// 802.11 behind a header of Prism.
    pub const PRISM_HEADER: Self = Self(119);
    /// IP over Fibre Channel.
    pub const IP_OVER_FC: Self = Self(122);
    /// SunATM.
    pub const SUNATM: Self = Self(123);
    /// 802.11 behind radiotap.
    pub const IEEE802_11_RADIO: Self = Self(127);
    /// Juniper, encryption services.
    pub const JUNIPER_ES: Self = Self(132);
    /// For private use; once macOS' PKTAP.
    pub const USER2: Self = Self(149);
    /// 802.11 behind an AVS header.
    pub const IEEE802_11_RADIO_AVS: Self = Self(163);
    /// Juniper, monitoring services.
    pub const JUNIPER_MONITOR: Self = Self(164);
    /// PPP behind a direction byte, of pppd.
    pub const PPP_PPPD: Self = Self(166);
    /// Juniper, Ethernet.
    pub const JUNIPER_ETHER: Self = Self(178);
    /// Juniper, PPP.
    pub const JUNIPER_PPP: Self = Self(179);
    /// Juniper, Frame Relay.
    pub const JUNIPER_FRELAY: Self = Self(180);
    /// Juniper, Cisco HDLC.
    pub const JUNIPER_CHDLC: Self = Self(181);
    /// Multilink Frame Relay.
    pub const MFR: Self = Self(182);
    /// Per-packet information.
    pub const PPI: Self = Self(192);
    /// Endace's extensible record format.
    pub const ERF: Self = Self(197);
    /// PPP behind a direction byte.
    pub const PPP_WITH_DIR: Self = Self(204);
    /// Cisco HDLC behind a direction byte.
    pub const C_HDLC_WITH_DIR: Self = Self(205);
    /// Frame Relay behind a direction byte.
    pub const FRELAY_WITH_DIR: Self = Self(206);
    /// Solaris' ipnet.
    pub const IPNET: Self = Self(226);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux' packet filter.
    pub const NFLOG: Self = Self(239);
    /// Hilscher's netANALYZER.
    pub const NETANALYZER: Self = Self(240);
    /// macOS' PKTAP.
    pub const PKTAP: Self = Self(258);
    /// Ethernet with its preamble.
    pub const ETHERNET_MPACKET: Self = Self(274);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
    /// Broadcom's switch tag.
    pub const DSA_TAG_BRCM: Self = Self(281);
    /// Broadcom's switch tag, in front.
    pub const DSA_TAG_BRCM_PREPEND: Self = Self(282);
    /// Marvell's switch tag.
    pub const DSA_TAG_DSA: Self = Self(284);
    /// Marvell's switch tag behind an EtherType.
    pub const DSA_TAG_EDSA: Self = Self(285);

    /// libpcap's name, such as `EN10MB`; `None` if this program has none for the number.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let named = NAMES.binary_search_by_key(&self.0, |&(number, _)| number).ok()?;
        NAMES.get(named).map(|&(_, name)| name)
    }
}

impl fmt::Display for LinkType {
    /// libpcap's name, or `LINKTYPE_<n>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "LINKTYPE_{}", self.0),
        }
    }
}

/// By number. Those this program decodes, and those a user is likely to hand it by mistake.
const NAMES: &[(u16, &str)] = &[
    (0, "NULL"),
    (1, "EN10MB"),
    (3, "AX25"),
    (6, "IEEE802"),
    (7, "ARCNET"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (12, "RAW"),
    (14, "RAW"),
    (50, "PPP_SERIAL"),
    (51, "PPP_ETHER"),
    (99, "SYMANTEC_FIREWALL"),
    (100, "ATM_RFC1483"),
    (101, "RAW"),
    (104, "C_HDLC"),
    (105, "IEEE802_11"),
    (106, "ATM_CLIP"),
    (107, "FRELAY"),
    (108, "LOOP"),
    (109, "ENC"),
    (113, "LINUX_SLL"),
    (114, "LTALK"),
    (117, "PFLOG"),
    (119, "PRISM_HEADER"),
    (122, "IP_OVER_FC"),
    (123, "SUNATM"),
    (127, "IEEE802_11_RADIO"),
    (129, "ARCNET_LINUX"),
    (130, "JUNIPER_MLPPP"),
    (131, "JUNIPER_MLFR"),
    (132, "JUNIPER_ES"),
    (133, "JUNIPER_GGSN"),
    (134, "JUNIPER_MFR"),
    (135, "JUNIPER_ATM2"),
    (136, "JUNIPER_SERVICES"),
    (137, "JUNIPER_ATM1"),
    (138, "APPLE_IP_OVER_IEEE1394"),
    (139, "MTP2_WITH_PHDR"),
    (140, "MTP2"),
    (141, "MTP3"),
    (142, "SCCP"),
    (143, "DOCSIS"),
    (144, "LINUX_IRDA"),
    (147, "USER0"),
    (148, "USER1"),
    (149, "USER2"),
    (150, "USER3"),
    (151, "USER4"),
    (152, "USER5"),
    (153, "USER6"),
    (154, "USER7"),
    (155, "USER8"),
    (156, "USER9"),
    (157, "USER10"),
    (158, "USER11"),
    (159, "USER12"),
    (160, "USER13"),
    (161, "USER14"),
    (162, "USER15"),
    (163, "IEEE802_11_RADIO_AVS"),
    (164, "JUNIPER_MONITOR"),
    (166, "PPP_PPPD"),
    (167, "JUNIPER_PPPOE"),
    (168, "JUNIPER_PPPOE_ATM"),
    (169, "GPRS_LLC"),
    (177, "LINUX_LAPD"),
    (178, "JUNIPER_ETHER"),
    (179, "JUNIPER_PPP"),
    (180, "JUNIPER_FRELAY"),
    (181, "JUNIPER_CHDLC"),
    (182, "MFR"),
    (187, "BLUETOOTH_HCI_H4"),
    (189, "USB_LINUX"),
    (192, "PPI"),
    (195, "IEEE802_15_4"),
    (197, "ERF"),
    (201, "BLUETOOTH_HCI_H4_WITH_PHDR"),
    (204, "PPP_WITH_DIR"),
    (205, "C_HDLC_WITH_DIR"),
    (206, "FRELAY_WITH_DIR"),
    (215, "IEEE802_15_4_NONASK_PHY"),
    (220, "USB_LINUX_MMAPPED"),
    (224, "FC_2"),
    (226, "IPNET"),
    (227, "CAN_SOCKETCAN"),
    (228, "IPV4"),
    (229, "IPV6"),
    (230, "IEEE802_15_4_NOFCS"),
    (231, "DBUS"),
    (235, "DVB_CI"),
    (236, "MUX27010"),
    (239, "NFLOG"),
    (240, "NETANALYZER"),
    (241, "NETANALYZER_TRANSPARENT"),
    (242, "IPOIB"),
    (243, "MPEG_2_TS"),
    (245, "NFC_LLCP"),
    (247, "INFINIBAND"),
    (248, "SCTP"),
    (249, "USBPCAP"),
    (251, "BLUETOOTH_LE_LL"),
    (252, "WIRESHARK_UPPER_PDU"),
    (253, "NETLINK"),
    (254, "BLUETOOTH_LINUX_MONITOR"),
    (256, "BLUETOOTH_LE_LL_WITH_PHDR"),
    (258, "PKTAP"),
    (259, "EPON"),
    (266, "USB_DARWIN"),
    (271, "VSOCK"),
    (272, "NORDIC_BLE"),
    (274, "ETHERNET_MPACKET"),
    (276, "LINUX_SLL2"),
    (281, "DSA_TAG_BRCM"),
    (282, "DSA_TAG_BRCM_PREPEND"),
    (283, "IEEE802_15_4_TAP"),
    (284, "DSA_TAG_DSA"),
    (285, "DSA_TAG_EDSA"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_link_types_as_libpcap_does() {
        let names = [1, 0, 101, 113, 276, 105, 9].map(|n| LinkType(n).to_string());
        let libpcap = ["EN10MB", "NULL", "RAW", "LINUX_SLL", "LINUX_SLL2", "IEEE802_11", "PPP"];
        assert_eq!(names, libpcap);
    }

    #[test]
    fn numbers_a_link_type_it_has_no_name_for() {
        assert_eq!(LinkType(4711).to_string(), "LINKTYPE_4711");
    }

    #[test]
    fn keeps_the_table_in_order_for_the_binary_search() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
