//! The first divergence, in a sentence: what led to it if that shows, and what came of it.

use serde::Serialize;

use super::difference::{Difference, Likelihood, Topic};
use super::negotiation::{Kind, Negotiation, Step};
use super::phases::{PhaseRow, spell};
use crate::role::Role;

/// Where two negotiations part.
#[derive(Clone, Debug, Serialize)]
pub struct Divergence {
    /// `cause` (a session failed, and it shows why), `course` (other steps), `value` (the same steps with other values), `timing`, `decryption`
    /// or `missing` (a side has no session).
    pub kind: &'static str,
    /// The step: `ServerHello`, `reply to STARTTLS`.
    pub place: String,
    /// What the good session did or had there.
    pub good: Option<String>,
    /// What the bad one did.
    pub bad: Option<String>,
    /// Where the good session shows it.
    pub good_frame: Option<u64>,
    /// Where the bad one does.
    pub bad_frame: Option<u64>,
    /// The step where the courses parted because of it; null if it is this one, or if they did not.
    pub led_to: Option<Box<Self>>,
    /// What to look at; null if nothing is known to help.
    pub hint: Option<String>,
    /// Of a cause, the code of its finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Alerts about a certificate (RFC 5246 §7.2.2, RFC 8446 §6.2).
const OF_CERTIFICATES: &[&str] = &[
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "unknown_ca",
    "bad_certificate_status_response",
    "certificate_unobtainable",
];

impl Divergence {
    /// The step at which the courses part.
    pub(super) fn of_course(good: Option<&Step>, bad: Option<&Step>) -> Self {
        let place = match (good, bad) {
            (Some(step), Some(other)) if step.kind == Kind::End => &other.place,
            (Some(step), _) | (None, Some(step)) => &step.place,
            (None, None) => return Self::of_value("end", None, None),
        };
        Self {
            kind: "course",
            good: good.map(|step| format!("the good {} {}", step.from.name(), step.said)),
            bad: bad.map(|step| format!("the bad {} {}", step.from.name(), step.said)),
            good_frame: good.and_then(|step| step.frame),
            bad_frame: bad.and_then(|step| step.frame),
            hint: hint(good, bad).map(str::to_owned),
            ..Self::of_value(place, None, None)
        }
    }

    /// The same steps, with another value.
    pub(super) fn of_difference(difference: &Difference) -> Self {
        let side = |values: &Option<Vec<String>>| values.as_ref().map(|values| values.join(", "));
        Self {
            kind: if difference.topic == Topic::Decryption { "decryption" } else { "value" },
            good_frame: difference.good_frame,
            bad_frame: difference.bad_frame,
            ..Self::of_value(&difference.place, side(&difference.good), side(&difference.bad))
        }
    }

    /// The same in every step, but slower or faster.
    pub(super) fn of_phase(row: &PhaseRow, good: &Negotiation, bad: &Negotiation) -> Self {
        let frame = |side: &Negotiation| {
            side.steps.iter().find(|step| step.place == row.place).and_then(|step| step.frame)
        };
        Self {
            kind: "timing",
            good_frame: frame(good),
            bad_frame: frame(bad),
            ..Self::of_value(&row.place, row.good_ns.map(spell), row.bad_ns.map(spell))
        }
    }

    pub(super) fn of_value(place: &str, good: Option<String>, bad: Option<String>) -> Self {
        Self {
            kind: "value",
            place: place.to_owned(),
            good,
            bad,
            good_frame: None,
            bad_frame: None,
            led_to: None,
            hint: None,
            code: None,
        }
    }
}

/// The sentence of a parting of ways.
pub(super) fn course_sentence(divergence: &Divergence) -> String {
    format!("The negotiations part at {}: {}.", the(&divergence.place), ways(divergence))
}

/// What the good end did; what the bad one did.
pub(super) fn ways(divergence: &Divergence) -> String {
    let good = divergence.good.as_deref().unwrap_or("the good session had ended");
    let bad = divergence.bad.as_deref().unwrap_or("the bad session had ended");
    // "the bad one" reads better, where it is the same end that did something else.
    let same_end = Role::BOTH.iter().any(|role| {
        good.starts_with(&format!("the good {}", role.name()))
            && bad.starts_with(&format!("the bad {}", role.name()))
    });
    let bad = match Role::BOTH
        .iter()
        .find_map(|role| bad.strip_prefix(&format!("the bad {} ", role.name())))
    {
        Some(did) if same_end => format!("the bad one {did}"),
        _ => bad.to_owned(),
    };
    format!("{good}; {bad}{}", in_frame(divergence.bad_frame))
}

fn in_frame(frame: Option<u64>) -> String {
    frame.map_or_else(String::new, |frame| format!(" (frame {frame})"))
}

/// The sentence of another value that led to a parting, or to nothing.
pub(super) fn value_sentence(difference: &Difference, led_to: Option<&Divergence>) -> String {
    let mut sentence = format!(
        "The negotiations part at {}: {}: {}{}.",
        the(&difference.place),
        difference.name,
        difference.words(),
        in_frame(difference.bad_frame)
    );
    if let Some(effect) = led_to.filter(|effect| effect.place != difference.place) {
        sentence.push_str(&format!(" Then, at {}: {}.", the(&effect.place), ways(effect)));
    }
    sentence
}

/// The sentence of a phase that took another time.
pub(super) fn timing_sentence(row: &PhaseRow, divergence: &Divergence) -> String {
    let took = |ns: Option<i64>| ns.map_or_else(|| "no time".to_owned(), spell);
    let times = row.ratio.filter(|ratio| *ratio >= 1.0);
    let times = times.map_or_else(String::new, |ratio| format!(", {ratio:.0} times as long"));
    format!(
        "The negotiations take the same course, and part in time at {}: it took {} in the good \
         session and {} in the bad one{times}{}. {} was being waited for.",
        row.words,
        took(row.good_ns),
        took(row.bad_ns),
        in_frame(divergence.bad_frame),
        match row.waited_for.name() {
            "all" => "More than one end".to_owned(),
            name => format!("The {name}"),
        }
    )
}

/// Messages of TLS and verbs have no article.
pub(super) fn the(place: &str) -> String {
    let takes_none = place.starts_with(|c: char| c.is_ascii_uppercase())
        && !place.starts_with("TCP c")
        && !place.starts_with("PROXY");
    if takes_none { place.to_owned() } else { format!("the {place}") }
}

/// What usually stands behind a parting.
fn hint(good: Option<&Step>, bad: Option<&Step>) -> Option<&'static str> {
    let (good, bad) = (good?, bad?);
    if good.place == "greeting" && bad.kind == Kind::End && bad.from == Role::Client {
        return Some(
            "a server that does not greet may wait for a ClientHello: is it a port of implicit TLS \
             (465)? Or it delays its greeting longer than the client waits",
        );
    }
    match &bad.kind {
        Kind::Alert(name) if OF_CERTIFICATES.contains(&name.as_str()) => Some(
            "the end that sent the alert did not accept the other's certificate: compare issuer, \
             names and dates, and the CAs that it trusts",
        ),
        Kind::Alert(_) if good.place == "ServerHello" => Some(
            "the server found nothing to agree on: compare what the client offered with what the \
             server allows (suites, versions, certificate)",
        ),
        Kind::End if good.place == "ServerHello" => Some(
            "the server or a middlebox did not like the ClientHello: see the server's log, and \
             capture on both sides of the firewall",
        ),
        _ => None,
    }
}

/// How likely a fact that differs before the parting led to it.
pub(super) fn likelihood(
    difference: &Difference,
    good: Option<&Step>,
    bad: Option<&Step>,
) -> Likelihood {
    let (Some(good), Some(bad)) = (good, bad) else { return Likelihood::Unlikely };
    if can_lead(difference, good, bad) { Likelihood::Possible } else { Likelihood::Unlikely }
}

fn can_lead(difference: &Difference, good: &Step, bad: &Step) -> bool {
    let alert = [good, bad].into_iter().find_map(|step| match &step.kind {
        Kind::Alert(description) => Some(description.as_str()),
        _ => None,
    });
    if let Some(alert) = alert {
        let of_certificate = OF_CERTIFICATES.contains(&alert);
        return match difference.topic {
            Topic::Certificate => of_certificate,
            Topic::ClientOffer => !of_certificate,
            Topic::ServerChoice => !of_certificate,
            _ => false,
        };
    }
    match good.kind {
        // Where the server chose otherwise, or nothing came: of other messages the choice decides.
        Kind::Handshake if good.place == "ServerHello" || bad.kind == Kind::End => {
            matches!(
                difference.topic,
                Topic::ClientOffer | Topic::ServerChoice | Topic::Certificate
            )
        }
        // The command that was answered differently.
        Kind::Reply => good.place.strip_prefix("reply to ") == Some(&difference.place),
        Kind::Command => matches!(difference.topic, Topic::Ehlo | Topic::Reply),
        _ => false,
    }
}
