//! Which of several differences leads: what the ends agreed on, then what they act upon, then what
//! follows from other things, and never what is chance.

use super::difference::{Difference, Topic};

/// How much a difference of values weighs; the weightiest is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// What both ends agreed on, by its number in [`AGREED`].
    Agreed(usize),
    /// What the other end acts upon: capabilities, codes of replies.
    Acted,
    /// What the client offered.
    Offered(usize),
    /// What TCP met with.
    Network,
    /// What follows from something else, or is replaced in the course of things.
    Derived(usize),
    /// Words that no end acts upon.
    Words,
    /// Whether a session was opened.
    Opened,
    /// Chance.
    Noise,
}

/// Place and name of what is agreed on, in the order in which it leads.
const AGREED: &[(&str, &str)] = &[
    ("ClientHello", "TLS begins"),
    ("ServerHello", "version"),
    ("Certificate", "key"),
    ("ServerHello", "cipher suite"),
    ("ServerHello", "resumed"),
    ("CertificateRequest", "asked for"),
    ("client Certificate", "sent"),
    ("Certificate", "issuer"),
    ("Certificate", "subject"),
    ("Certificate", "names"),
    ("Certificate", "SHA-256 of the key"),
    ("ServerHello", "key exchange"),
];

/// Names of what a client offers, in the order in which it leads.
const OFFERED: &[&str] = &[
    "versions",
    "version",
    "format",
    "cipher suites",
    "groups",
    "signature algorithms",
    "server name (SNI)",
    "ALPN",
];

/// Names of what is derived, in the order in which it leads.
const DERIVED: &[&str] = &[
    "not after",
    "not before",
    "certificates sent",
    "serial",
    "SHA-256",
    "extended master secret",
    "encrypt-then-MAC",
    "extensions",
];

/// A certificate made again within a day is the same set-up, made again: in s.
const SAME_DAY: i64 = 24 * 60 * 60;

/// How much a difference weighs.
pub(super) fn rank(difference: &Difference) -> Rank {
    let is = |(place, name): &(&str, &str)| difference.place == *place && difference.name == *name;
    if let Some(at) = AGREED.iter().position(is) {
        return Rank::Agreed(at);
    }
    if is_within_a_day(difference) {
        return Rank::Noise;
    }
    let name = difference.name.as_str();
    let at = |names: &[&str]| names.iter().position(|known| *known == name);
    match difference.topic {
        Topic::Cause | Topic::Ehlo | Topic::Reply | Topic::Alert | Topic::Course => Rank::Acted,
        Topic::ClientOffer => at(OFFERED).map_or(Rank::Derived(DERIVED.len()), Rank::Offered),
        Topic::Timing | Topic::Tcp => Rank::Network,
        Topic::Content => Rank::Words,
        Topic::Decryption => Rank::Opened,
        Topic::ServerChoice if name == "renegotiations" => Rank::Acted,
        Topic::ServerChoice | Topic::Certificate => {
            Rank::Derived(at(DERIVED).unwrap_or(DERIVED.len()))
        }
    }
}

/// Whether both are a certificate's dates, and less than a day apart.
fn is_within_a_day(difference: &Difference) -> bool {
    if !["not after", "not before"].contains(&difference.name.as_str()) {
        return false;
    }
    let date = |values: &Option<Vec<String>>| {
        values.as_ref()?.first()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    };
    let both = date(&difference.good).zip(date(&difference.bad));
    both.is_some_and(|(good, bad)| good.saturating_sub(bad).saturating_abs() < SAME_DAY)
}
