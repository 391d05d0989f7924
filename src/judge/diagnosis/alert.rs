//! What a fatal alert means in its surroundings: alerts are few and vague, what came before them
//! says the rest.

use super::case::{Case, step};
use super::offer;
use crate::judge::certificate::{Oddity, oddities, without_name};
use crate::judge::security;
use crate::report::codes::{self, Code};
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::tls::AlertLevel;
use crate::role::Role;
use crate::tls::names::AlertDescription;
use crate::tls::{Alert, TlsFacts};

/// Primes of Diffie-Hellman below this many bits are refused by current clients (OpenSSL's security
/// level 2, RFC 9325 §4.2).
const LEAST_DH_BITS: u16 = 2048;

/// A fatal alert in its surroundings.
pub(super) struct Alarm<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) facts: &'a TlsFacts,
    pub(super) alert: &'a Alert,
}

impl Alarm<'_> {
    pub(super) fn causes(&self) -> Vec<Cause> {
        let description = self.alert.description.unwrap_or_default();
        let mut causes = match (description.0, self.alert.from) {
            (40 | 71, Role::Server) if self.facts.server_hello.is_none() => self.nothing_shared(),
            (70, _) => vec![self.cause(codes::TLS_NO_SHARED_VERSION, self.versions())],
            (116, _) => vec![self.client_certificate()],
            (40..=46 | 48 | 49, Role::Server) if self.facts.client_certificate_requested => {
                vec![self.client_certificate()]
            }
            (40 | 71, Role::Client) => self.server_choice(),
            (41..=46 | 48, Role::Client) => self.server_certificate(description),
            (48, Role::Server) => vec![self.cause(codes::TLS_UNKNOWN_CA, String::new())],
            (112, _) => vec![self.cause(codes::TLS_UNRECOGNIZED_NAME, self.asked_for())],
            (120, _) => vec![self.cause(codes::TLS_NO_APPLICATION_PROTOCOL, self.protocols())],
            (86, _) => vec![self.cause(codes::TLS_INAPPROPRIATE_FALLBACK, self.versions())],
            (20 | 21 | 51, _) => vec![self.cause(codes::TLS_KEYS_DISAGREE, self.step())],
            _ => vec![self.cause(codes::TLS_ALERT, self.step())],
        };
        causes.extend(self.without_name(description));
        causes
    }

    /// A cause that the alert itself names, with what more there is to say.
    fn cause(&self, code: Code, more: String) -> Cause {
        Cause::new(code, Likelihood::Certain, self.sentence(&more)).at(self.alert.at.frame)
    }

    fn sentence(&self, more: &str) -> String {
        let description = self.alert.description.unwrap_or_default();
        let level = self.alert.level.map_or(AlertLevel::Unknown, AlertLevel::from).name();
        let alert = format!("the {} sent the alert {level} {description}", self.alert.from.name());
        if more.is_empty() { alert } else { format!("{alert}: {more}") }
    }

    /// The server found nothing in the offer that it accepts, and does not say what is missing.
    fn nothing_shared(&self) -> Vec<Cause> {
        let Some(hello) = &self.facts.client_hello else {
            return vec![self.cause(codes::TLS_ALERT, self.step())];
        };
        let mut gaps = offer::gaps(hello).into_iter();
        let likeliest = gaps
            .next()
            .map(|gap| Cause::new(gap.code, Likelihood::Likely, self.sentence(&gap.message)));
        let others = gaps
            .map(|gap| Cause::new(gap.code, Likelihood::Possible, format!("or {}", gap.message)));
        let causes = likeliest.into_iter().chain(others);
        causes.map(|cause| cause.at(self.alert.at.frame)).collect()
    }

    fn versions(&self) -> String {
        let hello = self.facts.client_hello.as_ref();
        hello.map_or_else(|| "unknown versions".into(), offer::version_list)
    }

    fn client_certificate(&self) -> Cause {
        if self.facts.client_certificate_sent {
            let more = "it does not accept the client's certificate".to_string();
            return self.cause(codes::TLS_CLIENT_CERTIFICATE_REJECTED, more);
        }
        let more = "it asked for a client certificate, and the client has sent none".to_string();
        self.cause(codes::TLS_CLIENT_CERTIFICATE_REQUIRED, more)
    }

    /// The client does not like what the server chose, and does not say what of it.
    fn server_choice(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        if security::lacks_secure_renegotiation(self.facts) {
            let more = "the server does not support secure renegotiation (RFC 5746), which OpenSSL 3 demands";
            causes.push(self.likely(codes::TLS_INSECURE_RENEGOTIATION, more));
        }
        if let Some(bits) = self.facts.dh_prime_bits.filter(|&bits| bits < LEAST_DH_BITS) {
            let more = format!(
                "the prime of the server's Diffie-Hellman group has {bits} bits, current clients want {LEAST_DH_BITS}"
            );
            causes.push(self.likely(codes::TLS_WEAK_DH, &more));
        }
        let odd = oddities(self.case.session, self.facts);
        causes.extend(odd.into_iter().map(|oddity| self.possible(oddity)));
        causes.push(Cause {
            likelihood: if causes.is_empty() { Likelihood::Certain } else { Likelihood::Possible },
            ..self.cause(codes::TLS_ALERT, self.step())
        });
        causes
    }

    fn likely(&self, code: Code, more: &str) -> Cause {
        Cause { likelihood: Likelihood::Likely, ..self.cause(code, more.to_owned()) }
    }

    fn possible(&self, oddity: Oddity) -> Cause {
        let frame = self.facts.certificate_at.map(|at| at.frame);
        Cause::new(oddity.code, Likelihood::Possible, oddity.message).at(frame)
    }

    /// The client refuses the server's certificate: the alert says why, or what is odd about the
    /// certificate does.
    fn server_certificate(&self, description: AlertDescription) -> Vec<Cause> {
        let odd = oddities(self.case.session, self.facts);
        let is_self_signed =
            odd.iter().any(|oddity| oddity.code == codes::TLS_SELF_SIGNED_CERTIFICATE);
        let (code, likelihood) = match (description.0, odd.first()) {
            (45, _) => (codes::TLS_CERTIFICATE_EXPIRED, Likelihood::Certain),
            (48, _) if is_self_signed => (codes::TLS_SELF_SIGNED_CERTIFICATE, Likelihood::Certain),
            (48, _) => (codes::TLS_UNKNOWN_CA, Likelihood::Certain),
            // unsupported_certificate is said of a purpose that is not the server's.
            (43, Some(oddity)) if oddity.code == codes::TLS_CERTIFICATE_PURPOSE => {
                (oddity.code, Likelihood::Certain)
            }
            // Else it and certificate_revoked say what they mean.
            (43 | 44, _) => (codes::TLS_CERTIFICATE_REJECTED, Likelihood::Certain),
            (_, Some(oddity)) => (oddity.code, Likelihood::Likely),
            (_, None) => (codes::TLS_UNKNOWN_CA, Likelihood::Likely),
        };
        let sent = self.case.session.tls.as_ref().map_or(&[][..], |tls| &tls.certificates);
        let named = sent.first().map(|one| format!("the certificate is {}", one.named()));
        let chain =
            chain(sent.len()).filter(|_| (code, description.0) == (codes::TLS_UNKNOWN_CA, 48));
        let told = odd.iter().map(|oddity| oddity.message.clone());
        let in_order = (likelihood == Likelihood::Likely && odd.is_empty()).then(|| {
            match without_name(self.facts) {
                None => "its dates, name, key, signature and purpose are in order, so the client most likely does not trust its issuer".to_owned(),
                Some(unnamed) => format!(
                    "its dates, key, signature and purpose are in order; {unnamed}: either the client does not trust its issuer, or it wanted another name"
                ),
            }
        });
        let more: Vec<_> = named.into_iter().chain(chain).chain(told).chain(in_order).collect();
        let mut causes = vec![Cause { likelihood, ..self.cause(code, more.join("; ")) }];
        causes.extend(odd.into_iter().filter(|o| o.code != code).map(|o| self.possible(o)));
        if likelihood == Likelihood::Likely {
            let other = "or the client refuses the certificate for what does not show: revoked, pinned, DANE";
            let other = Cause::new(codes::TLS_CERTIFICATE_REJECTED, Likelihood::Possible, other);
            causes.push(other.at(self.alert.at.frame));
        }
        causes
    }

    fn asked_for(&self) -> String {
        match self.facts.client_hello.as_ref().and_then(|hello| hello.server_name.as_ref()) {
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
            Cause::new(codes::TLS_UNRECOGNIZED_NAME, Likelihood::Possible, message)
                .at(self.facts.client_hello_at.map(|at| at.frame))
        })
    }
}

/// Whether whoever does not know the issuer was shown its certificate.
fn chain(sent: usize) -> Option<String> {
    match sent {
        0 => None,
        1 => Some("it was sent alone, without that of its issuer".to_owned()),
        2 => Some("another was sent with it".to_owned()),
        more => Some(format!("{} others were sent with it", more - 1)),
    }
}
