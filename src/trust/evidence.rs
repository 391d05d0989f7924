//! What a session shows beside the certificates: which host was meant, and what the other side did.

use std::sync::Arc;

use super::names::{self, Naming};
use super::reading::Reading;
use crate::report::AlertLevel;
use crate::report::codes;
use crate::report::session::SessionReport;
use crate::report::validation::{Validation, ValidationStatus};
use crate::role::Role;
use crate::smtp::Verb;

/// Alerts that refuse a certificate (RFC 5246 §7.2.2, RFC 8446 §6.2).
const REFUSALS: [&str; 6] = [
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "unknown_ca",
];

/// The host that a client meant.
#[derive(Debug, Default)]
pub(super) struct Host {
    name: Option<(String, &'static str)>,
    /// What the server calls itself, in its greeting and its reply to EHLO.
    called: Vec<String>,
    sni: bool,
}

impl Host {
    /// The name of SNI; else the server's address, or a name that it gives itself, if its certificate
    /// has that. A client that asked for no name may have wanted any: what its certificate does not
    /// name is then no fault.
    pub(super) fn of(session: &SessionReport, own: Option<&Arc<Reading>>) -> Self {
        let asked = session.client_hello().and_then(|hello| hello.server_name.clone());
        let called: Vec<_> = called(session).collect();
        if let Some(name) = asked {
            return Self { name: Some((name, "sni")), called, sni: true };
        }
        let names = |host: &str| own.is_some_and(|own| names::naming(own, host) == Naming::Named);
        let address = session.server.0.ip().to_string();
        let found = if names(&address) {
            Some((address, "address"))
        } else {
            called.iter().find(|name| names(name)).map(|name| (name.clone(), "greeting"))
        };
        Self { name: found, called, sni: false }
    }

    /// The host that the certificate must name.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|(name, _)| name.as_str())
    }

    /// What tells it.
    pub(super) fn from(&self) -> Option<&'static str> {
        self.name.as_ref().map(|(_, from)| *from)
    }

    /// The name that was asked for.
    pub(super) fn asked(&self) -> Option<&str> {
        self.name().filter(|_| self.sni)
    }

    /// What the server calls itself.
    pub(super) fn called(&self) -> Option<&str> {
        self.called.first().map(String::as_str)
    }

    /// All names that may be meant.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.name().into_iter().chain(self.called.iter().map(String::as_str))
    }

    /// The sentence where nothing tells the name.
    pub(super) fn unknown(&self, own: Option<&Reading>) -> Option<String> {
        if self.name.is_some() {
            return None;
        }
        let called = self
            .called()
            .map_or_else(String::new, |name| format!("; the server calls itself \"{name}\""));
        Some(format!(
            "the client asked for no name (no SNI), so which name it wanted does not show; the certificate is for {}{called}",
            own.map(names::list).unwrap_or_default()
        ))
    }
}

/// The first word of the greeting (RFC 5321 §4.2) and of the reply to EHLO.
fn called(session: &SessionReport) -> impl Iterator<Item = String> {
    let smtp = session.smtp.as_ref();
    let greeting =
        smtp.and_then(|smtp| smtp.greeting.as_ref()).map(|greeting| greeting.text.as_str());
    let ehlo =
        smtp.into_iter().flat_map(|smtp| &smtp.exchanges).find(|e| e.verb == Some(Verb::Ehlo));
    let ehlo = ehlo.and_then(|ehlo| ehlo.reply.as_ref()).and_then(|reply| reply.lines.first());
    let lines = greeting.into_iter().chain(ehlo.map(|line| line.as_str()));
    let words = lines.filter_map(|line| line.split_whitespace().next());
    words.filter(|word| word.contains('.')).map(str::to_owned)
}

fn refused(session: &SessionReport, by: Role) -> bool {
    let tls = session.tls.as_ref();
    tls.is_some_and(|tls| {
        tls.alerts.iter().any(|alert| {
            alert.from == by
                && alert.level == Some(AlertLevel::Fatal)
                && alert.description.as_deref().is_some_and(|text| REFUSALS.contains(&text))
        })
    })
}

/// What the client did with the server's certificates.
pub(super) fn client_did(session: &SessionReport) -> Option<&'static str> {
    let cause = session.diagnosis.as_ref().map(|diagnosis| diagnosis.cause.code);
    if refused(session, Role::Client) || cause == Some(codes::TLS_CERTIFICATE_NOT_ACCEPTED) {
        return Some("refused");
    }
    went_on(session)
}

/// What the server did with the client's.
pub(super) fn server_did(session: &SessionReport) -> Option<&'static str> {
    if refused(session, Role::Server) {
        return Some("refused");
    }
    went_on(session)
}

fn went_on(session: &SessionReport) -> Option<&'static str> {
    let tls = session.tls.as_ref()?;
    (tls.handshake_complete && tls.has_application_data).then_some("accepted")
}

/// What it means that the other side did so: the end of a sentence.
pub(super) fn meaning(validation: &Validation, who: &str) -> &'static str {
    match (validation.peer, validation.status, who) {
        (Some("refused"), ValidationStatus::Valid, "client") => {
            ". The client refused all the same: it trusts other roots, wanted another name, or its clock differs"
        }
        (Some("refused"), ValidationStatus::Valid, _) => {
            ". The server refused all the same: it trusts other roots, or its clock differs"
        }
        (Some("accepted"), ValidationStatus::Invalid, "client") => {
            ". The client went on: it does not verify (opportunistic TLS, RFC 7435), or trusts what is not given here; the session is no failure"
        }
        (Some("accepted"), ValidationStatus::Invalid, _) => {
            ". The server went on: it does not verify clients, or trusts what is not given here"
        }
        _ => "",
    }
}
