//! TLS 1.3 without a captured hello: it was lost, or came before the capture. A key log may
//! have the secrets all the same, and a record tells which of them are this session's, since nobody
//! else can: the random that a line is found by stands in the ClientHello, the suite in the
//! ServerHello.

use super::decrypt::{RecordGap, TrafficSecret};
use super::facts::KeySearch;
use super::machine::Tls;
use super::names::ProtocolVersion;
use super::record::{ContentType, Record};
use super::schedule13::{Reopened, Stage, open_with};
use super::suite::{KeyExchange, Suite, SuiteId};
use crate::keys::{KeyLog, TrafficLabel};
use crate::role::Role;

/// The suites that are tried where neither hello names any: those that stacks offer by themselves
/// (RFC 8446 §9.1).
const USUAL_SUITES: [SuiteId; 3] = [SuiteId(0x1301), SuiteId(0x1302), SuiteId(0x1303)];

/// Sessions of the key log that are tried, the last ones first.
pub(super) const MOST_STRANGERS: usize = 1024;

/// Records of a direction that are tried: one that stays closed is not of a session in the log.
pub(super) const MOST_RECORDS: u64 = 8;

/// Secrets that may be a session's.
struct Guess {
    random: [u8; 32],
    stage: Stage,
    suite: &'static Suite,
    secret: TrafficSecret,
}

impl Tls {
    /// Opens a record by a secret of the key log that is found by trial.
    pub(super) fn late_cipher13(&mut self, from: Role, record: &Record<'_>) -> Option<Reopened> {
        let is_data = record.header.content_type == ContentType::APPLICATION_DATA;
        if !is_data || !self.lacks_hello13() || self.facts.protected[from].records > MOST_RECORDS {
            return None;
        }
        let gap = self.gaps[from].take().unwrap_or_else(|| match self.facts.began_late {
            true => RecordGap::before_capture(),
            false => RecordGap::default(),
        });
        for guess in self.guesses13(from, record.at().frame) {
            if !self.budget.derive() {
                break;
            }
            let Ok(mut cipher) = guess.secret.cipher(guess.suite) else { continue };
            let opened = open_with(&mut cipher, record, Some(&gap), &mut self.budget);
            let Some((content_type, content)) = opened else { continue };
            self.adopt13(from, &guess, record);
            return Some((Box::new(cipher), content_type, content));
        }
        self.lose(from, Some(gap), record);
        None
    }

    fn lacks_hello13(&self) -> bool {
        let facts = &self.facts;
        let lacks = facts.client_hello.is_none() || facts.server_hello.is_none();
        let may_be_13 = facts.version().is_none_or(|version| version == ProtocolVersion::TLS13);
        lacks && may_be_13 && !self.keys.ring.keylog().is_empty()
    }

    fn guesses13(&self, from: Role, frame: u64) -> Vec<Guess> {
        let Some(log) = self.keys.ring.keylog().read() else { return Vec::new() };
        let labels = match from {
            Role::Client => (TrafficLabel::ClientHandshake, TrafficLabel::ClientApplication),
            Role::Server => (TrafficLabel::ServerHandshake, TrafficLabel::ServerApplication),
        };
        let mut stages = vec![(Stage::Application, labels.1)];
        if !self.facts.began_late {
            stages.insert(0, (Stage::Handshake, labels.0));
        }
        let hello = self.facts.client_hello.as_ref().map(|hello| hello.random);
        let known = self.schedule.proven_random.or(hello);
        let suites = self.suites13();
        let mut guesses = Vec::new();
        for (stage, label) in stages {
            for (random, bytes) in secrets(&log, known, label, frame) {
                // The length of a secret leaves out some suites.
                guesses.extend(suites.iter().filter_map(|&suite| {
                    let secret = TrafficSecret::new(suite, bytes)?;
                    Some(Guess { random, stage, suite, secret })
                }));
            }
        }
        guesses
    }

    fn suites13(&self) -> Vec<&'static Suite> {
        let offered = self.facts.client_hello.as_ref().map(|hello| hello.cipher_suites.as_slice());
        match self.facts.suite() {
            Some(suite) => vec![suite],
            None => {
                let ids = offered.unwrap_or(&USUAL_SUITES).iter();
                let suites = ids.filter_map(|id| id.suite());
                suites.filter(|suite| suite.key_exchange == KeyExchange::Tls13).collect()
            }
        }
    }

    /// The secret is the session's, and so are the others of its random.
    fn adopt13(&mut self, from: Role, guess: &Guess, record: &Record<'_>) {
        if self.facts.server_hello.is_none() {
            self.facts.proven_suite = Some(guess.suite.id);
        }
        if self.schedule.proven_random.replace(guess.random).is_none() {
            self.load_secrets13(&guess.random, record.at());
        }
        self.enter(from, guess.stage);
        self.negotiation.finished[from] |= guess.stage == Stage::Application;
        debug_assert!(matches!(self.facts.keys, KeySearch::Opened(_)));
    }
}

/// The secrets of one random, or of all, with their randoms.
fn secrets(
    log: &KeyLog,
    random: Option<[u8; 32]>,
    label: TrafficLabel,
    frame: u64,
) -> Vec<([u8; 32], &[u8])> {
    let since = |secret: &&crate::keys::LoggedSecret| secret.since() < frame;
    match random {
        Some(random) => {
            let found = log.traffic_secret(&random, label).filter(since);
            found.map(|secret| (random, secret.as_bytes())).collect()
        }
        None => {
            let all = log.all_traffic_secrets(label).take(MOST_STRANGERS);
            let known = all.filter(|(_, secret)| since(secret));
            known.map(|(random, secret)| (*random, secret.as_bytes())).collect()
        }
    }
}
