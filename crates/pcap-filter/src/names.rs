//! Names that stand for numbers: header fields, flags, ICMP types, protocols, services.
//!
//! Services and protocols are a table of our own and not the machine's `/etc/services`: the same
//! filter means the same everywhere.

use super::ast::Proto;

/// Offsets of header fields and their values, as pcap-filter(7) names them.
const CONSTANTS: &[(&str, u32)] = &[
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("icmp6-destinationunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138),
    ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145),
    ("icmp6-mobileprefixsolicit", 146),
    ("icmp6-mobileprefixadvert", 147),
    ("icmp6-certpathsolicit", 148),
    ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151),
    ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastrouterterm", 153),
    ("tcpflags", 13),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
];

/// The number that a name of pcap-filter(7) stands for.
pub(super) fn constant(name: &str) -> Option<u32> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|&(_, value)| value)
}

/// IP protocols by their names at IANA and, where it is another, in `/etc/protocols`.
const IP_PROTOCOLS: &[(&str, u32)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("ipv4", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("icmp6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// EtherTypes by their names in pcap-filter(7); below 0x600 the SAPs of IEEE 802.2.
const ETHER_PROTOCOLS: &[(&str, u32)] = &[
    ("aarp", 0x80f3),
    ("arp", 0x0806),
    ("atalk", 0x809b),
    ("decnet", 0x6003),
    ("ip", 0x0800),
    ("ip6", 0x86dd),
    ("lat", 0x6004),
    ("loopback", 0x9000),
    ("mopdl", 0x6001),
    ("moprc", 0x6002),
    ("rarp", 0x8035),
    ("sca", 0x6007),
    ("iso", 0xfe),
    ("stp", 0x42),
    ("ipx", 0xe0),
    ("netbeui", 0xf0),
];

/// The number of a protocol in an IP header, or in a link layer's.
pub(super) fn protocol(name: &str, is_link: bool) -> Option<u32> {
    let table = if is_link { ETHER_PROTOCOLS } else { IP_PROTOCOLS };
    table.iter().find(|(known, _)| *known == name).map(|&(_, number)| number)
}

/// Services by their names at IANA and in `/etc/services`: what may be seen beside mail. Over TCP
/// alone where `Some`.
const SERVICES: &[(&str, u16, Option<Proto>)] = &[
    ("ftp-data", 20, Some(Proto::Tcp)),
    ("ftp", 21, Some(Proto::Tcp)),
    ("ssh", 22, Some(Proto::Tcp)),
    ("telnet", 23, Some(Proto::Tcp)),
    ("lmtp", 24, Some(Proto::Tcp)),
    ("smtp", 25, Some(Proto::Tcp)),
    ("mail", 25, Some(Proto::Tcp)),
    ("domain", 53, None),
    ("bootps", 67, Some(Proto::Udp)),
    ("bootpc", 68, Some(Proto::Udp)),
    ("tftp", 69, Some(Proto::Udp)),
    ("http", 80, Some(Proto::Tcp)),
    ("www", 80, Some(Proto::Tcp)),
    ("kerberos", 88, None),
    ("pop3", 110, Some(Proto::Tcp)),
    ("pop-3", 110, Some(Proto::Tcp)),
    ("sunrpc", 111, None),
    ("ident", 113, Some(Proto::Tcp)),
    ("auth", 113, Some(Proto::Tcp)),
    ("nntp", 119, Some(Proto::Tcp)),
    ("ntp", 123, Some(Proto::Udp)),
    ("imap", 143, Some(Proto::Tcp)),
    ("imap2", 143, Some(Proto::Tcp)),
    ("snmp", 161, None),
    ("bgp", 179, Some(Proto::Tcp)),
    ("ldap", 389, None),
    ("https", 443, None),
    ("microsoft-ds", 445, Some(Proto::Tcp)),
    ("submissions", 465, Some(Proto::Tcp)),
    ("smtps", 465, Some(Proto::Tcp)),
    ("ssmtp", 465, Some(Proto::Tcp)),
    ("urd", 465, Some(Proto::Tcp)),
    ("isakmp", 500, Some(Proto::Udp)),
    ("syslog", 514, Some(Proto::Udp)),
    ("submission", 587, Some(Proto::Tcp)),
    ("ldaps", 636, None),
    ("domain-s", 853, None),
    ("imaps", 993, Some(Proto::Tcp)),
    ("pop3s", 995, Some(Proto::Tcp)),
    ("socks", 1080, Some(Proto::Tcp)),
    ("ms-sql-s", 1433, Some(Proto::Tcp)),
    ("radius", 1812, None),
    ("mysql", 3306, Some(Proto::Tcp)),
    ("sieve", 4190, Some(Proto::Tcp)),
    ("postgresql", 5432, Some(Proto::Tcp)),
    ("amqp", 5672, None),
    ("http-alt", 8080, None),
];

/// Port and transport of a service.
pub(super) fn service(name: &str) -> Option<(u16, Option<Proto>)> {
    SERVICES.iter().find(|(known, ..)| *known == name).map(|&(_, port, proto)| (port, proto))
}
