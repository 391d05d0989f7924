//! The keys of a TLS 1.3 connection change on the way (RFC 8446 §7.1): early data, handshake,
//! application data, and each KeyUpdate.

use super::decrypt::{KeySchedule, RecordCipher, RecordGap, Tls13Hash, TrafficSecret, TrialBudget};
use super::facts::{KeySearch, Secret};
use super::handshake::HandshakeType;
use super::machine::{Protection, Tls};
use super::names::ExtensionType;
use super::record::{ContentType, Record};
use super::suite::{KeyExchange, Suite};
use crate::keys::TrafficLabel;
use crate::moment::Moment;
use crate::role::{PerRole, Role};

/// Generations that are tried when a KeyUpdate may have been lost.
pub(super) const MOST_UPDATES: u32 = 4;

/// early_data (RFC 8446 §4.2.10).
const EARLY_DATA: ExtensionType = ExtensionType(42);

/// Which keys a direction has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    #[default]
    None,
    Early,
    Handshake,
    Application,
}

/// Which keys of a direction: a stage, and how often they were updated in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Phase {
    pub(super) stage: Stage,
    pub(super) generation: u32,
}

/// The secrets of both directions.
#[derive(Default)]
pub(super) struct Schedule {
    /// The client's random, where a record proved it instead of a ClientHello.
    pub(super) proven_random: Option<[u8; 32]>,
    sides: PerRole<Side>,
    /// What the keys of application data will be derived from.
    pub(super) derivation: Option<KeySchedule>,
}

#[derive(Default)]
struct Side {
    stage: Stage,
    /// KeyUpdates so far.
    generation: u32,
    /// The secret in use.
    current: Option<TrafficSecret>,
    /// Those that may be the right one: a key log can have several, the first record tells.
    handshake: Vec<TrafficSecret>,
    application: Vec<TrafficSecret>,
}

impl Side {
    fn of_stage(&self, stage: Stage) -> &[TrafficSecret] {
        match stage {
            Stage::Handshake => &self.handshake,
            Stage::Application => &self.application,
            Stage::None | Stage::Early => &[],
        }
    }

    /// Which secrets may open a record that the one in use does not, by stage and place: others of
    /// the same stage, and those of later stages where early data was refused, where the message
    /// that changes the keys may be in a gap, or where none of the handshake is known.
    fn possible(&self, behind_gap: bool) -> Vec<(Stage, usize)> {
        let handshake = (0..self.handshake.len()).map(|nth| (Stage::Handshake, nth));
        let application = (0..self.application.len()).map(|nth| (Stage::Application, nth));
        match self.stage {
            Stage::Early => handshake.chain(application).collect(),
            Stage::Handshake if behind_gap => handshake.skip(1).chain(application).collect(),
            Stage::Handshake => handshake.skip(1).collect(),
            Stage::None => application.collect(),
            Stage::Application if self.generation == 0 => application.collect(),
            Stage::Application => Vec::new(),
        }
    }

    /// A record has proven a secret right.
    fn choose(&mut self, stage: Stage, nth: usize) {
        self.stage = stage;
        match stage {
            Stage::Handshake => self.handshake = vec![self.handshake.swap_remove(nth)],
            Stage::Application => {
                self.current = Some(self.application.swap_remove(nth));
                self.application.clear();
            }
            Stage::None | Stage::Early => {}
        }
    }
}

impl Schedule {
    pub(super) fn phase(&self, role: Role) -> Phase {
        let Side { stage, generation, .. } = self.sides[role];
        Phase { stage, generation }
    }
}

/// A record opened by other keys than those in use.
pub(super) type Reopened = (Box<RecordCipher>, ContentType, Vec<u8>);

impl Tls {
    fn suite13(&self) -> Option<&'static Suite> {
        self.facts.suite()
    }

    /// After a HelloRetryRequest the first ClientHello stands in the transcript by its hash alone
    /// (RFC 8446 §4.4.1). The request itself has just been added.
    pub(super) fn replace_first_hello(&mut self) {
        if let Some(hash) = self.suite13().and_then(Tls13Hash::of) {
            replace_first_hello(hash, &mut self.negotiation.transcript);
        }
    }

    /// Behind the ServerHello everything is protected (RFC 8446 §5.2).
    pub(super) fn begin_schedule13(&mut self, at: Moment) {
        if let Some(random) = self.facts.client_hello.as_ref().map(|hello| hello.random) {
            self.load_secrets13(&random, at);
            self.derive_handshake13(random);
        }
        for role in Role::BOTH {
            let is_early = self.schedule.sides[role].stage == Stage::Early
                || (role == Role::Client && self.expect_early_data());
            // Where a log has none of the handshake, the keys of application data wait for it.
            if !is_early && !self.enter(role, Stage::Handshake) {
                self.protection[role] = Protection::Opaque;
            }
        }
    }

    /// The client may still send early data behind the ServerHello, with the suite agreed on. If
    /// the server refused it, the next keys open what comes instead.
    fn expect_early_data(&mut self) -> bool {
        let hello = self.facts.client_hello.as_ref().filter(|hello| hello.offers(EARLY_DATA));
        let (Some(hello), Some(suite)) = (hello, self.facts.suite()) else { return false };
        let Some(log) = self.keys.ring.keylog().read() else { return false };
        let cipher = log
            .traffic_secret(&hello.random, TrafficLabel::ClientEarly)
            .find_map(|logged| TrafficSecret::new(suite, logged.as_bytes())?.cipher(suite).ok());
        let Some(cipher) = cipher else { return false };
        self.schedule.sides.client.stage = Stage::Early;
        self.protection.client = Protection::Open(Box::new(cipher));
        true
    }

    /// The client may have sent data ahead of the server's answer.
    pub(super) fn offers_early_data(&self) -> bool {
        self.facts.client_hello.as_ref().is_some_and(|hello| hello.offers(EARLY_DATA))
    }

    pub(super) fn load_secrets13(&mut self, random: &[u8; 32], at: Moment) {
        let Some(suite) = self.suite13() else { return };
        let Some(log) = self.keys.ring.keylog().read() else { return };
        let mut origin = None;
        let mut find = |label| {
            let known = log.traffic_secret(random, label).filter(|s| s.since() < at.frame);
            let found = known.filter_map(|logged| {
                let secret = TrafficSecret::new(suite, logged.as_bytes())?;
                origin.get_or_insert_with(|| logged.origin());
                Some(secret)
            });
            found.collect::<Vec<_>>()
        };
        let labels = PerRole {
            client: (TrafficLabel::ClientHandshake, TrafficLabel::ClientApplication),
            server: (TrafficLabel::ServerHandshake, TrafficLabel::ServerApplication),
        };
        for role in Role::BOTH {
            let side = &mut self.schedule.sides[role];
            side.handshake = find(labels[role].0);
            side.application = find(labels[role].1);
        }
        self.disclosed.add13(&log, random, at.frame);
        self.facts.log_without_line = origin.is_none() && log.lines() > 0;
        if let Some(origin) = origin {
            self.facts.keys = KeySearch::Opened(origin.into());
        }
    }

    /// What this side says will stay closed: the key log has no secret of its application data.
    pub(super) fn has_no_key_of_data13(&self, role: Role) -> bool {
        let side = &self.schedule.sides[role];
        self.facts.is_tls13() && side.stage != Stage::Application && side.application.is_empty()
    }

    /// Puts the keys of a stage to use. False if they are not known.
    pub(super) fn enter(&mut self, role: Role, stage: Stage) -> bool {
        let side = &mut self.schedule.sides[role];
        let secret = match stage {
            Stage::Handshake => side.handshake.first(),
            Stage::Application => side.application.first(),
            Stage::None | Stage::Early => None,
        };
        let suite = self.facts.suite();
        let cipher = secret.zip(suite).and_then(|(secret, suite)| secret.cipher(suite).ok());
        let Some(cipher) = cipher else { return false };
        side.stage = stage;
        if stage == Stage::Application {
            side.current = Some(side.application.remove(0));
        }
        self.protection[role] = Protection::Open(Box::new(cipher));
        true
    }

    /// Whether a key log has secrets of the session.
    pub(super) fn has_secrets13(&self) -> bool {
        Role::BOTH.iter().any(|&role| {
            let side = &self.schedule.sides[role];
            !side.handshake.is_empty() || !side.application.is_empty()
        })
    }

    /// Takes a secret that was derived.
    pub(super) fn take_secret13(&mut self, role: Role, stage: Stage, secret: TrafficSecret) {
        let side = &mut self.schedule.sides[role];
        match stage {
            Stage::Handshake => side.handshake.push(secret),
            Stage::Application => side.application.push(secret),
            Stage::None | Stage::Early => {}
        }
    }

    /// A message that ends the use of its sender's keys.
    pub(super) fn change_keys13(&mut self, from: Role, kind: HandshakeType) {
        if (from, kind) == (Role::Server, HandshakeType::FINISHED) {
            self.derive_application13();
        }
        match kind {
            // A client that authenticates later sends a Finished that changes nothing
            // (RFC 8446 §4.6.2).
            HandshakeType::FINISHED if self.schedule.sides[from].stage == Stage::Application => {}
            HandshakeType::FINISHED if !self.enter(from, Stage::Application) => {
                self.protection[from] = Protection::Opaque;
            }
            HandshakeType::END_OF_EARLY_DATA => {
                self.enter(from, Stage::Handshake);
            }
            HandshakeType::KEY_UPDATE => self.update(from),
            _ => {}
        }
    }

    fn update(&mut self, from: Role) {
        let Some(suite) = self.suite13() else { return };
        let side = &mut self.schedule.sides[from];
        let Some(next) = side.current.as_ref().map(TrafficSecret::updated) else { return };
        if let Ok(cipher) = next.cipher(suite) {
            self.protection[from] = Protection::Open(Box::new(cipher));
        }
        side.current = Some(next);
        side.generation += 1;
    }

    pub(super) fn verify_finished13(&self, from: Role, body: &[u8]) -> Option<bool> {
        let secret = self.schedule.sides[from].handshake.first()?;
        let has_hellos = self.facts.client_hello.is_some() && self.facts.server_hello.is_some();
        if self.negotiation.damaged || !has_hellos {
            return None;
        }
        Some(secret.verify_data(&self.negotiation.transcript) == body)
    }

    /// The cipher of early data (RFC 8446 §4.2.10): its suite is that of the session resumed, which
    /// is one of those offered; the first record tells which.
    pub(super) fn early_data_cipher(
        &mut self,
        from: Role,
        record: &Record<'_>,
    ) -> Option<Box<RecordCipher>> {
        let hello = self.facts.client_hello.as_ref().filter(|_| from == Role::Client)?;
        let log = self.keys.ring.keylog().read()?;
        let logged = log.traffic_secret(&hello.random, TrafficLabel::ClientEarly).next()?;
        let offered = hello.cipher_suites.iter().filter_map(|id| id.suite());
        let mut suites = offered.filter(|suite| suite.key_exchange == KeyExchange::Tls13);
        let cipher = suites.find_map(|suite| {
            let secret = TrafficSecret::new(suite, logged.as_bytes())?;
            open_with(&mut secret.cipher(suite).ok()?, record, None, &mut self.budget)?;
            secret.cipher(suite).ok()
        })?;
        self.schedule.sides[from].stage = Stage::Early;
        self.facts.keys = KeySearch::Opened(Secret::KeyLog);
        Some(Box::new(cipher))
    }

    /// A record that the keys in use do not open may be of later ones: early data was refused, or
    /// the message that changes the keys was lost.
    pub(super) fn next_stage(
        &mut self,
        from: Role,
        record: &Record<'_>,
        gap: Option<&RecordGap>,
    ) -> Option<Reopened> {
        let suite = self.suite13().filter(|_| self.facts.is_tls13())?;
        let stage = self.schedule.sides[from].stage;
        for (stage, nth) in self.schedule.sides[from].possible(gap.is_some()) {
            if !self.budget.derive() {
                break;
            }
            let secret = self.schedule.sides[from].of_stage(stage).get(nth)?;
            let Ok(mut cipher) = secret.cipher(suite) else { continue };
            if let Some(reopened) = open_with(&mut cipher, record, gap, &mut self.budget) {
                self.schedule.sides[from].choose(stage, nth);
                self.negotiation.finished[from] |= stage == Stage::Application;
                return Some((Box::new(cipher), reopened.0, reopened.1));
            }
        }
        if gap.is_none() && stage != Stage::Early {
            return None;
        }
        self.next_generation(from, suite, record, gap)
    }

    /// Opens a record by the keys of application data, where the key log has none of the handshake:
    /// the first record that they open is the first of them.
    pub(super) fn first_of_application(
        &mut self,
        from: Role,
        record: &Record<'_>,
    ) -> Option<Reopened> {
        let side = &self.schedule.sides[from];
        let is_data = record.header.content_type == ContentType::APPLICATION_DATA;
        if !is_data || side.stage != Stage::None || side.application.is_empty() {
            return None;
        }
        let gap = self.gaps[from].take();
        let reopened = self.next_stage(from, record, gap.as_ref());
        if reopened.is_none() {
            self.lose(from, gap, record);
        }
        reopened
    }

    fn next_generation(
        &mut self,
        from: Role,
        suite: &Suite,
        record: &Record<'_>,
        gap: Option<&RecordGap>,
    ) -> Option<Reopened> {
        let mut secret = self.schedule.sides[from].current.as_ref()?.updated();
        for missed in 1..=MOST_UPDATES {
            let mut cipher = secret.cipher(suite).ok()?;
            if let Some((content_type, content)) =
                open_with(&mut cipher, record, gap, &mut self.budget)
            {
                self.schedule.sides[from].current = Some(secret);
                self.schedule.sides[from].generation += missed;
                return Some((Box::new(cipher), content_type, content));
            }
            secret = secret.updated();
        }
        None
    }
}

/// The transcript with the hash of its first message in the place of that.
pub(super) fn replace_first_hello(hash: Tls13Hash, transcript: &mut Vec<u8>) {
    let Some(&[_, a, b, c]) = transcript.first_chunk() else { return };
    let end = 4 + usize::from(a) * 65536 + usize::from(b) * 256 + usize::from(c);
    let Some((hello, retry)) = transcript.split_at_checked(end) else { return };
    let digest = hash.digest(hello);
    let header = [254, 0, 0, u8::try_from(digest.len()).unwrap_or_default()];
    *transcript = [&header[..], &digest, retry].concat();
}

/// Opens a record with keys that may be the right ones.
pub(super) fn open_with(
    cipher: &mut RecordCipher,
    record: &Record<'_>,
    gap: Option<&RecordGap>,
    budget: &mut TrialBudget,
) -> Option<(ContentType, Vec<u8>)> {
    let mut scratch = Vec::new();
    let none = RecordGap::default();
    let (header, fragment) = (record.header, record.fragment);
    let content =
        cipher.open_behind(gap.unwrap_or(&none), header, fragment, &mut scratch, budget).ok()?;
    Some((content.content_type, content.bytes.to_vec()))
}
