//! The JSON report of SMTP TLS Reporting (RFC 8460 §4.4), of what the sessions between servers show.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::Renderer;
use crate::moment::Timestamp;
use crate::report::validation::{DaneStatus, StsStatus};
use crate::report::{Conclusion, Outcome, SessionReport, StartTls, Validation};

/// Mail between servers: submission has no such policies.
const RELAY_PORT: u16 = 25;

/// Policies, and kinds of failure, that a report has: further sessions are left out of it.
pub(super) const MOST_POLICIES: usize = 4096;

/// A policy as the report names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Policy {
    kind: &'static str,
    strings: Vec<String>,
    domain: String,
    mx: Option<String>,
}

/// A failure, but for how often.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Failure {
    result: &'static str,
    client: String,
    mx: Option<String>,
    server: String,
    more: String,
}

#[derive(Default)]
struct Count {
    successes: u64,
    failures: BTreeMap<Failure, u64>,
}

/// Collects sessions, and writes the report at the end.
#[derive(Default)]
pub struct TlsReporting {
    policies: BTreeMap<Policy, Count>,
    span: Option<(Timestamp, Timestamp)>,
    sender: Option<String>,
}

impl Renderer for TlsReporting {
    fn session(&mut self, session: SessionReport, _: &mut dyn Write) -> io::Result<()> {
        self.count(&session);
        Ok(())
    }

    fn finish(&mut self, _: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &self.document())?;
        writeln!(out)
    }
}

impl TlsReporting {
    fn count(&mut self, session: &SessionReport) {
        if session.server.0.port() != RELAY_PORT {
            return;
        }
        let Some(result) = result(session) else { return };
        let policy = policy(session);
        if self.policies.len() >= MOST_POLICIES && !self.policies.contains_key(&policy) {
            return;
        }
        let (first, last) = self.span.unwrap_or((session.start, session.start));
        self.span = Some((first.min(session.start), last.max(session.start)));
        let helo = session.smtp.as_ref().and_then(|smtp| smtp.helo.as_ref());
        self.sender = self.sender.take().or_else(|| helo.map(|helo| helo.name.clone()));
        let mx = policy.mx.clone();
        let count = self.policies.entry(policy).or_default();
        let Some((result, more)) = result.failure else {
            count.successes += 1;
            return;
        };
        let failure = Failure {
            result,
            client: session.client.0.ip().to_string(),
            mx,
            server: session.server.0.ip().to_string(),
            more,
        };
        if count.failures.len() < MOST_POLICIES || count.failures.contains_key(&failure) {
            *count.failures.entry(failure).or_default() += 1;
        }
    }

    fn document(&self) -> Value {
        let (first, last) = self.span.unwrap_or_default();
        let sender = self.sender.as_deref().unwrap_or("unknown");
        let policies: Vec<_> =
            self.policies.iter().map(|(policy, count)| one(policy, count)).collect();
        json!({
            "organization-name": sender,
            "date-range": { "start-datetime": second(first), "end-datetime": second(last) },
            "contact-info": "made from a packet capture; the sender's postmaster",
            "report-id": format!("{}_{sender}_smtp-decrypt", second(first)),
            "policies": policies,
        })
    }
}

fn one(policy: &Policy, count: &Count) -> Value {
    let details: Vec<_> =
        count.failures.iter().map(|(failure, times)| detail(failure, *times)).collect();
    let failed: u64 = count.failures.values().sum();
    let mut named = json!({ "policy-type": policy.kind, "policy-domain": policy.domain });
    if !policy.strings.is_empty() {
        named["policy-string"] = json!(policy.strings);
    }
    if let Some(mx) = &policy.mx {
        named["mx-host"] = json!([mx]);
    }
    json!({
        "policy": named,
        "summary": {
            "total-successful-session-count": count.successes,
            "total-failure-session-count": failed,
        },
        "failure-details": details,
    })
}

fn detail(failure: &Failure, times: u64) -> Value {
    let mut told = json!({
        "result-type": failure.result,
        "sending-mta-ip": failure.client,
        "receiving-ip": failure.server,
        "failed-session-count": times,
        "failure-reason-code": failure.more,
    });
    if let Some(mx) = &failure.mx {
        told["receiving-mx-hostname"] = json!(mx);
    }
    told
}

/// RFC 3339 without a fraction.
fn second(at: Timestamp) -> String {
    let exact = at.to_string();
    exact.split_once('.').map_or_else(|| exact.clone(), |(second, _)| format!("{second}Z"))
}

/// What a session shows of TLS.
struct Shown {
    failure: Option<(&'static str, String)>,
}

/// None if a session shows nothing of it: no dialogue, a probe, or a capture that is cut.
fn result(session: &SessionReport) -> Option<Shown> {
    if matches!(session.outcome, Outcome::Probe | Outcome::Unanswered | Outcome::Incomplete) {
        return None;
    }
    let failed = |result, more: &str| Some(Shown { failure: Some((result, more.to_owned())) });
    let Some(tls) = &session.tls else {
        let smtp = session.smtp.as_ref().filter(|smtp| smtp.helo.is_some())?;
        return match smtp.starttls {
            StartTls::NotOffered => failed("starttls-not-supported", "STARTTLS was not offered"),
            StartTls::Refused => failed("starttls-not-supported", "STARTTLS was refused"),
            // The client did not want it: no failure of the receiver.
            _ => None,
        };
    };
    let validation = tls.validation.as_ref();
    if let Some((result, more)) = validation.and_then(of_policy) {
        return failed(result, &more);
    }
    if tls.handshake_complete {
        return Some(Shown { failure: None });
    }
    let cause = session.diagnosis.as_ref().map_or("the handshake failed", |d| d.cause.code.name());
    match validation.filter(|validation| validation.peer == Some("refused")) {
        Some(validation) => failed(of_reason(validation.reason), cause),
        None => failed("validation-failure", cause),
    }
}

/// What a policy that was given makes of a session (RFC 8460 §4.3).
fn of_policy(validation: &Validation) -> Option<(&'static str, String)> {
    if let Some(dane) = validation.dane.as_ref().filter(|dane| dane.status == DaneStatus::Mismatch)
    {
        let result = match validation.reason {
            Some("dane_mismatch") => "validation-failure",
            reason => of_reason(reason),
        };
        return Some((result, dane.message.clone()));
    }
    let sts = validation.mta_sts.as_ref()?;
    match sts.status {
        StsStatus::MxNotListed => Some(("validation-failure", sts.message.clone())),
        StsStatus::CertificateInvalid => Some((of_reason(validation.reason), sts.message.clone())),
        _ => None,
    }
}

fn of_reason(reason: Option<&str>) -> &'static str {
    match reason {
        Some("expired") => "certificate-expired",
        Some("name_mismatch") => "certificate-host-mismatch",
        Some(_) => "certificate-not-trusted",
        None => "validation-failure",
    }
}

fn policy(session: &SessionReport) -> Policy {
    let validation = session.tls.as_ref().and_then(|tls| tls.validation.as_ref());
    let dane = validation.and_then(|validation| validation.dane.as_ref());
    let sts = validation.and_then(|validation| validation.mta_sts.as_ref());
    let mx = mx(session);
    let domain = recipient_domain(session).or_else(|| mx.clone());
    let domain = domain.unwrap_or_else(|| session.server.0.ip().to_string());
    match (dane.filter(|dane| dane.status != DaneStatus::Insecure), sts) {
        (Some(dane), _) => Policy {
            kind: "tlsa",
            strings: dane.records.iter().map(|record| record.record.clone()).collect(),
            // RFC 8460 §4.4: of DANE, the base domain of the TLSA records.
            domain: dane
                .owner
                .trim_end_matches('.')
                .splitn(3, '.')
                .nth(2)
                .unwrap_or(&domain)
                .to_owned(),
            mx,
        },
        (None, Some(sts)) => {
            Policy { kind: "sts", strings: vec![format!("mode: {}", sts.mode.name())], domain, mx }
        }
        (None, None) => Policy { kind: "no-policy-found", strings: Vec::new(), domain, mx },
    }
}

/// The host that was asked for, or that the server calls itself.
fn mx(session: &SessionReport) -> Option<String> {
    let tls = session.tls.as_ref();
    let asked =
        tls.and_then(|tls| tls.client_hello.as_ref()).and_then(|hello| hello.server_name.clone());
    let greeting = session.smtp.as_ref().and_then(|smtp| smtp.greeting.as_ref());
    let called = greeting.and_then(|greeting| greeting.text.split_whitespace().next());
    asked.or_else(|| called.filter(|name| name.contains('.')).map(str::to_owned))
}

fn recipient_domain(session: &SessionReport) -> Option<String> {
    let transactions = session.smtp.iter().flat_map(|smtp| &smtp.transactions);
    let recipient = transactions.flat_map(|one| &one.to).next()?;
    recipient.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase())
}
