//! What the client met was not what it can work with, and it left.

use super::case::Case;
use crate::judge::certificate::oddities;
use crate::report::codes;
use crate::report::diagnosis::{Cause, Likelihood};
use crate::report::exchange::ConversationExchange;
use crate::report::smtp::SmtpReport;
use crate::role::Role;
use crate::smtp::{StartTls, Verb};
use crate::tls::facts::KeySearch;

/// What a client with a password can use (RFC 4616, RFC 2195, RFC 5802, RFC 2831; LOGIN was never
/// published).
const PASSWORDS: [&str; 4] = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"];

/// The no_renegotiation alert (RFC 5246 §7.2.2).
const NO_RENEGOTIATION: u16 = 100;

/// The client asked for new keys in the middle of the dialogue, was refused, and came to nothing.
pub(super) fn renegotiation_refused(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let facts = case.tls?;
    let asked = facts.renegotiation_asked?;
    let is_refusal = |alert: &&crate::tls::Alert| {
        alert.from == Role::Server && alert.description.is_some_and(|d| d.0 == NO_RENEGOTIATION)
    };
    let refused = facts.alerts.iter().find(is_refusal);
    let answer = match (refused, case.tcp.left_at(Role::Server)) {
        (Some(alert), _) => {
            format!("the server refused it (alert no_renegotiation, frame {})", alert.at.frame)
        }
        (None, Some(left)) if left > asked => {
            format!("the server did not take it up and left (frame {})", left.frame)
        }
        _ => return None,
    };
    let last = smtp.exchanges.iter().rev().find_map(|exchange| exchange.verb.as_ref());
    let after = last.map_or_else(String::new, |verb| format!(" after {verb}"));
    let message = format!(
        "the client asked for a renegotiation of TLS{after} (frame {}), and {answer}",
        asked.frame
    );
    Some(
        Cause::new(codes::TLS_RENEGOTIATION_REFUSED, Likelihood::Certain, message)
            .at(refused.map_or(asked.frame, |alert| alert.at.frame)),
    )
}

/// A client that verifies certificates itself finishes the handshake first, and says QUIT or nothing
/// at all if it does not like what it got.
pub(super) fn certificate_not_accepted(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let facts = case.tls.filter(|facts| matches!(facts.keys, KeySearch::Opened(_)))?;
    if smtp.starttls != StartTls::Accepted {
        return None;
    }
    let inside = |exchange: &&ConversationExchange| exchange.encrypted && exchange.verb.is_some();
    let (deed, frame) = match smtp.exchanges.iter().find(inside) {
        Some(first) if first.verb == Some(Verb::Quit) => {
            ("said QUIT as its first command inside TLS, without EHLO", first.frame)
        }
        Some(_) => return None,
        None => ("left without a word inside TLS", Some(case.client_left()?.at.frame)),
    };
    let odd: Vec<_> = oddities(case.session, facts).into_iter().map(|odd| odd.message).collect();
    let odd = if odd.is_empty() { String::new() } else { format!("; {}", odd.join("; ")) };
    let certificate = case.session.tls.as_ref().and_then(|tls| tls.certificates.first());
    let named = certificate.map_or_else(String::new, |one| format!(" {}", one.named()));
    let message = format!(
        "the client finished the handshake and {deed} (frame {}): it most likely did not accept the server's certificate{named} (its issuer, its name, DANE or MTA-STS){odd}",
        frame.unwrap_or_default()
    );
    Some(Cause::new(codes::TLS_CERTIFICATE_NOT_ACCEPTED, Likelihood::Likely, message).at(frame))
}

/// The server offers to authenticate in ways that a client with a password does not know.
pub(super) fn no_shared_mechanism(case: &Case<'_>, smtp: &SmtpReport) -> Option<Cause> {
    let ways = mechanisms(smtp);
    let is_password = |way: &String| PASSWORDS.contains(&way.as_str()) || way.starts_with("SCRAM-");
    let said = |verbs: &[Verb]| {
        smtp.exchanges.iter().any(|e| e.verb.as_ref().is_some_and(|verb| verbs.contains(verb)))
    };
    let left = said(&[Verb::Quit]) || case.client_left().is_some();
    if ways.is_empty() || ways.iter().any(is_password) || !left || said(&[Verb::Auth, Verb::Mail]) {
        return None;
    }
    let ehlo = smtp.exchanges.iter().rev().find(|e| e.verb == Some(Verb::Ehlo))?;
    let message = format!(
        "the server offers AUTH {} only, and the client left without AUTH: it most likely knows no mechanism of these (a client with a password needs PLAIN, LOGIN or CRAM-MD5)",
        ways.join(", ")
    );
    let frame = ehlo.reply_frame;
    Some(Cause::new(codes::SMTP_NO_SHARED_MECHANISM, Likelihood::Likely, message).at(frame))
}

/// The mechanisms of the last EHLO reply; `AUTH=` is an old form.
fn mechanisms(smtp: &SmtpReport) -> Vec<String> {
    let mut ways = Vec::new();
    for extension in &smtp.extensions {
        let upper = extension.to_ascii_uppercase();
        let Some(rest) = upper.strip_prefix("AUTH").and_then(|rest| rest.strip_prefix([' ', '=']))
        else {
            continue;
        };
        for way in rest.split_ascii_whitespace() {
            if !ways.iter().any(|known| known == way) {
                ways.push(way.to_owned());
            }
        }
    }
    ways
}
