//! What names a session: its client, and the domains and addresses that are spoken of in it. What
//! passes beside it concerns it only where one of these appears.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::lookups::{Lookup, Lookups};
use crate::beside::Wait;
use crate::dns::DnsData;
use crate::moment::Timestamp;
use crate::report::SessionReport;

/// Names that are followed from answers of names that are known: an SPF record may ask for ten
/// (RFC 7208 §4.6.4).
pub(crate) const MOST_NAMES: usize = 64;

/// Recipients whose domains are looked for.
const MOST_RECIPIENTS: usize = 16;

/// Lookups so long before a session may have been for it, in ns (60 s).
pub(super) const BEFORE: i64 = 60_000_000_000;

/// What a name has to do with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The name of the client's address.
    Reverse,
    /// A list of addresses or domains, by its zone (RFC 5782).
    List(String),
    /// The name in EHLO.
    Helo,
    /// The sender's domain, or under it.
    Sender,
    /// A recipient's domain, or under it.
    Recipient,
    /// The domain of the From field, or of a signature.
    Author,
    /// An answer led to it.
    Followed(Box<str>),
}

/// What names a session.
pub(super) struct Terms {
    client: IpAddr,
    /// The address as DNS has it: `10.2.0.192`.
    reversed: String,
    domains: BTreeMap<Box<str>, Meaning>,
    /// Mail addresses and Message-IDs, in lower case.
    addresses: Vec<String>,
}

impl Terms {
    pub(super) fn of(session: &SessionReport) -> Self {
        let client = session.client.0.ip();
        let reversed = reversed(client);
        let mut terms = Self { client, reversed, domains: BTreeMap::new(), addresses: Vec::new() };
        let Some(smtp) = &session.smtp else { return terms };
        for transaction in &smtp.transactions {
            terms.address(&transaction.from, &Meaning::Sender);
            let to = transaction.to.iter().chain(&transaction.rejected_to);
            to.take(MOST_RECIPIENTS).for_each(|to| terms.address(to, &Meaning::Recipient));
        }
        if let Some(helo) = &smtp.helo {
            terms.domain(&helo.name, Meaning::Helo);
        }
        for mail in &smtp.mails {
            mail.header_from.iter().for_each(|from| terms.address(from, &Meaning::Author));
            mail.dkim.iter().for_each(|dkim| terms.domain(&dkim.domain, Meaning::Author));
            if let Some(id) = &mail.message_id {
                terms.addresses.push(id.trim_matches(['<', '>']).to_ascii_lowercase());
            }
        }
        terms
    }

    fn address(&mut self, address: &str, meaning: &Meaning) {
        let Some((_, domain)) = address.rsplit_once('@') else { return };
        self.addresses.push(address.to_ascii_lowercase());
        self.domain(domain, meaning.clone());
    }

    fn domain(&mut self, name: &str, meaning: Meaning) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name.contains('.') && self.domains.len() < MOST_NAMES {
            self.domains.entry(name.into()).or_insert(meaning);
        }
    }

    /// Adds the names to which answers of known names led: MX hosts, aliases, the client's name, and
    /// what SPF records include (RFC 7208 §5, §6).
    pub(super) fn follow(&mut self, lookups: &Lookups, askers: &[IpAddr], until: Timestamp) {
        let mut next: Vec<Box<str>> = self.domains.keys().cloned().collect();
        next.push(self.reverse_name().into());
        while let Some(name) = next.pop() {
            let of_name = lookups.of_name(&name);
            let of_hosts = of_name.filter(|found| is_near(found, askers, until));
            let led: Vec<String> = of_hosts.flat_map(led_to).collect();
            for found in led {
                let found: Box<str> = found.into();
                if self.domains.len() < MOST_NAMES && !self.domains.contains_key(&found) {
                    self.domains.insert(found.clone(), Meaning::Followed(name.clone()));
                    next.push(found);
                }
            }
        }
    }

    /// The client's address as DNS has it, without its zone.
    pub(super) fn reversed(&self) -> &str {
        &self.reversed
    }

    fn reverse_name(&self) -> String {
        let zone = if self.client.is_ipv4() { "in-addr.arpa" } else { "ip6.arpa" };
        format!("{}.{zone}", self.reversed)
    }

    /// What a name that was looked up has to do with the session.
    pub(super) fn meaning(&self, name: &str) -> Option<Meaning> {
        if name == self.reverse_name() {
            return Some(Meaning::Reverse);
        }
        if let Some(zone) = zone_behind(name, &self.reversed) {
            return Some(Meaning::List(zone.to_owned()));
        }
        if let Some(meaning) = self.domains.get(name) {
            return Some(meaning.clone());
        }
        let is_named = |meaning: &&Meaning| !matches!(meaning, Meaning::Followed(_));
        self.domains.iter().filter(|(_, meaning)| is_named(meaning)).find_map(
            |(domain, meaning)| {
                // `_dmarc.example.org`, `s1._domainkey.example.org`, `_mta-sts.example.org`.
                let is_under = name
                    .strip_suffix(&**domain)
                    .is_some_and(|label| label.ends_with('.') && label.contains('_'));
                match zone_behind(name, domain) {
                    Some(zone) => Some(Meaning::List(zone.to_owned())),
                    None => is_under.then(|| meaning.clone()),
                }
            },
        )
    }

    /// Whether what a client said elsewhere names the session.
    pub(super) fn are_in(&self, wait: &Wait) -> bool {
        let client = self.client.to_string();
        let is_term = |token: &str| token == client || self.addresses.iter().any(|a| a == token);
        wait.tokens.iter().any(|token| is_term(token))
    }

    /// The hosts of the domains that are spoken of, by what their names were found for.
    pub(super) fn host(
        &self,
        lookups: &Lookups,
        askers: &[IpAddr],
        address: IpAddr,
        until: Timestamp,
    ) -> Option<(String, Meaning)> {
        let near = lookups.of_address(address).filter(|found| is_near(found, askers, until));
        near.filter_map(|found| {
            Some((found.name.to_string(), self.domains.get(&found.name)?.clone()))
        })
        .next()
    }

    /// The domain that led to a name.
    pub(super) fn origin(&self, meaning: &Meaning) -> Option<(Box<str>, Meaning)> {
        let mut at = meaning.clone();
        let mut domain = None;
        for _ in 0..8 {
            let Meaning::Followed(before) = &at else { break };
            let before = before.clone();
            at = self.domains.get(&before)?.clone();
            domain = Some(before);
        }
        Some((domain?, at))
    }
}

fn is_near(lookup: &Lookup, askers: &[IpAddr], until: Timestamp) -> bool {
    askers.contains(&lookup.asker) && lookup.asked.ts <= until
}

/// `example.net` behind `10.2.0.192` in `10.2.0.192.example.net`; no reverse zone.
fn zone_behind<'n>(name: &'n str, term: &str) -> Option<&'n str> {
    let zone = name.strip_prefix(term)?.strip_prefix('.')?;
    (zone.contains('.') && !zone.ends_with("arpa")).then_some(zone)
}

/// RFC 1035 §3.5, RFC 3596 §2.5.
fn reversed(address: IpAddr) -> String {
    let parts: Vec<String> = match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(v6) => {
            let nibbles = |octet: &u8| [octet & 15, octet >> 4].map(|half| format!("{half:x}"));
            v6.octets().iter().rev().flat_map(nibbles).collect()
        }
    };
    parts.join(".")
}

/// The names in an answer.
fn led_to(lookup: &Lookup) -> Vec<String> {
    let names = lookup.records.iter().flat_map(|record| match &record.data {
        DnsData::Mx(_, host) => vec![host.clone()],
        DnsData::Alias(name) | DnsData::Pointer(name) => vec![name.clone()],
        DnsData::Text(text) if text.starts_with("v=spf1") => spf_names(text),
        _ => Vec::new(),
    });
    names.take(MOST_NAMES).collect()
}

fn spf_names(record: &str) -> Vec<String> {
    let term = |word: &str| {
        let word = word.trim_start_matches(['+', '-', '~', '?']);
        let (mechanism, name) = word.split_once([':', '='])?;
        let asks = ["include", "redirect", "a", "mx", "exists"].contains(&mechanism);
        asks.then(|| name.split('/').next().unwrap_or(name).to_ascii_lowercase())
    };
    record.split_ascii_whitespace().filter_map(term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        let client = IpAddr::from([192, 0, 2, 10]);
        let mut terms = Terms {
            client,
            reversed: reversed(client),
            domains: BTreeMap::new(),
            addresses: Vec::new(),
        };
        terms.address("a@example.org", &Meaning::Sender);
        terms
    }

    #[test]
    fn a_name_concerns_a_session_only_where_it_names_it() {
        let meaning = |name: &str| terms().meaning(name);
        assert_eq!(meaning("10.2.0.192.in-addr.arpa"), Some(Meaning::Reverse));
        assert_eq!(meaning("10.2.0.192.bl.example"), Some(Meaning::List("bl.example".into())));
        assert_eq!(meaning("example.org.dbl.example"), Some(Meaning::List("dbl.example".into())));
        assert_eq!(meaning("_dmarc.example.org"), Some(Meaning::Sender));
        assert_eq!(meaning("example.org"), Some(Meaning::Sender));
        for other in ["11.2.0.192.in-addr.arpa", "noexample.org", "www.example.org", "example.net"]
        {
            assert_eq!(meaning(other), None, "{other}");
        }
    }

    #[test]
    fn addresses_stand_backwards_in_dns() {
        let six: IpAddr = "2001:db8::25".parse().unwrap();
        assert!(reversed(six).starts_with("5.2.0.0.0.0.0.0."));
        assert!(reversed(six).ends_with(".8.b.d.0.1.0.0.2"));
    }

    #[test]
    fn an_spf_record_leads_to_the_names_that_it_includes() {
        let names = spf_names("v=spf1 ip4:192.0.2.1 include:_spf.a.example mx:b.example/24 -all");
        assert_eq!(names, ["_spf.a.example", "b.example"]);
    }
}
