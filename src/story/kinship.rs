//! Which carriers belong to one mail.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};

use super::carrier::{Carrier, Envelope};
use super::route;
use crate::moment::Timestamp;

/// So long after one attempt ended the next of the same delivery begins at most, in ns (150 s): the
/// longest that a client waits for a SYN+ACK (RFC 6298, RFC 5321 §4.5.3.2).
const NEXT_ATTEMPT: i64 = 150_000_000_000;

/// Attempts that wait for what comes of them, for each host and domain.
pub(crate) const MOST_PENDING: usize = 256;

/// Carriers in order of time, and the group of each: the place of its first.
pub(super) struct Kinship {
    parent: Vec<usize>,
    /// The report on the failure of a carrier, by that carrier's place.
    pub(super) bounces: BTreeMap<usize, usize>,
}

impl Kinship {
    /// Of carriers that are sorted by time.
    pub(super) fn of(carriers: &[Carrier]) -> Self {
        let mut kinship = Self { parent: (0..carriers.len()).collect(), bounces: BTreeMap::new() };
        kinship.by_message_id(carriers);
        kinship.by_envelope(carriers);
        kinship.by_hand(carriers);
        kinship.by_proxy(carriers);
        kinship.by_attempt(carriers);
        kinship.find_bounces(carriers);
        kinship
    }

    /// The groups, each in order of time, in order of their first.
    pub(super) fn groups(&mut self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for place in 0..self.parent.len() {
            groups.entry(self.root(place)).or_default().push(place);
        }
        groups.into_values().collect()
    }

    fn root(&mut self, place: usize) -> usize {
        let mut root = place;
        while let Some(&parent) = self.parent.get(root)
            && parent != root
        {
            root = parent;
        }
        if let Some(parent) = self.parent.get_mut(place) {
            *parent = root;
        }
        root
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.parent.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }

    /// A Message-ID is of one message (RFC 5322 §3.6.4); without one, the same bytes are.
    fn by_message_id(&mut self, carriers: &[Carrier]) {
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (place, envelope) in envelopes(carriers) {
            let Some(id) = envelope.message_id.as_ref().or(envelope.sha256.as_ref()) else {
                continue;
            };
            match first.get(&**id) {
                Some(&other) => self.join(other, place),
                None => _ = first.insert(id, place),
            }
        }
    }

    /// What was not taken comes again from the same client, with the same sender and recipient.
    fn by_envelope(&mut self, carriers: &[Carrier]) {
        let mut pending: HashMap<(IpAddr, &str, &str), usize> = HashMap::new();
        for (place, envelope) in envelopes(carriers) {
            let Some(carrier) = carriers.get(place) else { continue };
            for to in envelope.recipients() {
                let key = (carrier.client.ip(), &*envelope.from, &**to);
                let Some(&other) = pending.get(&key) else { continue };
                let before = carriers.get(other).and_then(|other| other.envelope.as_deref());
                if before.is_some_and(|before| may_be_same(before, envelope)) {
                    self.join(other, place);
                    pending.remove(&key);
                }
            }
            for to in envelope.recipients().filter(|_| is_to_come_again(envelope)) {
                pending.insert((carrier.client.ip(), &*envelope.from, &**to), place);
            }
        }
    }

    /// A server gives on what it took. Where no message was sent the envelope has to tell, and does
    /// where only one mail can be meant.
    fn by_hand(&mut self, carriers: &[Carrier]) {
        let mut taken: HashMap<(IpAddr, &str, &str), Vec<usize>> = HashMap::new();
        for (place, envelope) in envelopes(carriers) {
            let Some(carrier) = carriers.get(place) else { continue };
            let is_unnamed = envelope.message_id.is_none() && envelope.sha256.is_none();
            for to in envelope.recipients() {
                let key = (carrier.client.ip(), &*envelope.from, &**to);
                if let Some(&[other]) = taken.get(&key).map(Vec::as_slice)
                    && is_unnamed
                {
                    self.join(other, place);
                }
            }
            for to in envelope.to.iter().filter(|_| envelope.is_accepted()) {
                let key = (carrier.server.ip(), &*envelope.from, &**to);
                let known = taken.entry(key).or_default();
                if known.len() < 2 {
                    known.push(place);
                }
            }
        }
    }

    /// Both legs of a proxy: the second begins with the ends of the first.
    fn by_proxy(&mut self, carriers: &[Carrier]) {
        let mut by_client: HashMap<SocketAddr, Vec<usize>> = HashMap::new();
        for (place, carrier) in carriers.iter().enumerate() {
            by_client.entry(carrier.client).or_default().push(place);
        }
        let mut nth: HashMap<u64, usize> = HashMap::new();
        for (place, carrier) in carriers.iter().enumerate() {
            let count = nth.entry(carrier.session).or_default();
            let legs = carrier.behalf_of.and_then(|client| by_client.get(&client));
            if let Some(other) = legs.and_then(|legs| legs.get(*count).or_else(|| legs.last()))
                && *other != place
            {
                self.join(*other, place);
            }
            *count += 1;
        }
    }

    /// Attempts that failed, and what the same host did next for the same domain.
    fn by_attempt(&mut self, carriers: &[Carrier]) {
        let mut pending: HashMap<(IpAddr, Box<str>), Vec<usize>> = HashMap::new();
        for (place, carrier) in carriers.iter().enumerate() {
            for key in keys(carrier) {
                let waiting = pending.entry(key).or_default();
                self.take_attempts(carriers, place, waiting);
                if carrier.is_attempt() && waiting.len() < MOST_PENDING {
                    waiting.push(place);
                }
            }
        }
    }

    /// Those of the attempts that can be of one delivery with a carrier: one after the other, for a
    /// client tries one address at a time.
    fn take_attempts(&mut self, carriers: &[Carrier], place: usize, waiting: &mut Vec<usize>) {
        let Some(carrier) = carriers.get(place) else { return };
        let start = carrier.start;
        let is_next =
            |other: &usize| carriers.get(*other).is_some_and(|other| follows(other.end, start));
        if let Some(at) = waiting.iter().rposition(is_next) {
            let other = waiting.remove(at);
            self.join(other, place);
        }
    }

    /// A report comes from the host that could not deliver, to the sender (RFC 5321 §6.1).
    fn find_bounces(&mut self, carriers: &[Carrier]) {
        let mut failed: HashMap<(IpAddr, String), Vec<usize>> = HashMap::new();
        for (place, envelope) in envelopes(carriers) {
            let Some(carrier) = carriers.get(place) else { continue };
            let host = carrier.client.ip();
            if envelope.is_report {
                let to = envelope.recipients().next().map(|to| to.to_ascii_lowercase());
                let candidates = to.and_then(|to| failed.get_mut(&(host, to)));
                // Of several failures the report may be of any.
                let reported = candidates.filter(|of| of.len() == 1).and_then(Vec::pop);
                reported.into_iter().for_each(|of| _ = self.bounces.insert(of, place));
            } else if envelope.code >= 500 && !envelope.from.is_empty() {
                failed.entry((host, envelope.from.to_ascii_lowercase())).or_default().push(place);
            }
        }
    }
}

fn envelopes(carriers: &[Carrier]) -> impl Iterator<Item = (usize, &Envelope)> {
    let all = carriers.iter().enumerate();
    all.filter_map(|(place, carrier)| Some((place, carrier.envelope.as_deref()?)))
}

/// Refused for now, or broken off: a client tries again (RFC 5321 §4.5.4.1).
fn is_to_come_again(envelope: &Envelope) -> bool {
    use crate::report::Outcome::{Dropped, Rejected};
    match envelope.outcome {
        Rejected => envelope.code / 100 == 4,
        Dropped => true,
        _ => !envelope.rejected_to.is_empty() && envelope.code / 100 == 4,
    }
}

fn may_be_same(before: &Envelope, after: &Envelope) -> bool {
    match (&before.message_id, &after.message_id) {
        (Some(before), Some(after)) => before == after,
        _ => true,
    }
}

fn follows(ended: Timestamp, start: Timestamp) -> bool {
    (0..=NEXT_ATTEMPT).contains(&(start - ended))
}

/// By what attempts are told to be of one delivery: the host that looked the server up, and the domain
/// that it wanted to reach; where no lookup was captured, client and server.
fn keys(carrier: &Carrier) -> Vec<(IpAddr, Box<str>)> {
    let Some(found) = &carrier.route else {
        return vec![(carrier.client.ip(), carrier.server.to_string().into())];
    };
    let wanted: Vec<_> = match &carrier.envelope {
        Some(envelope) => envelope.recipients().filter_map(|to| route::domain(to)).collect(),
        None => Vec::new(),
    };
    let is_wanted =
        |domain: &str| wanted.is_empty() || wanted.iter().any(|other| **other == *domain);
    let mut domains: Vec<_> =
        found.domains.iter().filter(|domain| is_wanted(domain)).cloned().collect();
    if domains.is_empty() {
        domains = found.domains.clone();
    }
    domains.into_iter().map(|domain| (found.asker, domain)).collect()
}
