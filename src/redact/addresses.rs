//! IP addresses under pseudonyms that keep their networks: two addresses that share so many leading
//! bits have pseudonyms that share as many.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The pseudonym of the first address: of a private network (RFC 1918), as most readers expect.
const FIRST_V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// The same for IPv6, of the network for documentation (RFC 3849).
const FIRST_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// Most addresses that are told apart, of each version; those beyond become the unspecified one.
pub(super) const MOST_ADDRESSES: usize = 1 << 20;

/// The addresses met so far.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    v4: Tree,
    v6: Tree,
}

impl Addresses {
    /// The pseudonym of an address. An IPv4 address inside an IPv6 one stays the same address.
    pub(super) fn pseudonym(&mut self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) => IpAddr::V4(self.v4(ip)),
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(inner) => IpAddr::V6(self.v4(inner).to_ipv6_mapped()),
                None => IpAddr::V6(self.v6.pseudonym(ip.to_bits(), FIRST_V6.to_bits(), 128).into()),
            },
        }
    }

    /// Every pseudonym with the address that it stands for.
    pub(super) fn table(&self) -> impl Iterator<Item = (String, String)> {
        let text_of_v4 = |bits: u128| Ipv4Addr::from(u32::try_from(bits).unwrap_or_default());
        let v4 = self
            .v4
            .0
            .iter()
            .map(move |(ip, p)| (text_of_v4(*p).to_string(), text_of_v4(*ip).to_string()));
        let text_of_v6 = |bits: u128| Ipv6Addr::from(bits).to_string();
        v4.chain(self.v6.0.iter().map(move |(ip, p)| (text_of_v6(*p), text_of_v6(*ip))))
    }

    fn v4(&mut self, ip: Ipv4Addr) -> Ipv4Addr {
        let found = self.v4.pseudonym(ip.to_bits().into(), FIRST_V4.to_bits().into(), 32);
        u32::try_from(found).unwrap_or_default().into()
    }
}

/// Addresses of one length and their pseudonyms, in order.
#[derive(Debug, Default)]
struct Tree(BTreeMap<u128, u128>);

impl Tree {
    /// The nearest neighbour in order is the one with the longest common prefix. The pseudonym has
    /// the neighbour's prefix, the other bit behind it, which no address has had yet, and the rest
    /// of the first pseudonym. Nothing of the address is in it but what it shares with others, and
    /// the order in which they came: there is no key that could get out, and nothing to guess.
    fn pseudonym(&mut self, bits: u128, first: u128, len: u32) -> u128 {
        if let Some(known) = self.0.get(&bits) {
            return *known;
        }
        if self.0.len() >= MOST_ADDRESSES {
            return 0;
        }
        let below = self.0.range(..bits).next_back();
        let above = self.0.range(bits..).next();
        let nearest = [below, above].into_iter().flatten().min_by_key(|(other, _)| *other ^ bits);
        let pseudonym = match nearest {
            None => first,
            Some((other, theirs)) => {
                let common = (other ^ bits).leading_zeros().saturating_sub(128 - len);
                let branch = 1_u128 << (len - 1 - common);
                let kept = theirs & !(branch | (branch - 1));
                kept | (!theirs & branch) | (first & (branch - 1))
            }
        };
        self.0.insert(bits, pseudonym);
        pseudonym
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(addresses: &[&str]) -> Vec<String> {
        let mut known = Addresses::default();
        let pseudonym = |ip: &&str| known.pseudonym(ip.parse().unwrap()).to_string();
        addresses.iter().map(pseudonym).collect()
    }

    #[test]
    fn networks_are_kept_and_an_address_has_one_pseudonym() {
        let found = all(&["192.0.2.1", "192.0.2.25", "192.0.2.1", "192.0.3.1", "127.0.0.1"]);
        assert_eq!(found, ["10.0.0.1", "10.0.0.17", "10.0.0.1", "10.0.1.1", "138.0.0.1"]);
    }

    #[test]
    fn an_address_inside_another_is_the_same() {
        let found = all(&["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1::9", "2001:db8:1::8"]);
        assert_eq!(found[..2], ["10.0.0.1", "::ffff:10.0.0.1"]);
        assert_eq!(found[2..], ["2001:db8::1", "2001:db8::"]);
    }

    proptest! {
        #[test]
        fn as_many_leading_bits_are_shared_as_before(ips in prop::collection::vec(any::<u32>(), 2..40)) {
            let mut known = Addresses::default();
            let told: Vec<u32> =
                ips.iter().map(|ip| known.v4(Ipv4Addr::from_bits(*ip)).to_bits()).collect();
            for (a, x) in ips.iter().zip(&told) {
                for (b, y) in ips.iter().zip(&told) {
                    prop_assert_eq!((a ^ b).leading_zeros(), (x ^ y).leading_zeros());
                }
            }
        }
    }
}
