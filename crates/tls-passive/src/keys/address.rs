//! The first field of a row: which servers a key belongs to.

use std::fmt;
use std::net::IpAddr;

/// Which server addresses a row is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressPattern {
    /// `any`, `*`, `0.0.0.0`, `::` or nothing: every address of both families.
    Any,
    /// `anyipv4` or `0.0.0.0/0`.
    AnyV4,
    /// `anyipv6` or `::/0`.
    AnyV6,
    /// One address (its prefix is its whole width) or a network.
    Net {
        /// An address of the network.
        address: IpAddr,
        /// Length of the prefix, in bits; never 0.
        prefix: u8,
    },
    /// `first-last`, both included, both of one family.
    Range {
        /// The lowest address.
        first: IpAddr,
        /// The highest address.
        last: IpAddr,
    },
    /// A host name. It fits no address, for nothing is ever resolved: a capture is analysed
    /// without a network, and today's answer need not be that of the day of the capture.
    Name(String),
}

/// As a key list would say it.
impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::AnyV4 => f.write_str("anyipv4"),
            Self::AnyV6 => f.write_str("anyipv6"),
            Self::Net { address, prefix } if *prefix == width(*address) => address.fmt(f),
            Self::Net { address, prefix } => write!(f, "{address}/{prefix}"),
            Self::Range { first, last } => write!(f, "{first}-{last}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl AddressPattern {
    /// Reads the field; `None` if it is nothing of the kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "" | "*" | "any" | "0.0.0.0" | "::" => return Some(Self::Any),
            "anyipv4" => return Some(Self::AnyV4),
            "anyipv6" => return Some(Self::AnyV6),
            _ => {}
        }
        if let Some(address) = parse_ip(text) {
            return Some(Self::Net { address, prefix: width(address) });
        }
        net(text).or_else(|| range(text)).or_else(|| name(text))
    }

    /// Whether a server at `ip` is meant; an IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn fits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        match self {
            Self::Any => true,
            Self::AnyV4 => ip.is_ipv4(),
            Self::AnyV6 => ip.is_ipv6(),
            Self::Net { address, prefix } => in_net(ip, *address, *prefix),
            Self::Range { first, last } => (*first..=*last).contains(&ip),
            Self::Name(_) => false,
        }
    }

    /// Whether this is an address, a network or a range, not a wildcard.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        matches!(self, Self::Net { .. } | Self::Range { .. })
    }

    /// How narrow the pattern is: of two that fit an address, the narrower has more.
    pub(super) fn specificity(&self) -> u8 {
        match self {
            Self::Any | Self::Name(_) => 0,
            Self::AnyV4 | Self::AnyV6 => 1,
            Self::Range { .. } => 2,
            Self::Net { prefix, .. } => prefix.saturating_add(2),
        }
    }
}

/// A literal address, with or without brackets; a zone (`%eth0`) means nothing in a capture.
fn parse_ip(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let unzoned = match bare.split_once('%') {
        Some((address, _zone)) if address.contains(':') => address,
        _ => bare,
    };
    unzoned.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn net(text: &str) -> Option<AddressPattern> {
    let (address, prefix) = text.split_once('/')?;
    let address = parse_ip(address.trim())?;
    let prefix: u8 = prefix.trim().parse().ok()?;
    if prefix > width(address) {
        return None;
    }
    Some(match (prefix, address) {
        (0, IpAddr::V4(_)) => AddressPattern::AnyV4,
        (0, IpAddr::V6(_)) => AddressPattern::AnyV6,
        _ => AddressPattern::Net { address, prefix },
    })
}

fn range(text: &str) -> Option<AddressPattern> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (parse_ip(first.trim())?, parse_ip(last.trim())?);
    let ordered = first.is_ipv4() == last.is_ipv4() && first <= last;
    ordered.then_some(AddressPattern::Range { first, last })
}

/// A host name has a letter: digits and dots alone are an address with a slip in it.
fn name(text: &str) -> Option<AddressPattern> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let named = text.chars().all(allowed) && text.contains(char::is_alphabetic);
    named.then(|| AddressPattern::Name(text.to_owned()))
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn in_net(ip: IpAddr, net: IpAddr, prefix: u8) -> bool {
    let host_bits = u32::from(width(net).saturating_sub(prefix));
    let differing = number(ip) ^ number(net);
    ip.is_ipv4() == net.is_ipv4() && differing.checked_shr(host_bits).unwrap_or(0) == 0
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, ip: &str) -> bool {
        AddressPattern::parse(pattern).unwrap().fits(ip.parse().unwrap())
    }

    #[test]
    fn wildcards_fit_their_families() {
        for pattern in ["", "*", "any", "ANY", "0.0.0.0", "::"] {
            assert!(fits(pattern, "192.0.2.1") && fits(pattern, "2001:db8::1"), "{pattern}");
        }
        assert!(fits("anyipv4", "192.0.2.1") && !fits("anyipv4", "2001:db8::1"));
        assert!(!fits("anyipv6", "192.0.2.1") && fits("anyipv6", "2001:db8::1"));
        assert!(fits("0.0.0.0/0", "192.0.2.1") && !fits("0.0.0.0/0", "2001:db8::1"));
    }

    #[test]
    fn literal_addresses_fit_themselves_however_they_are_written() {
        assert!(fits("192.0.2.1", "192.0.2.1") && !fits("192.0.2.1", "192.0.2.2"));
        assert!(fits("[2001:DB8:0::1]", "2001:db8::1"));
        assert!(fits("fe80::1%eth0", "fe80::1"));
        assert!(fits("::ffff:192.0.2.1", "192.0.2.1") && fits("192.0.2.1", "::ffff:192.0.2.1"));
    }

    #[test]
    fn networks_and_ranges_fit_what_lies_in_them() {
        assert!(fits("192.0.2.77/24", "192.0.2.1") && !fits("192.0.2.0/24", "192.0.3.0"));
        assert!(fits("2001:db8::/32", "2001:db8:ffff::1") && !fits("2001:db8::/32", "2001:db9::"));
        assert!(
            fits("192.0.2.5-192.0.2.9", "192.0.2.9") && !fits("192.0.2.5-192.0.2.9", "192.0.2.10")
        );
        assert!(!fits("10.0.0.0/8", "::a00:1"), "the same number in the other family");
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for text in [
            "any",
            "anyipv4",
            "anyipv6",
            "192.0.2.1",
            "2001:db8::1",
            "192.0.2.0/24",
            "192.0.2.5-192.0.2.9",
            "mail.example.org",
        ] {
            assert_eq!(AddressPattern::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_host_name_fits_nothing() {
        assert!(!fits("mail.example.org", "192.0.2.1"));
        assert_eq!(
            AddressPattern::parse("mail-1.example"),
            Some(AddressPattern::Name("mail-1.example".into()))
        );
    }

    #[test]
    fn slips_are_not_taken_for_host_names() {
        for slip in
            ["300.1.1.1", "192.0.2", "192.0.2.1:25", "[::1]:25", "10.0.0.0/33", "10.0.0.*", "9-1"]
        {
            assert_eq!(AddressPattern::parse(slip), None, "{slip}");
        }
    }
}
