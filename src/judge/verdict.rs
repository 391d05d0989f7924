//! Whether a TLS session was opened, and if not, why not: one reason, the facts that show it, and
//! what would help. The first cause wins: each question below is asked only if those before it do
//! not answer the matter.

mod case;
mod explanation;
mod pre_shared;

pub(crate) use self::case::{Case, is_established};
use self::explanation::{
    Explanation, bad_premaster, handshake_missing, one_sided, resumed, unsupported,
};
use crate::keys::Kept;
use crate::report::codes::Severity;
use crate::report::decryption::{Decryption, DecryptionStatus, SecretOrigin};
use crate::report::findings::Finding;
use crate::report::reason::Reason;
use crate::role::{PerRole, Role};
use crate::tls::facts::{KeySearch, Secret};
use crate::tls::suite::{KeyExchange, Suite};

impl Case<'_> {
    /// Decides.
    pub(crate) fn decide(&self) -> Decryption {
        let (status, explanation) = match self.facts.keys {
            KeySearch::Opened(_) => self.opened(),
            _ if self.carries_nothing() => (DecryptionStatus::NotNeeded, None),
            _ => (DecryptionStatus::None, Some(self.not_opened())),
        };
        self.decryption(status, explanation)
    }

    fn decryption(&self, status: DecryptionStatus, why: Option<Explanation>) -> Decryption {
        let facts = self.facts;
        let secret = self.secret().filter(|_| status != DecryptionStatus::None);
        let (reason, evidence, hint) = match why {
            Some(Explanation { reason, evidence, hint }) => (Some(reason), evidence, hint),
            None => (None, self.success(status), None),
        };
        Decryption {
            status,
            reason,
            secret: secret.map(origin_of),
            key: secret.map(|secret| self.source(secret.opener())),
            finished_verified: facts.finished_verdict(),
            records: PerRole::new(|role| facts.opened[role].records),
            bytes: PerRole::new(|role| facts.opened[role].bytes),
            protected_records: PerRole::new(|role| facts.protected[role].records),
            records_failed: Role::BOTH.map(|r| facts.failed[r] + facts.damaged[r]).iter().sum(),
            evidence,
            hint,
        }
    }

    fn carries_nothing(&self) -> bool {
        let facts = self.facts;
        let data = facts.first_application_data;
        let whole = facts.gaps.client.first.is_none() && facts.gaps.server.first.is_none();
        facts.is_complete() && whole && data.client.is_none() && data.server.is_none()
    }

    /// A secret was found: is it this session's, and is everything open?
    fn opened(&self) -> (DecryptionStatus, Option<Explanation>) {
        let facts = self.facts;
        let protected = facts.protected.client.records + facts.protected.server.records;
        if !facts.is_proven() && protected > 0 {
            return (DecryptionStatus::None, Some(self.unproven(protected)));
        }
        let opened = facts.opened.client.records + facts.opened.server.records;
        let failed = facts.failed.client + facts.failed.server;
        let status =
            if facts.is_proven() { DecryptionStatus::Partial } else { DecryptionStatus::None };
        let first_gap = self.first_gap();
        let failed_first = facts
            .first_failure
            .is_some_and(|failure| first_gap.is_none_or(|(gap, _)| failure < gap));
        if failed_first {
            return (status, Some(self.integrity_failed(failed)));
        }
        if let Some((at, cut)) = first_gap {
            return (status, Some(self.gap(at, cut)));
        }
        if facts.began_late && facts.client_hello.is_none() {
            return (status, Some(self.opened_late()));
        }
        let keyless = facts.keyless.client + facts.keyless.server;
        if facts.is_tls13()
            && keyless > 0
            && let Some(why) = self.log_incomplete()
        {
            return (status, Some(why));
        }
        let lacks_change = |role: &Role| facts.change_cipher_spec[*role].is_none();
        let is_cut = !facts.is_tls13() && Role::BOTH.iter().any(lacks_change);
        if facts.closed_again.is_some() && !is_cut {
            let why = self.by_negotiation().unwrap_or_else(|| self.by_search());
            return (status, Some(why));
        }
        if facts.finished_verdict() == Some(false) {
            return (status, Some(self.integrity_failed(failed)));
        }
        if opened == 0 && !is_established(facts) {
            return (DecryptionStatus::None, Some(self.incomplete()));
        }
        if let Some((role, at)) = facts.first_left_over() {
            return (status, Some(self.left_over(role, at)));
        }
        (DecryptionStatus::Decrypted, None)
    }

    /// The keys are not known: what is the first thing that is missing?
    fn not_opened(&self) -> Explanation {
        self.never_captured().or_else(|| self.by_negotiation()).unwrap_or_else(|| self.by_search())
    }

    /// Is the handshake in the capture?
    fn never_captured(&self) -> Option<Explanation> {
        let facts = self.facts;
        let gap = self.first_gap();
        match (facts.seen.client, facts.seen.server) {
            (true, false) if gap.is_none() && !self.answered_nothing() => {
                return Some(one_sided(Role::Client));
            }
            // Plain text was answered by an alert: nothing of the client's is missing.
            (false, true) if self.spoke.client && !facts.alerts.is_empty() => {
                return Some(self.incomplete());
            }
            (false, true) => return Some(one_sided(Role::Server)),
            _ => {}
        }
        if facts.client_hello.is_none() && facts.server_hello.is_none() {
            return Some(match gap {
                Some((at, cut)) if !facts.began_late => self.gap(at, cut),
                _ => handshake_missing(),
            });
        }
        if let Some((at, cut)) = gap.filter(|_| facts.client_hello.is_none()) {
            return Some(self.gap(at, cut));
        }
        if facts.server_hello.is_none() {
            return Some(gap.map_or_else(|| self.incomplete(), |(at, cut)| self.gap(at, cut)));
        }
        None
    }

    /// The server was there, but said nothing to the ClientHello.
    fn answered_nothing(&self) -> bool {
        let went_on = self.facts.first_application_data.client.is_some()
            || self.facts.client_key_exchange_at.is_some()
            || self.facts.change_cipher_spec.client.is_some();
        self.facts.client_hello.is_some() && !went_on
    }

    /// Does what was negotiated allow it?
    fn by_negotiation(&self) -> Option<Explanation> {
        let facts = self.facts;
        let settled = is_established(facts) || self.first_gap().is_some();
        let has_begun = facts.client_key_exchange_at.is_some() || facts.resumed.is_some();
        // What is under protection hides whether TLS 1.3 was finished.
        let was_stopped = self.closed && !facts.is_tls13();
        if !settled && (!has_begun || was_stopped) {
            return Some(self.incomplete());
        }
        if facts.is_ssl2() && facts.ssl2_kind.is_none() {
            return Some(self.ssl2_without_kind());
        }
        let Some(suite) = facts.suite() else { return Some(unsupported(facts)) };
        let needs_log = facts.is_tls13() || facts.resumed.is_some() || is_ephemeral(suite);
        if needs_log && facts.log_without_line {
            return Some(self.not_in_log());
        }
        if facts.is_tls13() {
            return Some(self.tls13());
        }
        if let Some(resumption) = facts.resumed {
            return Some(resumed(facts, resumption));
        }
        match suite.key_exchange {
            KeyExchange::RsaExport if facts.ephemeral_rsa => Some(self.ephemeral_rsa(suite)),
            KeyExchange::Rsa | KeyExchange::RsaExport => None,
            KeyExchange::RsaPsk | KeyExchange::Psk => Some(self.shared_secret(suite)),
            KeyExchange::NoExchange => Some(unsupported(facts)),
            _ => Some(self.forward_secrecy(suite)),
        }
    }

    /// In SSL 2.0 the client chooses, in the message that holds the key: a session that is resumed
    /// has none, and what is resumed names no kind.
    fn ssl2_without_kind(&self) -> Explanation {
        match (self.facts.resumed, self.first_gap()) {
            (Some(resumption), _) => resumed(self.facts, resumption),
            (None, Some((at, cut))) => self.gap(at, cut),
            (None, None) => self.incomplete(),
        }
    }

    /// Why did the search for the key fail?
    fn by_search(&self) -> Explanation {
        let (facts, gap) = (self.facts, self.first_gap());
        // A secret that opens nothing does not count, only the keys do.
        let is_false = matches!(facts.keys, KeySearch::Opened(_)) && !facts.is_proven();
        let found = if is_false { facts.keys_alone } else { facts.keys };
        match found {
            KeySearch::NoKeyForCertificate => self.no_key_for_certificate(),
            KeySearch::NoKeyFits => self.no_key_fits(),
            KeySearch::BadPremaster(key, note) => {
                bad_premaster(self.keys.ring.key(key).identity(), note)
            }
            KeySearch::UnsupportedSuite => unsupported(self.facts),
            KeySearch::TranscriptDamaged | KeySearch::NotTried | KeySearch::Opened(_) => {
                match (gap, self.facts.suite().map(|suite| suite.key_exchange)) {
                    (Some((at, cut)), _) => self.gap(at, cut),
                    (None, Some(KeyExchange::RsaExport)) => unsupported(self.facts),
                    _ => self.incomplete(),
                }
            }
        }
    }
}

fn is_ephemeral(suite: &Suite) -> bool {
    !matches!(suite.key_exchange, KeyExchange::Rsa | KeyExchange::RsaExport)
}

fn origin_of(secret: Secret) -> SecretOrigin {
    match secret {
        Secret::RsaKey(_) => SecretOrigin::RsaKey,
        Secret::PreShared(_) => SecretOrigin::Psk,
        Secret::KeyLog => SecretOrigin::Keylog,
        Secret::Dsb => SecretOrigin::Dsb,
        Secret::Trailer => SecretOrigin::Trailer,
        Secret::Remembered(find) => match find.kept {
            Kept::SessionFile => SecretOrigin::SessionFile,
            Kept::SessionCache => SecretOrigin::SessionCache,
            Kept::Memory => SecretOrigin::Memory,
        },
        Secret::Resumed { .. } => SecretOrigin::Resumption,
    }
}

/// The finding that goes with the reason.
pub(super) fn finding(decryption: &Decryption, frame: Option<u64>) -> Option<Finding> {
    let reason = decryption.reason?;
    let severity = match reason {
        Reason::KeyMismatch
        | Reason::LostPackets
        | Reason::SnapLength
        | Reason::OneSided
        | Reason::BadPremaster
        | Reason::IntegrityFailed => Severity::Warning,
        _ => Severity::Info,
    };
    let finding = Finding::new(reason.finding(), severity, decryption.evidence.clone()).at(frame);
    Some(Finding { hint: decryption.hint.clone(), ..finding })
}
