//! Why a TLS handshake failed: who stopped it, after what, and what was odd about what the other
//! side had shown.

use super::super::session::handshake_message;
use super::certificate::oddities;
use super::{Case, Cause, Likelihood, seconds};
use crate::flow::Closing;
use crate::moment::Moment;
use crate::role::Role;
use crate::tls::names::{AlertDescription, ProtocolVersion};
use crate::tls::suite::SuiteId;
use crate::tls::{Alert, TlsFacts};

/// A silence in a handshake so long that the side that ended it must have given up, in ns (5 s).
const SILENCE: i64 = 5_000_000_000;

/// Suites named in a sentence; of more the number is enough.
const MOST_NAMED: usize = 4;

/// Why the handshake failed, if it did.
pub(super) fn causes(case: &Case<'_>) -> Vec<Cause> {
    let Some(facts) = case.tls else { return Vec::new() };
    if let Some(cause) = other_language(case, facts) {
        return vec![cause];
    }
    if let Some(alert) = facts.alerts.iter().find(|alert| is_fatal(alert)) {
        return Alarm { case, facts, alert }.causes();
    }
    if super::super::verdict::is_established(facts) {
        return Vec::new();
    }
    by_end(case, facts)
}

/// An alert that ends a connection: close_notify and user_canceled do not say that anything failed,
/// and a warning may be passed over.
fn is_fatal(alert: &Alert) -> bool {
    let harmless =
        alert.description.is_none_or(|description| matches!(description.0, 0 | 90 | 100));
    !harmless && alert.level != Some(1)
}

/// One side speaks TLS, the other SMTP.
fn other_language(case: &Case<'_>, facts: &TlsFacts) -> Option<Cause> {
    let server = case.session.server.0;
    if let Some(at) = facts.not_tls.server.filter(|_| facts.server_hello.is_none()) {
        let message = format!(
            "the client begins TLS at once, but {server} answers in plain text{}",
            said(case, Role::Server)
        );
        return Some(
            Cause::new("tls.tls_to_plaintext_port", Likelihood::Certain, message).at(at.frame),
        );
    }
    let at = facts.not_tls.client.filter(|_| facts.client_hello.is_none())?;
    let message = format!("the client speaks plain text where {server} expects TLS");
    Some(Cause::new("tls.plaintext_to_tls_port", Likelihood::Certain, message).at(at.frame))
}

/// What a side said in plain text, for a sentence.
fn said(case: &Case<'_>, who: Role) -> String {
    let text = case.last_event(who, "smtp.").and_then(|entry| entry.detail.as_deref());
    text.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// A fatal alert in its surroundings.
struct Alarm<'a> {
    case: &'a Case<'a>,
    facts: &'a TlsFacts,
    alert: &'a Alert,
}

impl Alarm<'_> {
    fn causes(&self) -> Vec<Cause> {
        let description = self.alert.description.unwrap_or_default();
        let mut causes = match (description.0, self.alert.from) {
            (40 | 71, Role::Server) if self.facts.server_hello.is_none() => self.nothing_shared(),
            (70, _) => vec![self.cause("tls.no_shared_version", self.versions())],
            (116, _) => vec![self.client_certificate()],
            (40..=46 | 48 | 49, Role::Server) if self.facts.client_certificate_requested => {
                vec![self.client_certificate()]
            }
            (41..=46 | 48, Role::Client) => self.server_certificate(description),
            (48, Role::Server) => vec![self.cause("tls.unknown_ca", String::new())],
            (112, _) => vec![self.cause("tls.unrecognized_name", self.asked_for())],
            (120, _) => vec![self.cause("tls.no_application_protocol", self.protocols())],
            (86, _) => vec![self.cause("tls.inappropriate_fallback", String::new())],
            (20 | 21 | 51, _) => vec![self.cause("tls.keys_disagree", String::new())],
            _ => vec![self.cause("tls.alert", self.step())],
        };
        causes.extend(self.without_name(description));
        causes
    }

    /// A cause that the alert itself names, with what more there is to say.
    fn cause(&self, code: &'static str, more: String) -> Cause {
        Cause::new(code, Likelihood::Certain, self.sentence(&more)).at(self.alert.at.frame)
    }

    fn sentence(&self, more: &str) -> String {
        let description = self.alert.description.unwrap_or_default();
        let level = self.alert.level.map_or("unknown", super::super::tls::level_name);
        let alert = format!("the {} sent the alert {level} {description}", self.alert.from.name());
        if more.is_empty() { alert } else { format!("{alert}: {more}") }
    }

    fn nothing_shared(&self) -> Vec<Cause> {
        let hello = self.facts.client_hello.as_ref();
        let suites = hello.map_or(&[][..], |hello| &hello.cipher_suites);
        let message = format!("it accepts none of the cipher suites offered ({})", offer(suites));
        let shared =
            Cause::new("tls.no_shared_cipher", Likelihood::Likely, self.sentence(&message));
        let other =
            format!("or no version, group or signature algorithm is shared: {}", self.versions());
        let version = Cause::new("tls.no_shared_version", Likelihood::Possible, other);
        vec![shared.at(self.alert.at.frame), version.at(self.alert.at.frame)]
    }

    fn versions(&self) -> String {
        let Some(hello) = &self.facts.client_hello else { return "unknown versions".into() };
        let mut offered: Vec<ProtocolVersion> = hello.supported_versions.clone();
        offered.retain(|version| !crate::tls::names::is_grease(version.0));
        if offered.is_empty() {
            return format!("the client offers versions up to {}", hello.highest_version());
        }
        let names: Vec<_> = offered.iter().map(ToString::to_string).collect();
        format!("the client offers {}", names.join(", "))
    }

    fn client_certificate(&self) -> Cause {
        if self.facts.client_certificate_sent {
            let more = "it does not accept the client's certificate".to_string();
            return self.cause("tls.client_certificate_rejected", more);
        }
        let more = "it asked for a client certificate, and the client has sent none".to_string();
        self.cause("tls.client_certificate_required", more)
    }

    /// The client refuses the server's certificate: the alert says why, or what is odd about the
    /// certificate does.
    fn server_certificate(&self, description: AlertDescription) -> Vec<Cause> {
        let of = self.case.session.tls.as_ref().and_then(|tls| tls.certificates.first());
        let named = of.map(|certificate| format!("the certificate is {}", certificate.named()));
        let named = named.unwrap_or_default();
        let odd = oddities(self.case.session, self.facts);
        let told = match description.0 {
            48 => "tls.unknown_ca",
            45 => "tls.certificate_expired",
            _ => "tls.certificate_rejected",
        };
        let is_told = |code: &str| code == told;
        let more: Vec<_> = odd.iter().map(|oddity| oddity.message.clone()).collect();
        let more = [vec![named], more].concat().join("; ");
        let mut causes = vec![self.cause(told, more)];
        let frame = self.facts.certificate_at.map(|at| at.frame);
        causes.extend(
            odd.into_iter()
                .filter(|oddity| !is_told(oddity.code))
                .map(|o| Cause::new(o.code, Likelihood::Possible, o.message).at(frame)),
        );
        causes
    }

    fn asked_for(&self) -> String {
        let name = self.facts.client_hello.as_ref().and_then(|hello| hello.server_name.as_ref());
        match name {
            Some(name) => format!("the client asked for \"{name}\""),
            None => "the client asked for no name (no SNI)".into(),
        }
    }

    fn protocols(&self) -> String {
        let offered = self.facts.client_hello.as_ref().map_or(&[][..], |hello| &hello.alpn);
        let names: Vec<_> = offered.iter().map(|p| String::from_utf8_lossy(p)).collect();
        format!("the client offers {}", names.join(", "))
    }

    fn step(&self) -> String {
        step(self.case, self.alert.from.peer())
    }

    /// Servers of many names answer a hello without one with all sorts of alerts.
    fn without_name(&self, description: AlertDescription) -> Option<Cause> {
        let hello = self.facts.client_hello.as_ref()?;
        let puzzled = self.alert.from == Role::Server && matches!(description.0, 40 | 80);
        let early = self.facts.server_hello.is_none() && hello.server_name.is_none();
        (puzzled && early).then(|| {
            let message = "the client asked for no name (no SNI); some servers want one";
            Cause::new("tls.unrecognized_name", Likelihood::Possible, message)
                .at(self.facts.client_hello_at.map(|at| at.frame))
        })
    }
}

/// The first suites of an offer by both of their names, and how many there are.
fn offer(suites: &[SuiteId]) -> String {
    let real: Vec<_> = suites
        .iter()
        .filter(|id| !crate::tls::names::is_grease(id.0) && !is_signal(**id))
        .collect();
    let named: Vec<_> = real.iter().take(MOST_NAMED).map(|id| both_names(**id)).collect();
    match real.len() {
        0 => "none at all".into(),
        n if n <= MOST_NAMED => named.join(", "),
        n => format!("{n}: {} ...", named.join(", ")),
    }
}

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV and TLS_FALLBACK_SCSV are signals (RFC 5746 §3.3, RFC 7507).
fn is_signal(id: SuiteId) -> bool {
    matches!(id.0, 0x00FF | 0x5600)
}

fn both_names(id: SuiteId) -> String {
    match id.suite().and_then(|suite| suite.openssl().filter(|&name| name != suite.name)) {
        Some(openssl) => format!("{id} = {openssl}"),
        None => id.to_string(),
    }
}

/// No alert says why: who ended it, and how?
fn by_end(case: &Case<'_>, facts: &TlsFacts) -> Vec<Cause> {
    let (by, code, deed) = match case.tcp.closing() {
        Closing::Rst(by) => (by, "tls.reset_in_handshake", "reset"),
        Closing::Fin(by) => (by, "tls.closed_in_handshake", "closed"),
        Closing::Open => return Vec::new(),
    };
    let ended = match deed {
        "reset" => case.tcp.rst[by],
        _ => case.tcp.fin[by],
    };
    let waited = ended.zip(last_tls(case)).map_or(0, |(end, last)| end.ts - last.ts);
    let frame = ended.map(|at| at.frame);
    let mut causes = Vec::new();
    if waited >= SILENCE {
        let silent = by.peer();
        let message = format!(
            "the {} said nothing for {} {}, then the {} {deed} the connection",
            silent.name(),
            seconds(waited),
            step(case, by),
            by.name()
        );
        causes.push(Cause::new("tls.silence_in_handshake", Likelihood::Certain, message).at(frame));
    }
    let message = format!(
        "the {} {deed} the connection {} without an alert",
        by.name(),
        step(case, by.peer())
    );
    let likelihood = if causes.is_empty() { Likelihood::Certain } else { Likelihood::Possible };
    causes.push(Cause::new(code, likelihood, message).at(frame));
    let after_certificate = by == Role::Client && facts.certificate_at.is_some();
    if after_certificate && facts.client_key_exchange_at.is_none() {
        causes.extend(oddities(case.session, facts).into_iter().map(|oddity| {
            Cause::new(oddity.code, Likelihood::Possible, oddity.message)
                .at(facts.certificate_at.map(|at| at.frame))
        }));
    }
    if facts.client_certificate_requested && !facts.client_certificate_sent && by == Role::Server {
        let message = "the server asked for a client certificate, and the client has sent none";
        causes.push(
            Cause::new("tls.client_certificate_required", Likelihood::Possible, message).at(frame),
        );
    }
    causes
}

fn last_tls(case: &Case<'_>) -> Option<Moment> {
    let last = Role::BOTH.map(|role| case.last_event(role, "tls.").map(|entry| entry.at));
    last.into_iter().flatten().max()
}

/// Where the handshake stood: "after the server's ServerHelloDone".
fn step(case: &Case<'_>, of: Role) -> String {
    match case.last_event(of, "tls.") {
        Some(entry) => format!("after the {}'s {}", of.name(), message(entry.event)),
        None => format!("before the {} had said anything in TLS", of.name()),
    }
}

fn message(event: &'static str) -> &'static str {
    let other = if event == "tls.alert" { "alert" } else { "last record" };
    handshake_message(event).unwrap_or(other)
}
