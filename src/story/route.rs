//! How a client came to its server: the names that it looked up, and the hosts that it did not reach.

use std::net::{IpAddr, SocketAddr};

use super::lookups::{Lookup, Lookups};
use super::sentence;
use super::surroundings::Surroundings;
use super::terms::BEFORE;
use crate::beside::{LEAST_WAIT, Service};
use crate::dns::{DnsData, Tlsa};
use crate::hex::hex;
use crate::moment::{Timestamp, seconds};
use crate::report::{Outcome, SessionReport};

/// Domains that one host is asked for.
const MOST_DOMAINS: usize = 8;

/// Steps before one connection that are told.
const MOST_STEPS: usize = 12;

/// How a client came to its server.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Who looked the server up: the client, or the same host by its other address.
    pub(super) asker: IpAddr,
    /// The server's name.
    pub(super) host: Box<str>,
    /// For which domains it is asked.
    pub(super) domains: Vec<Box<str>>,
    pub(super) preference: Option<u16>,
    pub(super) steps: Vec<RouteStep>,
}

/// A step before the connection.
#[derive(Clone, Debug)]
pub(super) struct RouteStep {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) frame: u64,
    /// No lookup, but a host that was not reached.
    pub(super) is_attempt: bool,
    pub(super) host: Box<str>,
    pub(super) summary: Box<str>,
}

impl Route {
    /// The route of a session, if the names were looked up within the capture.
    pub(super) fn of(session: &SessionReport, around: &Surroundings) -> Option<Self> {
        let finder = Finder { session, around, lookups: &around.lookups };
        let found = finder.address()?;
        let (asker, host) = (found.asker, found.name.clone());
        let exchanges = finder.exchanges(asker, &host);
        let preference = exchanges.iter().find_map(|mx| preference(mx, &host));
        let mut domains: Vec<Box<str>> = Vec::new();
        for mx in &exchanges {
            if !domains.contains(&mx.name) && domains.len() < MOST_DOMAINS {
                domains.push(mx.name.clone());
            }
        }
        let steps = finder.steps(found, &exchanges);
        if domains.is_empty() {
            domains.push(host.clone());
        }
        Some(Self { asker, host, domains, preference, steps })
    }
}

fn preference(mx: &Lookup, host: &str) -> Option<u16> {
    mx.exchangers().into_iter().find(|(_, name)| *name == host).map(|(preference, _)| preference)
}

struct Finder<'a> {
    session: &'a SessionReport,
    around: &'a Surroundings,
    lookups: &'a Lookups,
}

impl<'a> Finder<'a> {
    fn is_before(&self, lookup: &Lookup) -> bool {
        let start = self.session.start;
        let is_soon = start - lookup.asked.ts <= BEFORE && lookup.asked.ts <= start;
        is_soon && lookup.answered.is_none_or(|at| at.ts <= start)
    }

    /// The lookup that gave the server's address: the client's own, else that of the one host that
    /// asked for it (IPv6 and IPv4 of a host are two addresses).
    fn address(&self) -> Option<&'a Lookup> {
        let (client, server) = (self.session.client.0.ip(), self.session.server.0.ip());
        let found = self.lookups.of_address(server).filter(|lookup| self.is_before(lookup));
        let found: Vec<_> = found.filter(|lookup| lookup.asker != server).collect();
        let own = found.iter().find(|lookup| lookup.asker == client);
        let latest = found.first()?;
        let is_one = found.iter().all(|lookup| lookup.asker == latest.asker);
        let is_other_family = client.is_ipv6() != latest.asker.is_ipv6();
        own.copied().or_else(|| Some(*latest).filter(|_| is_one && is_other_family))
    }

    /// The MX answers that name the host.
    fn exchanges(&self, asker: IpAddr, host: &str) -> Vec<&'a Lookup> {
        let found = self.lookups.of_exchanger(host);
        found.filter(|lookup| lookup.asker == asker && self.is_before(lookup)).collect()
    }

    fn steps(&self, found: &Lookup, exchanges: &[&'a Lookup]) -> Vec<RouteStep> {
        let (asker, host) = (found.asker, &found.name);
        let domains = self.recipient_domains();
        let is_wanted = |mx: &&&Lookup| domains.is_empty() || domains.contains(&mx.name);
        let exchanges: Vec<_> = exchanges.iter().filter(is_wanted).copied().collect();
        let mut steps: Vec<RouteStep> = Vec::new();
        for (at, mx) in exchanges.iter().enumerate() {
            // The latest of a domain was for this connection.
            if exchanges.iter().take(at).any(|later| later.name == mx.name) {
                continue;
            }
            steps.push(self.lookup(mx));
            steps.extend(self.policy(asker, &mx.name));
            steps.extend(self.not_reached(asker, mx));
        }
        let addresses = self.lookups.of_name(host).filter(|lookup| lookup.asker == asker);
        let addresses: Vec<_> = addresses.filter(|lookup| self.is_before(lookup)).collect();
        for kind in ["A", "AAAA"] {
            let latest = addresses.iter().find(|lookup| &*lookup.kind == kind);
            steps.extend(latest.map(|lookup| self.lookup(lookup)));
        }
        steps.extend(self.tlsa(asker, host));
        steps.sort_by_key(|step| (step.from, step.frame));
        steps.dedup_by_key(|step| step.frame);
        steps.truncate(MOST_STEPS);
        steps
    }

    fn recipient_domains(&self) -> Vec<Box<str>> {
        let transactions = self.session.smtp.iter().flat_map(|smtp| &smtp.transactions);
        let recipients = transactions.flat_map(|one| one.to.iter().chain(&one.rejected_to));
        recipients.take(64).filter_map(|to| domain(to)).collect()
    }

    fn lookup(&self, lookup: &Lookup) -> RouteStep {
        let until = self.session.start;
        let Lookup { kind, name, resolver, .. } = lookup;
        let ns = seconds(lookup.ns(until));
        let summary = match lookup.answered {
            Some(_) if lookup.records.is_empty() => {
                let answer = sentence::answer(lookup, &super::terms::Meaning::Recipient);
                format!("DNS: {kind} {name}: {answer} from {resolver} after {ns}")
            }
            Some(_) => {
                format!("DNS: {kind} {name}: {} from {resolver} after {ns}", sentence::said(lookup))
            }
            None => format!(
                "DNS: {kind} {name}: {resolver} was asked {} in {ns} and gave no answer",
                sentence::times(lookup.questions)
            ),
        };
        RouteStep {
            from: lookup.asked.ts,
            until: lookup.end(until),
            frame: lookup.asked.frame,
            is_attempt: false,
            host: resolver.to_string().into(),
            summary: summary.into(),
        }
    }

    /// MTA-STS (RFC 8461 §3): the record, the address, and the policy by HTTPS.
    fn policy(&self, asker: IpAddr, domain: &str) -> Vec<RouteStep> {
        let own = |lookup: &&Lookup| lookup.asker == asker && self.is_before(lookup);
        let record = self.lookups.of_name(&format!("_mta-sts.{domain}")).find(own);
        let name = format!("mta-sts.{domain}");
        let address = self.lookups.of_name(&name).find(|lookup| own(lookup) && is_address(lookup));
        let mut steps: Vec<_> =
            record.into_iter().chain(address).map(|lookup| self.lookup(lookup)).collect();
        let hosts: Vec<IpAddr> = address.iter().flat_map(|lookup| lookup.addresses()).collect();
        let is_fetch = |wait: &&crate::beside::Wait| {
            wait.service == Service::Https
                && wait.client.ip() == asker
                && hosts.contains(&wait.server.ip())
                && wait.ended.ts <= self.session.start
        };
        let fetch = self.around.waits.iter().rev().find(is_fetch);
        steps.extend(fetch.map(|wait| RouteStep {
            from: wait.asked.ts,
            until: wait.ended.ts,
            frame: wait.asked.frame,
            is_attempt: false,
            host: wait.server.ip().to_string().into(),
            summary: format!(
                "the MTA-STS policy of {domain} (_mta-sts.{domain}) by HTTPS from {name} ({}): {} for the answer",
                wait.server,
                seconds(wait.ended.ts - wait.asked.ts)
            )
            .into(),
        }));
        steps
    }

    /// Hosts of the same domain that were looked for on the link in vain.
    fn not_reached(&self, asker: IpAddr, mx: &Lookup) -> Vec<RouteStep> {
        let start = self.session.start;
        let mut steps = Vec::new();
        for (preference, host) in mx.exchangers() {
            let found = self.lookups.of_name(host).filter(|lookup| lookup.asker == asker);
            for address in found.flat_map(Lookup::addresses) {
                let Some(sought) = self.around.sought(asker, address) else { continue };
                let is_between = sought.first.ts >= mx.asked.ts && sought.last.ts <= start;
                if !is_between || address == self.session.server.0.ip() {
                    continue;
                }
                let how = if address.is_ipv4() { "ARP" } else { "neighbour solicitation" };
                let summary = format!(
                    "{host} ({address}, preference {preference}) was tried first and is not there: nobody answered {how} for it, {} in {}, so no SYN left",
                    sentence::times(sought.count),
                    seconds(start - sought.first.ts)
                );
                steps.push(RouteStep {
                    from: sought.first.ts,
                    until: start,
                    frame: sought.first.frame,
                    is_attempt: true,
                    host: address.to_string().into(),
                    summary: summary.into(),
                });
            }
        }
        steps
    }

    /// DANE (RFC 7672): what the TLSA record says, and whether the certificate is as it says.
    fn tlsa(&self, asker: IpAddr, host: &str) -> Option<RouteStep> {
        let name = format!("_{}._tcp.{host}", self.session.server.0.port());
        let mut of_name = self.lookups.of_name(&name);
        let lookup = of_name.find(|lookup| {
            lookup.asker == asker && &*lookup.kind == "TLSA" && self.is_before(lookup)
        })?;
        let mut step = self.lookup(lookup);
        let records = lookup.records.iter().filter_map(|record| match &record.data {
            DnsData::Tlsa(tlsa) => Some(tlsa),
            _ => None,
        });
        let records: Vec<_> = records.collect();
        if let Some(verdict) = dane(&records, self.session) {
            step.summary = format!("{}; DANE: {verdict}", step.summary).into();
        }
        Some(step)
    }
}

/// Whether the certificate of a session is one that the records name. None if it cannot be told.
fn dane(records: &[&Tlsa], session: &SessionReport) -> Option<String> {
    let certificates = &session.tls.as_ref()?.certificates;
    let leaf = certificates.first()?;
    let usable: Vec<_> = records.iter().filter(|tlsa| tlsa.matching == 1).collect();
    if usable.is_empty() || usable.len() < records.len() {
        return None;
    }
    let is_named = usable.iter().any(|tlsa| {
        // DANE-TA names any certificate of the chain (RFC 7672 §3.1.2).
        let chain =
            if tlsa.usage == 2 { certificates.as_slice() } else { std::slice::from_ref(leaf) };
        let digest = hex(&tlsa.data);
        chain.iter().any(|one| match tlsa.selector {
            0 => one.sha256 == digest,
            _ => one.spki_sha256 == digest,
        })
    });
    let failed = session.outcome.is_failure() || session.outcome == Outcome::NoMail;
    Some(match (is_named, failed) {
        (true, _) => "the TLSA record matches the certificate".to_owned(),
        (false, false) => "the TLSA record does not match the certificate".to_owned(),
        (false, true) => {
            "the TLSA record does not match the certificate: likely why the client left".to_owned()
        }
    })
}

fn is_address(lookup: &Lookup) -> bool {
    matches!(&*lookup.kind, "A" | "AAAA")
}

/// The domain of an address, in lower case.
pub(super) fn domain(address: &str) -> Option<Box<str>> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(domain.trim_end_matches('.').to_ascii_lowercase().into())
}

/// `mx1.example.net (198.51.100.25:25)`, or the address alone.
pub(super) fn named(route: Option<&Route>, server: SocketAddr) -> String {
    match route {
        Some(Route { host, preference: Some(preference), .. }) => {
            format!("{host} ({server}, preference {preference})")
        }
        Some(Route { host, .. }) => format!("{host} ({server})"),
        None => server.to_string(),
    }
}

/// Steps that are worth telling where nothing else is: those that took time.
pub(super) fn is_slow(step: &RouteStep) -> bool {
    step.until - step.from >= LEAST_WAIT
}
