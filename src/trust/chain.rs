//! The verdict on one chain.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::fault::{Fault, Reason, Weight};
use super::inspect::{self, Demand};
use super::path::{End, Path, Search, Signatures, Source, Step};
use super::reading::Reading;
use super::shown::Shown;
use super::signature::Signed;
use super::staple::Staple;
use super::store::Store;
use super::{MOST_SENT, names};
use crate::report::tls::CertificateReport;
use crate::report::validation::{PathStep, StapleReport, StapleStatus, ValidationStatus};

/// Certificates and opinions that are remembered: servers send the same ones again and again.
pub(super) const MOST_REMEMBERED: usize = 4096;

/// Judges chains, and remembers what costs.
#[derive(Debug, Default)]
pub(super) struct Chains {
    readings: HashMap<[u8; 32], Arc<Reading>>,
    signatures: Signatures,
    opinions: HashMap<[u8; 32], Option<String>>,
}

/// What a chain comes to.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) status: ValidationStatus,
    path: Option<Path>,
    /// In the order in which they are told.
    pub(super) faults: Vec<Fault>,
    pub(super) notes: Vec<String>,
    /// What rustls-webpki says against what we find in order.
    objection: Option<String>,
    has_roots: bool,
}

impl Chains {
    /// The certificates as they were sent. What was kept of them is read once.
    pub(super) fn read(&mut self, certificates: &[CertificateReport]) -> Vec<Arc<Reading>> {
        if self.readings.len() > MOST_REMEMBERED {
            self.readings.clear();
        }
        let sent = certificates.iter().take(MOST_SENT).filter(|one| !one.der.is_empty());
        sent.filter_map(|one| self.reading(&one.der)).collect()
    }

    fn reading(&mut self, der: &[u8]) -> Option<Arc<Reading>> {
        let sha256 = Sha256::digest(der).into();
        if let Some(known) = self.readings.get(&sha256) {
            return Some(Arc::clone(known));
        }
        let reading = Arc::new(Reading::of(der)?);
        self.readings.insert(sha256, Arc::clone(&reading));
        Some(reading)
    }

    /// Judges a chain.
    pub(super) fn judge(
        &mut self,
        sent: &[Arc<Reading>],
        store: &Store,
        shown: &Shown,
        demand: &Demand<'_>,
    ) -> Verdict {
        let mut found = self.best(sent, store, &[], demand);
        let is_cut = |found: &Option<(Path, Vec<Fault>)>| {
            found.as_ref().is_some_and(|(path, _)| matches!(path.end, End::NoIssuer))
        };
        let mut missing = None;
        if is_cut(&found) && !shown.is_empty() {
            let others = self.best(sent, store, shown.steps(), demand);
            let adds = |(path, _): &(Path, Vec<Fault>)| {
                path.steps.iter().any(|step| matches!(step.source, Source::Capture(_)))
            };
            if let Some(other) = others.filter(adds) {
                missing = missing_issuer(&other.0);
                found = Some(other);
            }
        }
        let Some((path, mut faults)) = found else { return Verdict::nothing() };
        let mut notes = inspect::remarks(&path, sent);
        match missing {
            // Whether the issuer is trusted, nobody can tell without roots.
            Some(fault) if demand.has_roots => faults.push(fault),
            Some(fault) => notes.push(fault.message),
            None => notes.extend(sent_alone(&path, demand)),
        }
        faults.sort_by_key(|fault| fault.reason);
        let objection = self.objection(&path, &faults, demand);
        let mut verdict = Verdict {
            status: ValidationStatus::NotChecked,
            path: Some(path),
            faults,
            notes,
            objection,
            has_roots: demand.has_roots,
        };
        verdict.status = verdict.decide();
        verdict
    }

    /// The path against which least speaks; of those that lead nowhere the longest.
    fn best(
        &mut self,
        sent: &[Arc<Reading>],
        store: &Store,
        others: &[Step],
        demand: &Demand<'_>,
    ) -> Option<(Path, Vec<Fault>)> {
        let search =
            Search { sent, store, others, signatures: &mut self.signatures, found: Vec::new() };
        let judged = search.run().into_iter().map(|path| {
            let faults = inspect::faults(&path, demand);
            (path, faults)
        });
        judged.min_by_key(|(path, faults)| {
            let count = |weight| faults.iter().filter(|fault| fault.weighs(weight)).count();
            let len = path.steps.len();
            let reach = if path.is_trusted() { 0 } else { usize::MAX - len };
            (reach, count(Weight::Refused), count(Weight::Open), count(Weight::Disputed), len)
        })
    }

    /// Asks rustls-webpki where nothing speaks against a path that is trusted.
    fn objection(&mut self, path: &Path, faults: &[Fault], demand: &Demand<'_>) -> Option<String> {
        let is_refused = faults.iter().any(|fault| !fault.weighs(Weight::Disputed));
        if is_refused || !path.is_trusted() {
            return None;
        }
        let is_named = |name: &&str| {
            path.steps
                .first()
                .is_some_and(|step| names::naming(&step.reading, name) == names::Naming::Named)
        };
        let name = demand.name.filter(is_named);
        let mut key = Sha256::new();
        path.steps.iter().for_each(|step| key.update(step.reading.certificate.sha256));
        key.update([u8::from(demand.is_client)]);
        key.update(name.unwrap_or_default());
        if self.opinions.len() > MOST_REMEMBERED {
            self.opinions.clear();
        }
        // That the dates fit was seen before, and nothing else changes with time.
        let ask = || objection(path, name, demand);
        self.opinions.entry(key.finalize().into()).or_insert_with(ask).clone()
    }
}

#[cfg(feature = "certificates")]
fn objection(path: &Path, name: Option<&str>, demand: &Demand<'_>) -> Option<String> {
    super::second::objection(&path.steps, name, demand.at, demand.is_client)
}

#[cfg(not(feature = "certificates"))]
fn objection(_: &Path, _: Option<&str>, _: &Demand<'_>) -> Option<String> {
    None
}

/// The first certificate that this side did not send, and that another session shows.
fn missing_issuer(path: &Path) -> Option<Fault> {
    let place = path.steps.iter().position(|step| matches!(step.source, Source::Capture(_)))?;
    let (below, issuer) = (path.steps.get(place.checked_sub(1)?)?, path.steps.get(place)?);
    let Source::Capture(session) = issuer.source else { return None };
    let end = if path.is_trusted() { "; with it the chain leads to what is trusted" } else { "" };
    let message = format!(
        "{} was sent without the intermediate certificate of its issuer {}, which session {session} shows{end}",
        inspect::described(below),
        issuer.reading.named()
    );
    Some(Fault::new(Reason::IssuerMissing, below.source, &below.reading, message))
}

/// Without roots nobody can tell whether the issuer of a certificate that was sent alone is a root.
fn sent_alone(path: &Path, demand: &Demand<'_>) -> Option<String> {
    let [only] = path.steps.as_slice() else { return None };
    let is_cut = matches!(path.end, End::NoIssuer) && !demand.has_roots;
    let issuer = &only.reading.certificate.issuer;
    is_cut.then(|| {
        format!("it was sent alone, without the certificate of its issuer \"{issuer}\": whoever does not have that cannot verify it")
    })
}

impl Verdict {
    fn nothing() -> Self {
        Self {
            status: ValidationStatus::NotChecked,
            path: None,
            faults: Vec::new(),
            notes: Vec::new(),
            objection: None,
            has_roots: false,
        }
    }

    fn decide(&self) -> ValidationStatus {
        let has = |weight| self.faults.iter().any(|fault| fault.weighs(weight));
        let is_open = has(Weight::Open) || self.objection.is_some() || !self.has_roots;
        match has(Weight::Refused) {
            true => ValidationStatus::Invalid,
            false if is_open => ValidationStatus::NotChecked,
            false => ValidationStatus::Valid,
        }
    }

    /// The certificate of the one who sent the chain.
    pub(super) fn own(&self) -> Option<&Reading> {
        Some(&self.path.as_ref()?.steps.first()?.reading)
    }

    /// The first reason against the chain.
    pub(super) fn first(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// Its code.
    pub(super) fn reason(&self) -> Option<&'static str> {
        let objects = self.objection.as_ref().map(|_| "verifiers_differ");
        self.first().map(|fault| fault.reason.code()).or(objects)
    }

    /// The verdict in a sentence.
    pub(super) fn message(&self) -> String {
        if let Some(objection) = &self.objection {
            return format!(
                "nothing speaks against the chain here, and rustls-webpki says: {objection}"
            );
        }
        let against: Vec<_> = self.faults.iter().map(|fault| fault.message.as_str()).collect();
        let against = against.join("; ");
        match self.status {
            ValidationStatus::Valid if against.is_empty() => self.in_order(),
            ValidationStatus::Valid => format!("{}; some verifiers refuse: {against}", self.in_order()),
            _ if against.is_empty() => {
                "nothing speaks against the certificates in themselves; whether they are trusted needs roots (--ca)".into()
            }
            _ => against,
        }
    }

    fn in_order(&self) -> String {
        let top = self.path.as_ref().and_then(Path::top);
        let top = top.map_or_else(String::new, |top| top.reading.named());
        format!("the chain leads to {top}, which is trusted, and nothing speaks against it")
    }

    /// The path in the report.
    pub(super) fn path_report(&self) -> Vec<PathStep> {
        let steps = self.path.iter().flat_map(|path| &path.steps);
        let told = steps.map(|step| {
            let (from, certificate, session) = match step.source {
                Source::Sent(place) => ("sent", Some(place), None),
                Source::Trusted => ("trusted", None, None),
                Source::Capture(session) => ("capture", None, Some(session)),
            };
            PathStep::new(step.reading.certificate.subject.clone(), from, certificate, session)
        });
        told.collect()
    }

    /// Takes the OCSP response that was sent along into account.
    pub(super) fn add_staple(&mut self, der: &[u8], demand: &Demand<'_>) -> Option<StapleReport> {
        let path = self.path.as_ref()?;
        let own = path.steps.first()?;
        let Some(staple) = Staple::of(der, &own.reading) else {
            self.faults.extend(must_staple(own, der));
            self.status = self.decide();
            return None;
        };
        let issuer = path.steps.get(1);
        let is_proven =
            issuer.is_some_and(|issuer| staple.is_signed_by(&issuer.reading) == Signed::Yes);
        self.faults.extend(of_staple(own, &staple, demand, is_proven));
        self.faults.sort_by_key(|fault| fault.reason);
        self.status = self.decide();
        Some(staple.report())
    }
}

/// RFC 7633 §4.2.3.
fn must_staple(own: &Step, der: &[u8]) -> Option<Fault> {
    let what = if der.is_empty() { "none was sent" } else { "what was sent is not about it" };
    let message = format!(
        "{} demands a stapled OCSP response (must-staple), and {what}",
        inspect::described(own)
    );
    own.reading
        .must_staple
        .then(|| Fault::new(Reason::MustStaple, own.source, &own.reading, message))
}

fn of_staple(own: &Step, staple: &Staple, demand: &Demand<'_>, is_proven: bool) -> Option<Fault> {
    let named = inspect::described(own);
    let tell = |reason, message| Some(Fault::new(reason, own.source, &own.reading, message));
    if staple.status == StapleStatus::Revoked && is_proven {
        let since =
            staple.revoked_at.map_or_else(String::new, |at| format!(" since {}", inspect::day(at)));
        return tell(
            Reason::Revoked,
            format!("{named} is revoked{since}: the stapled OCSP response says so"),
        );
    }
    let next = staple.next_update.filter(|_| staple.is_old(demand.at))?;
    let message = format!(
        "the stapled OCSP response for {named} is out of date: it expired on {}",
        inspect::day(next)
    );
    tell(Reason::StapleExpired, message)
}
