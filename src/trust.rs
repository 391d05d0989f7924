//! Whether certificates hold: paths to what is trusted and the reasons against each certificate
//! (RFC 5280, RFC 6125), DANE (RFC 7672) and MTA-STS (RFC 8461). Certificates come from the sessions of the report, in
//! their order; what is trusted comes from the command line.

mod chain;
mod constraints;
mod dane;
mod evidence;
mod fault;
mod inspect;
pub mod limits;
mod names;
mod path;
mod reading;
#[cfg(feature = "certificates")]
mod second;
mod shown;
mod signature;
mod staple;
mod store;
mod sts;
mod tlsa;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::chain::{Chains, Verdict};
use self::dane::{DANE_EE, Match};
use self::evidence::Host;
use self::fault::Weight;
use self::inspect::Demand;
use self::reading::Reading;
use self::shown::Shown;
pub use self::store::Store;
pub use self::sts::{LONGEST_POLICY, Policy};
use self::tlsa::MOST_RECORDS;
pub use self::tlsa::{Answered, Tlsa, ZoneError, zone};
use crate::report::session::SessionReport;
use crate::report::tls::CertificateReport;
use crate::report::validation::{DaneStatus, StsReport, Validation, ValidationStatus};

/// Certificates of one side of a session that are judged.
pub(crate) const MOST_SENT: usize = 100;

/// What is trusted, and what is held against what was sent.
#[derive(Debug, Default)]
pub struct Settings {
    /// Certificates of `--ca`.
    pub store: Store,
    /// Records of `--tlsa`.
    pub tlsa: Vec<Tlsa>,
    /// Policies of `--mta-sts`.
    pub policies: Vec<Policy>,
}

/// Judges the certificates of sessions, one after the other.
#[derive(Debug, Default)]
pub struct Trust {
    settings: Arc<Settings>,
    chains: Chains,
    shown: Shown,
    /// Records of the capture, in the order of their frames.
    answered: Vec<Answered>,
}

impl Trust {
    /// A judge with these settings.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Takes TLSA records that DNS answers of the capture brought.
    pub fn learn(&mut self, answered: &mut Vec<Answered>) {
        let room = MOST_RECORDS.saturating_sub(self.answered.len());
        self.answered.extend(answered.drain(..).take(room));
    }

    /// Judges a session by what is trusted and by what sessions before it have shown.
    pub fn meet(&mut self, session: &mut SessionReport) {
        let Some(tls) = &session.tls else { return };
        let sent = self.chains.read(&tls.certificates);
        let client = self.chains.read(&tls.client_certificates);
        let validation = (!sent.is_empty()).then(|| self.server(session, &sent));
        let of_client = (!client.is_empty()).then(|| self.client(session, &client));
        self.shown.learn(session.id, &sent);
        self.shown.learn(session.id, &client);
        let Some(tls) = &mut session.tls else { return };
        tls.validation = validation;
        tls.client_validation = of_client;
        tls.certificates.iter_mut().for_each(CertificateReport::forget_der);
        tls.client_certificates.iter_mut().for_each(CertificateReport::forget_der);
        tls.staple = Vec::new();
    }

    fn client(&mut self, session: &SessionReport, sent: &[Arc<Reading>]) -> Validation {
        let demand = self.demand(session, None, true);
        let verdict = self.chains.judge(sent, &self.settings.store, &self.shown, &demand);
        let mut validation = self.told(&verdict, None);
        validation.peer = evidence::server_did(session);
        validation.message.push_str(evidence::meaning(&validation, "server"));
        validation
    }

    fn server(&mut self, session: &SessionReport, sent: &[Arc<Reading>]) -> Validation {
        let host = Host::of(session, sent.first());
        let settings = Arc::clone(&self.settings);
        let demand =
            Demand { roots: &settings.store.named(), ..self.demand(session, host.name(), false) };
        let mut verdict = self.chains.judge(sent, &settings.store, &self.shown, &demand);
        let staple = session.tls.as_ref().and_then(|tls| verdict.add_staple(&tls.staple, &demand));
        let mut validation = self.told(&verdict, Some(&host));
        validation.staple = staple;
        validation.mta_sts = self.mta_sts(session, &host, &validation);
        self.dane(session, &host, sent, &mut validation);
        validation.peer = evidence::client_did(session);
        validation.message.push_str(evidence::meaning(&validation, "client"));
        validation
    }

    fn demand<'d>(
        &self,
        session: &SessionReport,
        name: Option<&'d str>,
        is_client: bool,
    ) -> Demand<'d> {
        let has_roots = !self.settings.store.is_empty();
        Demand { at: session.start, name, is_client, has_roots, roots: "--ca" }
    }

    fn told(&self, verdict: &Verdict, host: Option<&Host>) -> Validation {
        let trust = (!self.settings.store.is_empty()).then(|| self.settings.store.named());
        let mut notes = verdict.notes.clone();
        notes.extend(host.and_then(|host| host.unknown(verdict.own())));
        Validation {
            status: verdict.status,
            reason: verdict.reason(),
            message: verdict.message(),
            certificate: verdict.first().and_then(|fault| fault.certificate),
            name: host.and_then(Host::name).map(str::to_owned),
            name_from: host.and_then(Host::from),
            trust,
            path: verdict.path_report(),
            problems: verdict.faults.iter().map(fault::Fault::report).collect(),
            notes,
            peer: None,
            staple: None,
            dane: None,
            mta_sts: None,
        }
    }

    /// What the policy says of an MX: port 25, where mail between servers is (RFC 8461 §2).
    fn mta_sts(
        &self,
        session: &SessionReport,
        host: &Host,
        validation: &Validation,
    ) -> Option<StsReport> {
        let mx = host.name().or_else(|| host.called())?;
        let is_valid = match validation.status {
            ValidationStatus::Valid => Some(true),
            ValidationStatus::Invalid => Some(false),
            ValidationStatus::NotChecked => None,
        };
        let relays = session.server.0.port() == RELAY_PORT;
        let policies = self.settings.policies.iter().filter(|_| relays);
        let judged: Vec<_> = policies.map(|p| p.judge(mx, session.start, is_valid)).collect();
        // Of several policies that which lists the host is meant.
        judged.iter().find(|report| report.listed).or_else(|| judged.first()).cloned()
    }

    fn dane(
        &mut self,
        session: &SessionReport,
        host: &Host,
        sent: &[Arc<Reading>],
        validation: &mut Validation,
    ) {
        let port = session.server.0.port();
        // What came behind the session is not what its ends knew; and the reader may be ahead.
        let before = |answer: &&Answered| answer.frame <= session.frames.last;
        let answers: Vec<_> = self.answered.iter().filter(before).collect();
        let of_files = self.settings.tlsa.iter();
        let all = of_files.chain(answers.iter().map(|answer| &answer.record));
        let records: Vec<_> = all.filter(|record| record.port == port).cloned().collect();
        let Some(name) = tlsa_host(host, &records) else { return };
        let records = distinct(records.into_iter().filter(|record| record.host == name));
        let authentic = |record: &Tlsa| {
            answers.iter().find(|answer| answer.record.source == record.source).map(|a| a.authentic)
        };
        let authenticated_by = records.first().and_then(authentic);
        let Some(mut found) = dane::verdict(&records, sent) else { return };
        found.report.authenticated = authenticated_by;
        if authenticated_by == Some(false) {
            found.report.status = DaneStatus::Insecure;
            found.report.message = "the answer with the TLSA records came without AD: it is not secured by DNSSEC, so DANE does not apply (RFC 7672 section 2.2)".into();
            validation.dane = Some(found.report);
            return;
        }
        match found.matches.first() {
            Some(Match { usage: DANE_EE, .. }) => authenticated(validation, &found.report.message),
            Some(Match { anchor, .. }) => {
                let anchor = Arc::clone(anchor);
                let faults = self.below_anchor(session, anchor, &name, sent);
                match faults {
                    None => authenticated(validation, &found.report.message),
                    Some((reason, why)) => {
                        found.report.status = DaneStatus::Mismatch;
                        found.report.message =
                            format!("a TLSA record names the trust anchor of the chain, but {why}");
                        refused(validation, reason, &found.report.message);
                    }
                }
            }
            None if found.report.status == DaneStatus::Mismatch => {
                refused(validation, "dane_mismatch", &found.report.message);
            }
            None => {}
        }
        validation.dane = Some(found.report);
    }

    /// What speaks against the chain up to an anchor that DNS names: with usage 2 names and dates count
    /// (RFC 7671 §5.2).
    fn below_anchor(
        &mut self,
        session: &SessionReport,
        anchor: Arc<Reading>,
        name: &str,
        sent: &[Arc<Reading>],
    ) -> Option<(&'static str, String)> {
        let demand = Demand {
            at: session.start,
            name: Some(name),
            is_client: false,
            has_roots: true,
            roots: "DANE",
        };
        let store = Store::only(anchor);
        let verdict = self.chains.judge(sent, &store, &self.shown, &demand);
        let against = verdict.faults.iter().find(|fault| fault.weighs(Weight::Refused))?;
        Some((against.reason.code(), against.message.clone()))
    }
}

/// Mail between servers (RFC 5321 §4.5.4.2).
const RELAY_PORT: u16 = 25;

/// The host whose records are meant: the one that was asked for, one that the server calls itself, or
/// the only one that the records are about.
fn tlsa_host(host: &Host, records: &[Tlsa]) -> Option<String> {
    let has = |name: &&str| records.iter().any(|record| record.host.eq_ignore_ascii_case(name));
    if let Some(name) = host.asked() {
        return Some(name.to_ascii_lowercase()).filter(|name| has(&name.as_str()));
    }
    if let Some(name) = host.names().find(has) {
        return Some(name.to_ascii_lowercase());
    }
    let first = records.first()?;
    records.iter().all(|record| record.host == first.host).then(|| first.host.clone())
}

/// An answer that was asked for twice has the same records twice.
fn distinct(records: impl Iterator<Item = Tlsa>) -> Vec<Tlsa> {
    let mut found: Vec<Tlsa> = Vec::new();
    for record in records {
        let same = |other: &Tlsa| {
            let of = |r: &Tlsa| (r.usage, r.selector, r.matching);
            of(other) == of(&record) && other.data == record.data
        };
        if found.len() < MOST_OF_HOST && !found.iter().any(same) {
            found.push(record);
        }
    }
    found
}

/// Records of one host that are held against its certificate: a zone has a handful.
pub(crate) const MOST_OF_HOST: usize = 64;

/// DANE-EE asks neither for names nor for dates nor for an issuer (RFC 7671 §5.1).
fn authenticated(validation: &mut Validation, message: &str) {
    let spoke = std::mem::take(&mut validation.problems);
    validation.notes.extend(
        spoke
            .into_iter()
            .map(|problem| format!("with DANE it does not matter that {}", problem.message)),
    );
    validation.status = ValidationStatus::Valid;
    validation.reason = None;
    validation.certificate = None;
    validation.trust = Some("DANE".to_owned());
    validation.message = format!("authenticated by DANE: {message}");
}

fn refused(validation: &mut Validation, reason: &'static str, message: &str) {
    validation.status = ValidationStatus::Invalid;
    validation.reason = Some(reason);
    validation.certificate = Some(0);
    validation.message = message.to_owned();
}
