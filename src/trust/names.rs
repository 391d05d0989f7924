//! Whether a certificate is for a host (RFC 6125 §6.4, RFC 9525 §6.3).

use std::net::IpAddr;

use super::reading::Reading;

/// How a certificate names a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// By subjectAltName.
    Named,
    /// Only by the common name, which counts for some verifiers where there is no subjectAltName.
    CommonNameOnly(String),
    /// Only by a star within a label, which some verifiers take.
    PartialWildcard(String),
    /// Not at all.
    Other,
}

/// How a certificate names `host`, a DNS name or an address.
pub(super) fn naming(reading: &Reading, host: &str) -> Naming {
    if let Ok(address) = host.parse::<IpAddr>() {
        return if reading.addresses.contains(&address) { Naming::Named } else { Naming::Other };
    }
    if reading.dns.iter().any(|name| covers(name, host)) {
        return Naming::Named;
    }
    if let Some(name) = reading.dns.iter().find(|name| covers_partly(name, host)) {
        return Naming::PartialWildcard(name.clone());
    }
    let common = reading.common_names.iter().find(|name| covers(name, host));
    match common.filter(|_| reading.dns.is_empty()) {
        Some(name) => Naming::CommonNameOnly(name.clone()),
        None => Naming::Other,
    }
}

/// Whether a name covers a host: case does not matter, and a star stands for the whole first label.
/// No client takes a star for all of a top-level domain.
pub(super) fn covers(name: &str, host: &str) -> bool {
    let (name, host) = (name.trim_end_matches('.'), host.trim_end_matches('.'));
    let Some(parent) = name.strip_prefix("*.") else { return name.eq_ignore_ascii_case(host) };
    let is_below = host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    is_below && parent.contains('.')
}

/// `mx*.example.org`: RFC 6125 §6.4.3 leaves it open, RFC 9525 forbids it.
fn covers_partly(name: &str, host: &str) -> bool {
    let parts = name.split_once('.').zip(host.trim_end_matches('.').split_once('.'));
    let Some(((label, parent), (first, rest))) = parts else { return false };
    let Some((front, back)) = label.split_once('*') else { return false };
    let (front, back, first) =
        (front.to_ascii_lowercase(), back.to_ascii_lowercase(), first.to_ascii_lowercase());
    let fits = first.strip_prefix(&front).is_some_and(|middle| middle.ends_with(&back));
    fits && label != "*" && parent.contains('.') && parent.eq_ignore_ascii_case(rest)
}

/// The names that a certificate is for, for a sentence.
pub(super) fn list(reading: &Reading) -> String {
    let addresses = reading.addresses.iter().map(ToString::to_string);
    let mut names: Vec<_> = reading.dns.iter().cloned().chain(addresses).collect();
    if names.is_empty() {
        names.clone_from(&reading.common_names);
    }
    let more = names.len().saturating_sub(MOST_LISTED);
    let shown: Vec<_> = names.iter().take(MOST_LISTED).map(|name| format!("\"{name}\"")).collect();
    match (shown.is_empty(), more) {
        (true, _) => "no name".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Names that a sentence lists.
const MOST_LISTED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_whole_label_below_two_others() {
        assert!(
            covers("*.example.org", "mx.example.org")
                && covers("MX.example.org.", "mx.Example.org")
        );
        assert!(
            !covers("*.example.org", "a.mx.example.org") && !covers("*.example.org", "example.org")
        );
        assert!(!covers("*.org", "example.org"), "no client takes a whole top-level domain");
    }

    #[test]
    fn a_star_within_a_label_is_told_apart() {
        assert!(covers_partly("mx*.example.org", "mx3.example.org"));
        assert!(!covers_partly("mx*.example.org", "smtp.example.org"));
        assert!(!covers_partly("*.example.org", "mx.example.org"));
    }
}
