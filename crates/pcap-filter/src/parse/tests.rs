//! What expressions mean, and that none is too much.

use proptest::prelude::*;

use super::super::ast::{Compare, Operator, Sum};
use super::*;

fn canonical(text: &str) -> String {
    match parse(text) {
        Ok(Some(expr)) => expr.to_string(),
        Ok(None) => String::new(),
        Err(error) => panic!("{text}: {} at {:?}", error.message, error.at),
    }
}

fn error(text: &str) -> (usize, String) {
    let error = parse(text).expect_err(text);
    (error.column(text), error.message)
}

#[test]
fn and_and_or_bind_equally_and_to_the_left() {
    assert_eq!(canonical("tcp or udp and ip"), "((tcp or udp) and ip)");
    assert_eq!(canonical("tcp && udp || ip"), "((tcp and udp) or ip)");
    assert_eq!(canonical("tcp or (udp and ip)"), "(tcp or (udp and ip))");
    assert_eq!(canonical("tcp or udp or ip"), "(tcp or udp or ip)");
}

#[test]
fn not_binds_tightest() {
    assert_eq!(canonical("not tcp and ip"), "(not tcp and ip)");
    assert_eq!(canonical("! ! tcp"), "not not tcp");
    assert_eq!(canonical("not (tcp and ip)"), "not (tcp and ip)");
}

#[test]
fn a_bare_value_takes_the_qualifiers_before_it() {
    let ports = "(portrange 25-25 or portrange 587-587)";
    assert_eq!(canonical("port 25 or 587"), ports);
    assert_eq!(canonical("port (25 or 587)"), ports);
    assert_eq!(canonical("port 25 or (587)"), ports);
    assert_eq!(canonical("(port 25) or port 587"), ports);
    assert_eq!(
        canonical("tcp dst port smtp or submission and not https"),
        "((tcp dst portrange 25-25 or tcp dst portrange 587-587) \
          and not tcp dst portrange 443-443)"
    );
    assert_eq!(
        canonical("src 10.0.0.1 or 10.0.0.2"),
        "(src net 10.0.0.1 mask 255.255.255.255 or src net 10.0.0.2 mask 255.255.255.255)"
    );
    assert_eq!(
        canonical("port 25 or (587 and not (465 or 2525))"),
        "(portrange 25-25 or (portrange 587-587 and not \
          (portrange 465-465 or portrange 2525-2525)))"
    );
}

#[test]
fn qualifiers_do_not_outlive_other_primitives() {
    assert!(error("port 25 or tcp or 587").1.starts_with("expected a primitive"));
    assert!(error("25").1.starts_with("expected a primitive"));
    assert!(error("10.0.0.1").1.starts_with("expected a primitive"));
}

#[test]
fn networks_of_every_spelling() {
    for text in ["net 10", "net 10.0.0.0/8", "net 10.0.0.0 mask 255.0.0.0", "net 10.0/8"] {
        assert_eq!(canonical(text), "net 10.0.0.0 mask 255.0.0.0", "{text}");
    }
    assert_eq!(canonical("net 192.168"), "net 192.168.0.0 mask 255.255.0.0");
    assert_eq!(canonical("net 0.0.0.0/0"), "net 0.0.0.0 mask 0.0.0.0");
    assert_eq!(canonical("net 2001:db8::/32"), "net 2001:db8::/32");
    assert_eq!(canonical("host ::1"), "net ::1/128");
    let (column, message) = error("net 10.0.0.1/8");
    assert_eq!((column, message.contains("10.0.0.0")), (5, true));
    assert_eq!(error("host 10.0.0.0/8").0, 14);
    assert_eq!(error("net 10.0.0.0/33").0, 14);
}

#[test]
fn directions_of_every_spelling() {
    assert_eq!(canonical("src or dst port 25"), canonical("port 25"));
    assert_eq!(canonical("dst and src port 25"), "src and dst portrange 25-25");
    assert_eq!(
        canonical("src port 25 and dst port 26"),
        "(src portrange 25-25 and dst portrange 26-26)"
    );
}

#[test]
fn sums_are_as_in_c() {
    assert_eq!(canonical("len - 2 * 3 > 1"), "(len - (2 * 3)) > 1");
    assert_eq!(canonical("1 + 2 & 3 << 1 = 4 | 5 ^ 6"), "((1 + 2) & (3 << 1)) = (4 | (5 ^ 6))");
    assert_eq!(canonical("(len) > (2)"), "len > 2");
    assert_eq!(canonical("- len + 1 = 0"), "((- len) + 1) = 0");
    assert_eq!(
        canonical("tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn"),
        "(tcp[13:1] & (2 | 16)) = 2"
    );
    assert_eq!(canonical("less 100 or greater 200"), "(len <= 100 or len >= 200)");
    assert_eq!(canonical("not ip[6:2] & 0x1fff != 0"), "not (ip[6:2] & 8191) != 0");
    assert_eq!(error("len / 0 > 1").0, 7);
    assert_eq!(error("tcp[0:3] = 1").0, 7);
    assert_eq!(error("1 << 32 = 1").0, 6);
}

#[test]
fn protocols_and_services_have_names() {
    assert_eq!(canonical("ip proto \\tcp"), "ip proto 6");
    assert_eq!(canonical("ip proto tcp"), "ip proto 6");
    assert_eq!(canonical("ether proto \\arp"), "ether proto 2054");
    assert_eq!(canonical("port imaps"), "tcp portrange 993-993");
    assert_eq!(canonical("port domain"), "portrange 53-53");
    assert_eq!(canonical("portrange smtp-submission"), "tcp portrange 25-587");
    assert_eq!(canonical("portrange 587-25"), "portrange 25-587");
    assert!(error("udp port smtp").1.contains("over tcp"));
    assert!(error("port smpt").1.contains("not known by name"));
}

#[test]
fn names_of_hosts_are_not_looked_up() {
    let (column, message) = error("tcp and host mail.example.com");
    assert_eq!((column, message.contains("not looked up")), (14, true));
}

#[test]
fn errors_name_the_column_and_what_was_expected() {
    for (text, column, begins) in [
        ("host", 5, "expected an address, found the end"),
        ("host and tcp", 6, "expected an address, found `and`"),
        ("tcp port", 9, "expected a port"),
        ("tcp udp", 5, "expected `and`, `or` or the end"),
        ("(tcp", 1, "this parenthesis is not closed"),
        ("tcp)", 4, "nothing is open"),
        ("ether", 6, "expected `host`"),
        ("icmp port 25", 11, "`icmp` has no ports"),
        ("tcp host 1.2.3.4", 10, "`tcp` has no IPv4 addresses"),
        ("vlan 5000", 6, "a VLAN is at most 4095"),
        ("port 70000", 6, "a port is at most"),
        ("gateway 10.0.0.1", 1, "`gateway` needs names"),
        ("ip broadcast", 4, "only `broadcast`"),
        ("wlan addr1 00:11:22:33:44:55", 6, "expected `host`"),
        ("type mgt", 1, "filters here do not know 802.11"),
        ("port 25 and", 12, "expected a"),
        ("tcp[13", 7, "expected `]`"),
        ("\u{e4}", 1, "`\u{e4}` means nothing"),
    ] {
        let (found, message) = error(text);
        assert!(message.starts_with(begins) && found == column, "{text}: {found}: {message}");
    }
}

#[test]
fn an_empty_expression_takes_everything() {
    assert_eq!(parse("").unwrap(), None);
    assert_eq!(parse(" \t").unwrap(), None);
}

#[test]
fn what_nests_too_deep_or_is_too_long_is_an_error() {
    let deep = |n: usize| format!("{}tcp{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&deep(50)).is_ok() && parse(&deep(5000)).is_err());
    assert!(parse(&format!("{}tcp", "not ".repeat(10_000))).is_err());
    assert!(parse(&"tcp or udp and ".repeat(4000)).is_err());
    assert!(parse(&format!("{}1 > 0", "1 + ".repeat(10_000))).is_err());
    assert!(parse(&format!("{}1 > 0", "- ".repeat(10_000))).is_err());
    assert!(parse(&format!("{}0{} = 1", "ip[".repeat(5000), "]".repeat(5000))).is_err());
    let many = vec!["host 10.0.0.1"; 3500].join(" or ");
    assert!(parse(&many).is_ok());
    assert!(parse(&many.repeat(2)).is_err());
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::Either),
        Just(Direction::Both),
        Just(Direction::Source),
        Just(Direction::Destination)
    ]
}

fn one_of(protos: &'static [Option<Proto>]) -> impl Strategy<Value = Option<Proto>> {
    prop::sample::select(protos)
}

fn sum() -> impl Strategy<Value = Sum> {
    let leaf = prop_oneof![any::<u32>().prop_map(Sum::Number), Just(Sum::Len)];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let operator = prop::sample::select(&Operator::ALL[..]);
        let proto = prop::sample::select(&[Proto::Tcp, Proto::Ip, Proto::Link, Proto::Icmp6][..]);
        let size = prop::sample::select(&[1_u8, 2, 4][..]);
        prop_oneof![
            (proto, inner.clone(), size).prop_map(|(proto, index, size)| Sum::Load {
                proto,
                index: Box::new(index),
                size
            }),
            inner.clone().prop_map(|sum| Sum::Negative(Box::new(sum))),
            (inner.clone(), operator, inner)
                .prop_filter("no division by zero, no large shift", |(_, operator, right)| {
                    let is_bad = |number: u32| number == 0 || number > 31;
                    !matches!(right, Sum::Number(number) if operator.strength() > 3 && is_bad(*number))
                })
                .prop_map(|(left, operator, right)| {
                    Sum::Binary(Box::new(left), operator, Box::new(right))
                }),
        ]
    })
}

fn primitive() -> impl Strategy<Value = Primitive> {
    use Proto::{Arp, Carp, Ip, Ip6, Link, Netbeui, Sctp, Tcp, Udp};
    prop_oneof![
        prop::sample::select(&[Tcp, Ip6, Arp, Carp, Netbeui][..]).prop_map(Primitive::Proto),
        (one_of(&[None, Some(Ip), Some(Ip6), Some(Link)]), any::<u32>())
            .prop_map(|(proto, number)| Primitive::ProtoNumber(proto, number)),
        (one_of(&[None, Some(Ip), Some(Arp)]), direction(), any::<u32>(), any::<u32>()).prop_map(
            |(proto, direction, address, mask)| Primitive::Net4 {
                proto,
                direction,
                address: (address & mask).into(),
                mask: mask.into()
            }
        ),
        (direction(), any::<u128>(), 0..=128_u8).prop_map(|(direction, address, prefix)| {
            let address = (address & mask6(prefix)).into();
            Primitive::Net6 { direction, address, prefix }
        }),
        (direction(), any::<[u8; 6]>()).prop_map(|(d, address)| Primitive::EtherHost(d, address)),
        (one_of(&[None, Some(Tcp), Some(Udp), Some(Sctp)]), direction(), any::<[u16; 2]>())
            .prop_map(|(proto, direction, [a, b])| Primitive::Ports {
                proto,
                direction,
                low: a.min(b),
                high: a.max(b)
            }),
        Just(Primitive::Broadcast),
        one_of(&[None, Some(Ip), Some(Ip6)]).prop_map(Primitive::Multicast),
        any::<bool>().prop_map(Primitive::Outbound),
        any::<u32>().prop_map(Primitive::Interface),
        prop::option::of(0..4096_u16).prop_map(Primitive::Vlan),
        prop::option::of(0..1_u32 << 20).prop_map(Primitive::Mpls),
        Just(Primitive::PppoeDiscovery),
        prop::option::of(any::<u16>()).prop_map(Primitive::PppoeSession),
        prop::option::of(0..1_u32 << 24).prop_map(Primitive::Geneve),
        (sum(), prop::sample::select(&Compare::ALL[..]), sum())
            .prop_map(|(left, compare, right)| Primitive::Relation(left, compare, right)),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    primitive().prop_map(Expr::Is).prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|expr| Expr::Not(Box::new(expr))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::All),
            prop::collection::vec(inner, 2..4).prop_map(Expr::Any),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_means_the_same(expr in expr()) {
        let text = expr.to_string();
        prop_assert_eq!(parse(&text), Ok(Some(expr)), "{}", text);
    }

    #[test]
    fn no_text_is_too_much(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_words_are_too_much(words in prop::collection::vec(prop::sample::select(WORDS), 0..30)) {
        let text = words.join(" ");
        match parse(&text) {
            Ok(Some(expr)) => {
                let printed = expr.to_string();
                prop_assert_eq!(parse(&printed), Ok(Some(expr)), "{} of {}", printed, text);
            }
            Ok(None) => {}
            Err(error) => prop_assert!(text.get(error.at).is_some(), "{}", text),
        }
    }
}

const WORDS: &[&str] = &[
    "tcp",
    "udp",
    "ip",
    "ip6",
    "ether",
    "host",
    "net",
    "port",
    "portrange",
    "proto",
    "src",
    "dst",
    "and",
    "or",
    "not",
    "!",
    "(",
    ")",
    "[",
    "]",
    ":",
    "+",
    "-",
    "&",
    "|",
    "=",
    ">",
    "len",
    "25",
    "10.0.0.1",
    "10",
    "::1",
    "/",
    "8",
    "smtp",
    "25-30",
    "vlan",
    "mpls",
    "mask",
    "less",
    "\\tcp",
    "00:11:22:33:44:55",
    "broadcast",
    "gateway",
    "x",
];
