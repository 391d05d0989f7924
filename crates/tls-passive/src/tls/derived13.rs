//! The keys of TLS 1.3 from the beginning (RFC 8446 §7.1), where what they come from is known: a pre-shared
//! key, in the mode without a key exchange beside it.

use super::decrypt::{KeySchedule, Tls13Hash};
use super::facts::{KeySearch, Secret};
use super::machine::Tls;
use super::offer13::{Choice, Offer};
use super::schedule13::Stage;
use crate::keys::{PreSharedId, TrafficLabel};
use crate::role::Role;

/// The sides, with what each stage derives for them.
const HANDSHAKE: [(Role, TrafficLabel, &[u8]); 2] = [
    (Role::Client, TrafficLabel::ClientHandshake, b"c hs traffic"),
    (Role::Server, TrafficLabel::ServerHandshake, b"s hs traffic"),
];
const APPLICATION: [(Role, TrafficLabel, &[u8]); 2] = [
    (Role::Client, TrafficLabel::ClientApplication, b"c ap traffic"),
    (Role::Server, TrafficLabel::ServerApplication, b"s ap traffic"),
];

impl Tls {
    /// Both hellos are the last of the transcript.
    pub(super) fn derive_handshake13(&mut self, random: [u8; 32]) {
        if self.negotiation.damaged || self.has_secrets13() {
            return;
        }
        let Some((early, secret)) = self.early_secret13() else { return };
        self.facts.keys = KeySearch::Opened(secret);
        let schedule = early.into_handshake(None);
        self.derive13(&schedule, random, Stage::Handshake);
        self.schedule.derivation = Some(schedule);
    }

    /// The server's Finished is the last of the transcript.
    pub(super) fn derive_application13(&mut self) {
        let Some(schedule) = self.schedule.derivation.take() else { return };
        let random = self.facts.client_hello.as_ref().map(|hello| hello.random);
        let Some(random) = random.filter(|_| !self.negotiation.damaged) else { return };
        self.derive13(&schedule.into_master(), random, Stage::Application);
    }

    fn derive13(&mut self, schedule: &KeySchedule, random: [u8; 32], stage: Stage) {
        let labels = if stage == Stage::Handshake { HANDSHAKE } else { APPLICATION };
        for (role, label, name) in labels {
            let secret = schedule.traffic(name, &self.negotiation.transcript);
            self.disclosed.add_derived13(label, random, &secret);
            self.take_secret13(role, stage, secret);
        }
    }

    /// The early secret of the pre-shared key that both sides agreed on and that the client proved to have.
    fn early_secret13(&self) -> Option<(KeySchedule, Secret)> {
        let transcript = &self.negotiation.transcript;
        let (offer, choice) = (Offer::of(transcript)?, Choice::of(transcript)?);
        let hash = Tls13Hash::of(self.facts.suite()?)?;
        if choice.has_key_share {
            return None;
        }
        let chosen = offer.pre_shared.get(usize::from(choice.pre_shared?))?;
        let early =
            |id: PreSharedId| KeySchedule::early(hash, Some(self.keys.ring.pre_shared_key(id)));
        let mut fitting = self.keys.ring.pre_shared_for(chosen.identity).map(|(id, _)| id);
        let id = fitting.find(|&id| early(id).binds(offer.up_to_binders, chosen.binder))?;
        Some((early(id), Secret::PreShared(id)))
    }
}
