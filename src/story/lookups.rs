//! The names that were looked up: questions, asked again, and their answers.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use crate::beside::NameMessage;
use crate::dns::{DnsData, DnsRecord, Rcode};
use crate::moment::{Moment, Timestamp};

/// Lookups that are remembered, the oldest forgotten first: those of some minutes of a busy relay.
pub(crate) const MOST_LOOKUPS: usize = 16_384;

/// Frames of one lookup that are named.
pub(crate) const MOST_FRAMES: usize = 8;

/// Lookups that are found at one name or address.
const MOST_FOUND: usize = 16;

/// A question that nobody answered for so long is another one when it is asked again, in ns (30 s).
const STALE: i64 = 30_000_000_000;

/// A name that was looked up.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) asker: IpAddr,
    pub(crate) resolver: IpAddr,
    pub(crate) name: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) asked: Moment,
    /// When it was asked for the last time.
    pub(crate) asked_last: Moment,
    pub(crate) questions: u32,
    pub(crate) frames: Vec<u64>,
    pub(crate) answered: Option<Moment>,
    pub(crate) rcode: Rcode,
    /// The answer did not fit UDP.
    pub(crate) truncated: bool,
    pub(crate) over_tcp: bool,
    pub(crate) authentic: bool,
    pub(crate) records: Vec<DnsRecord>,
}

impl Lookup {
    /// How long it took, up to `until` where no answer came before.
    pub(crate) fn ns(&self, until: Timestamp) -> i64 {
        (self.end(until) - self.asked.ts).max(0)
    }

    /// When it was answered, or `until`.
    pub(crate) fn end(&self, until: Timestamp) -> Timestamp {
        self.answered.map_or(until, |at| at.ts.min(until))
    }

    pub(crate) fn last_frame(&self) -> u64 {
        self.answered.unwrap_or(self.asked_last).frame
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.records.iter().filter_map(|record| match record.data {
            DnsData::Address(address) => Some(address),
            _ => None,
        })
    }

    /// The mail exchangers of the answer, by preference.
    pub(crate) fn exchangers(&self) -> Vec<(u16, &str)> {
        let mx = self.records.iter().filter_map(|record| match &record.data {
            DnsData::Mx(preference, host) => Some((*preference, host.as_str())),
            _ => None,
        });
        let mut found: Vec<_> = mx.collect();
        found.sort();
        found
    }

    fn is_of(&self, name: &NameMessage) -> bool {
        (self.asker, &*self.name, &*self.kind)
            == (name.asker.ip(), name.message.name.as_str(), name.message.kind.as_str())
    }
}

/// All that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    kept: VecDeque<Lookup>,
    /// The number of the first of them.
    first: u64,
    /// Not answered yet, by asker, name and type.
    open: HashMap<(IpAddr, Box<str>, Box<str>), u64>,
    by_name: HashMap<Box<str>, Vec<u64>>,
    by_address: HashMap<IpAddr, Vec<u64>>,
    /// MX answers by the hosts that they name.
    by_exchanger: HashMap<Box<str>, Vec<u64>>,
}

impl Lookups {
    /// Takes a question or an answer.
    pub(crate) fn take(&mut self, name: &NameMessage) {
        match name.message.is_answer {
            true => self.answer(name),
            false => self.ask(name),
        }
    }

    fn ask(&mut self, name: &NameMessage) {
        let known = self.open_number(name);
        if let Some(lookup) = known.and_then(|number| self.at_mut(number))
            && name.at.ts - lookup.asked_last.ts < STALE
        {
            lookup.questions += 1;
            lookup.asked_last = name.at.max(lookup.asked_last);
            lookup.over_tcp |= name.over_tcp;
            note_frame(&mut lookup.frames, name.at.frame);
            return;
        }
        self.begin(name);
    }

    fn begin(&mut self, name: &NameMessage) {
        if self.kept.len() >= MOST_LOOKUPS {
            self.forget_oldest();
        }
        let number = self.first + self.kept.len() as u64;
        let lookup = Lookup {
            asker: name.asker.ip(),
            resolver: name.resolver.ip(),
            name: name.message.name.as_str().into(),
            kind: name.message.kind.as_str().into(),
            asked: name.at,
            asked_last: name.at,
            questions: 1,
            frames: vec![name.at.frame],
            answered: None,
            rcode: Rcode::NoError,
            truncated: false,
            over_tcp: name.over_tcp,
            authentic: false,
            records: Vec::new(),
        };
        index(&mut self.by_name, lookup.name.clone(), number);
        self.open.insert((lookup.asker, lookup.name.clone(), lookup.kind.clone()), number);
        self.kept.push_back(lookup);
    }

    fn answer(&mut self, name: &NameMessage) {
        let Some(number) = self.open_number(name) else { return };
        let Some(lookup) = self.at_mut(number) else { return };
        if !lookup.is_of(name) {
            return;
        }
        note_frame(&mut lookup.frames, name.at.frame);
        if name.message.truncated && !name.over_tcp {
            lookup.truncated = true;
            return;
        }
        lookup.answered = Some(name.at);
        lookup.rcode = name.message.rcode;
        lookup.authentic = name.message.authentic;
        lookup.records.clone_from(&name.message.records);
        let key = (lookup.asker, lookup.name.clone(), lookup.kind.clone());
        let addresses: Vec<_> = lookup.addresses().collect();
        let exchangers: Vec<Box<str>> =
            lookup.exchangers().into_iter().map(|(_, host)| host.into()).collect();
        self.open.remove(&key);
        addresses.into_iter().for_each(|address| index(&mut self.by_address, address, number));
        exchangers.into_iter().for_each(|host| index(&mut self.by_exchanger, host, number));
    }

    fn open_number(&self, name: &NameMessage) -> Option<u64> {
        let message = &name.message;
        let key = (name.asker.ip(), message.name.as_str().into(), message.kind.as_str().into());
        self.open.get(&key).copied()
    }

    fn forget_oldest(&mut self) {
        let Some(lookup) = self.kept.pop_front() else { return };
        let number = self.first;
        self.first += 1;
        let key = (lookup.asker, lookup.name.clone(), lookup.kind.clone());
        if self.open.get(&key) == Some(&number) {
            self.open.remove(&key);
        }
        forget(&mut self.by_name, &lookup.name, number);
        lookup.addresses().for_each(|address| forget(&mut self.by_address, &address, number));
        for (_, host) in lookup.exchangers() {
            forget(&mut self.by_exchanger, host, number);
        }
    }

    fn at_mut(&mut self, number: u64) -> Option<&mut Lookup> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.kept.get_mut(place)
    }

    fn at(&self, number: &u64) -> Option<&Lookup> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.kept.get(place)
    }

    /// The latest lookups of a name, the latest first.
    pub(crate) fn of_name(&self, name: &str) -> impl Iterator<Item = &Lookup> {
        self.found(self.by_name.get(name))
    }

    /// Those whose answer has the address, the latest first.
    pub(crate) fn of_address(&self, address: IpAddr) -> impl Iterator<Item = &Lookup> {
        self.found(self.by_address.get(&address))
    }

    /// MX answers that name the host, the latest first.
    pub(crate) fn of_exchanger(&self, host: &str) -> impl Iterator<Item = &Lookup> {
        self.found(self.by_exchanger.get(host))
    }

    fn found(&self, numbers: Option<&Vec<u64>>) -> impl Iterator<Item = &Lookup> {
        let numbers = numbers.into_iter().flatten().rev();
        numbers.filter_map(|number| self.at(number))
    }

    /// Those of an asker that were under way between two instants, in order; of a long time the last
    /// `most`.
    pub(crate) fn between(
        &self,
        askers: &[IpAddr],
        from: Timestamp,
        until: Timestamp,
        most: usize,
    ) -> Vec<&Lookup> {
        let is_under_way = |lookup: &&Lookup| {
            askers.contains(&lookup.asker) && lookup.asked.ts <= until && lookup.end(until) >= from
        };
        let recent = self.kept.iter().rev().take(most).filter(is_under_way);
        // By place in the capture, whatever the order in the file.
        let found: BTreeMap<_, _> = recent.map(|lookup| (lookup.asked, lookup)).collect();
        found.into_values().collect()
    }
}

fn note_frame(frames: &mut Vec<u64>, frame: u64) {
    if frames.len() < MOST_FRAMES {
        frames.push(frame);
    }
}

fn index<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<u64>>, key: K, number: u64) {
    let numbers = map.entry(key).or_default();
    if numbers.last() == Some(&number) {
        return;
    }
    if numbers.len() >= MOST_FOUND {
        numbers.remove(0);
    }
    numbers.push(number);
}

fn forget<K, Q>(map: &mut HashMap<K, Vec<u64>>, key: &Q, number: u64)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if let Some(numbers) = map.get_mut(key) {
        numbers.retain(|other| *other != number);
        if numbers.is_empty() {
            map.remove(key);
        }
    }
}
