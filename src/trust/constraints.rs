//! Name constraints: the names that an authority may vouch for (RFC 5280 §4.2.1.10).

use std::net::IpAddr;

use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};

use super::reading::{Reading, address};

/// Trees of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Trees {
    dns: Vec<String>,
    /// Address and mask.
    addresses: Vec<(IpAddr, IpAddr)>,
}

/// What a certificate says of the names in those below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Constraints {
    permitted: Trees,
    excluded: Trees,
}

impl Constraints {
    pub(super) fn of(found: &NameConstraints<'_>) -> Self {
        let trees =
            |list: &Option<Vec<GeneralSubtree<'_>>>| Trees::of(list.as_deref().unwrap_or_default());
        Self {
            permitted: trees(&found.permitted_subtrees),
            excluded: trees(&found.excluded_subtrees),
        }
    }

    /// The first name of a certificate that lies outside, and why.
    pub(super) fn violation(&self, below: &Reading) -> Option<String> {
        let names = names_of(below);
        let dns = names.iter().find_map(|name| self.dns_violation(name));
        dns.or_else(|| below.addresses.iter().find_map(|ip| self.address_violation(*ip)))
    }

    fn dns_violation(&self, name: &str) -> Option<String> {
        if let Some(tree) = self.excluded.dns.iter().find(|tree| touches(name, tree)) {
            return Some(format!("exclude \"{tree}\", and \"{name}\" lies there"));
        }
        let permitted = &self.permitted.dns;
        let is_inside = permitted.is_empty() || permitted.iter().any(|tree| lies_in(name, tree));
        (!is_inside)
            .then(|| format!("permit \"{}\" only, not \"{name}\"", permitted.join("\", \"")))
    }

    fn address_violation(&self, ip: IpAddr) -> Option<String> {
        if self.excluded.addresses.iter().any(|net| is_in_net(ip, *net)) {
            return Some(format!("exclude the address {ip}"));
        }
        let permitted = &self.permitted.addresses;
        let is_inside = permitted.is_empty() || permitted.iter().any(|net| is_in_net(ip, *net));
        (!is_inside).then(|| format!("do not permit the address {ip}"))
    }
}

impl Trees {
    fn of(list: &[GeneralSubtree<'_>]) -> Self {
        let mut trees = Self::default();
        for tree in list {
            match &tree.base {
                GeneralName::DNSName(name) => trees.dns.push((*name).to_owned()),
                GeneralName::IPAddress(octets) => trees.addresses.extend(net(octets)),
                _ => {}
            }
        }
        trees
    }
}

/// The names that count: those of subjectAltName, or the common name where it has none and that is
/// a host name.
fn names_of(below: &Reading) -> Vec<String> {
    if !below.dns.is_empty() || !below.addresses.is_empty() || below.certificate.is_ca == Some(true)
    {
        return below.dns.clone();
    }
    let is_host = |name: &&String| name.contains('.') && !name.contains(' ');
    below.common_names.iter().filter(is_host).cloned().collect()
}

fn lower(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn lies_in(name: &str, tree: &str) -> bool {
    let (name, tree) = (lower(name), lower(tree));
    let tree = tree.trim_start_matches('.');
    tree.is_empty() || name == tree || name.ends_with(&format!(".{tree}"))
}

/// A wildcard stands for every label, also for one that is excluded.
fn touches(name: &str, tree: &str) -> bool {
    let below = name.strip_prefix("*.").zip(lower(tree).split_once('.').map(|(_, p)| p.to_owned()));
    lies_in(name, tree) || below.is_some_and(|(parent, rest)| lower(parent) == rest)
}

fn net(octets: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let (ip, mask) = octets.split_at_checked(octets.len() / 2)?;
    Some((address(ip)?, address(mask)?))
}

fn is_in_net(ip: IpAddr, (net, mask): (IpAddr, IpAddr)) -> bool {
    match (ip, net, mask) {
        (IpAddr::V4(ip), IpAddr::V4(net), IpAddr::V4(mask)) => ip & mask == net & mask,
        (IpAddr::V6(ip), IpAddr::V6(net), IpAddr::V6(mask)) => ip & mask == net & mask,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_holds_its_root_and_all_below() {
        assert!(
            lies_in("Mail.Example.org", "example.org") && lies_in("example.org", "example.org")
        );
        assert!(lies_in("mail.example.org", ".example.org") && lies_in("any.net", ""));
        assert!(!lies_in("badexample.org", "example.org"));
    }

    #[test]
    fn a_wildcard_touches_an_excluded_name_below_it() {
        assert!(touches("*.example.org", "secret.example.org"));
        assert!(!touches("*.example.org", "a.secret.example.org"));
        assert!(!touches("mail.example.org", "secret.example.org"));
    }
}
