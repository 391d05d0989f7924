//! Timing phase by phase: how much slower, and who was being waited for.

use serde::Serialize;

use super::negotiation::Negotiation;
use crate::moment::{decimal, seconds};
use crate::report::{Attribution, Timing};
use crate::role::Role;

/// When a duration counts as another one: both bounds must be passed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tolerance {
    /// So many times as long.
    pub ratio: f64,
    /// And by so many ns more.
    pub floor_ns: i64,
}

impl Default for Tolerance {
    /// Twice as long, and 100 ms more: beyond the jitter of a busy machine, and below what a mail
    /// server's users notice.
    fn default() -> Self {
        Self { ratio: 2.0, floor_ns: 100_000_000 }
    }
}

impl Tolerance {
    /// Whether `a` and `b` are not the same.
    #[must_use]
    pub fn is_beyond(&self, a: i64, b: i64) -> bool {
        let (less, more) = (a.min(b), a.max(b));
        more.saturating_sub(less) > self.floor_ns && more as f64 > less as f64 * self.ratio
    }
}

/// Who was being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Waited {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Packets under way.
    Network,
    /// Several.
    All,
}

impl Waited {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Network => "network",
            Self::All => "all",
        }
    }
}

/// A phase of both sessions.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseRow {
    /// Its name: that of the report's `timing`, or `pause before ...`.
    pub phase: String,
    /// The good session's.
    pub good_ns: Option<i64>,
    /// The bad session's.
    pub bad_ns: Option<i64>,
    /// Bad by good, in hundredths cut off; null where one is missing or nothing.
    pub ratio: Option<f64>,
    /// Whether they differ beyond the tolerance.
    pub differs: bool,
    /// Who was being waited for.
    pub waited_for: Waited,
    /// It is made of other phases: told, but no divergence of its own if one of those differs.
    pub composite: bool,
    /// In words, for a sentence.
    #[serde(skip)]
    pub(super) words: String,
    /// The step that ends it.
    #[serde(skip)]
    pub(super) place: String,
}

impl PhaseRow {
    /// By how much the two differ.
    pub(super) fn gap_ns(&self) -> i64 {
        let (Some(good), Some(bad)) = (self.good_ns, self.bad_ns) else { return 0 };
        bad.saturating_sub(good).saturating_abs()
    }
}

/// A phase of [`Timing`]: name, words, who is waited for, the steps that can end it, the duration.
pub(super) struct Phase {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) waited_for: Waited,
    places: &'static [&'static str],
    composite: bool,
    pub(super) of: fn(&Timing) -> Option<i64>,
}

impl Phase {
    /// Whether it is a sum of other phases.
    pub(super) fn is_sum(&self) -> bool {
        self.composite
    }
}

macro_rules! phase {
    ($name:literal, $words:literal, $waited:ident, $places:expr, $composite:expr, $of:expr) => {
        Phase {
            name: $name,
            words: $words,
            waited_for: Waited::$waited,
            places: &$places,
            composite: $composite,
            of: $of,
        }
    };
}

/// The phases in the order of a session.
pub(super) const PHASES: &[Phase] = &[
    phase!("tcp_connect_ns", "the TCP handshake", Network, ["TCP connection"], false, |t| t
        .tcp_connect_ns),
    phase!("greeting_ns", "the greeting", Server, ["greeting"], false, |t| t.greeting_ns),
    phase!("starttls_ns", "the reply to STARTTLS", Server, ["reply to STARTTLS"], false, |t| t
        .starttls_ns),
    phase!(
        "tls_server_flight_ns",
        "the server's flight from ServerHello on",
        Server,
        ["ServerHello", "ServerHelloDone"],
        false,
        |t| t.tls_server_flight_ns
    ),
    phase!(
        "tls_client_flight_ns",
        "the client's flight up to its Finished",
        Client,
        ["ClientKeyExchange", "Finished"],
        false,
        |t| t.tls_client_flight_ns
    ),
    phase!("tls_server_finish_ns", "the server's Finished", Server, ["Finished"], false, |t| t
        .tls_server_finish_ns),
    phase!("tls_handshake_ns", "the TLS handshake", All, ["Finished"], true, |t| t
        .tls_handshake_ns),
    phase!("auth_ns", "the authentication", Server, ["reply to AUTH"], false, |t| t.auth_ns),
    phase!("mail_ns", "the reply to MAIL", Server, ["reply to MAIL"], false, |t| t.mail_ns),
    phase!("rcpt_ns", "the reply to RCPT", Server, ["reply to RCPT"], false, |t| t.rcpt_ns),
    phase!("data_go_ahead_ns", "the go-ahead for DATA", Server, ["reply to DATA"], false, |t| t
        .data_go_ahead_ns),
    phase!("data_transfer_ns", "the transfer of the message", Client, ["message"], false, |t| t
        .data_transfer_ns),
    phase!(
        "data_accept_ns",
        "the reply to the message",
        Server,
        ["reply to message"],
        false,
        |t| t.data_accept_ns
    ),
    phase!("network_ns", "packets under way", Network, ["end"], true, |t| Some(
        t.attribution.network_ns
    )),
    phase!("client_ns", "the client's turns", Client, ["end"], true, |t| Some(
        t.attribution.client_ns
    )),
    phase!("server_ns", "the server's turns", Server, ["end"], true, |t| Some(
        t.attribution.server_ns + t.attribution.third_party_ns
    )),
    phase!("total_ns", "the whole session", All, ["end"], true, |t| Some(t.total_ns)),
];

/// The phases of two sessions, and the pauses of the client in which they differ. `parted`: the
/// step from which on they did other things; what is summed up over all steps then tells nothing.
pub(super) fn rows(
    good: &Negotiation,
    bad: &Negotiation,
    parted: Option<usize>,
    tolerance: &Tolerance,
) -> Vec<PhaseRow> {
    let row = |phase: &Phase| {
        let (good_ns, bad_ns) = ((phase.of)(&good.timing), (phase.of)(&bad.timing));
        let mut row = row(phase.name, good_ns, bad_ns, tolerance);
        row.waited_for = waited_for(phase.waited_for, &row, [good, bad], parted.is_none());
        row.composite = phase.composite;
        phase.words.clone_into(&mut row.words);
        let has = |place: &&&str| bad.steps.iter().any(|step| step.place == **place);
        row.place = phase.places.iter().find(has).unwrap_or(&phase.places[0]).to_string();
        row.differs &= !(phase.places == ["end"] && parted.is_some());
        row
    };
    let mut rows: Vec<_> = PHASES.iter().map(row).collect();
    rows.retain(|row| row.good_ns.is_some() || row.bad_ns.is_some());
    let pauses = pauses(good, bad, parted, tolerance);
    // Sums differ where their parts do.
    let parts_differ = rows.iter().any(|row| row.differs && !row.composite) || !pauses.is_empty();
    if parts_differ {
        rows.iter_mut().filter(|row| row.composite).for_each(|row| row.differs = false);
    }
    rows.extend(pauses);
    rows
}

pub(super) fn row(
    name: &str,
    good_ns: Option<i64>,
    bad_ns: Option<i64>,
    tolerance: &Tolerance,
) -> PhaseRow {
    let both = good_ns.zip(bad_ns);
    PhaseRow {
        phase: name.to_owned(),
        good_ns,
        bad_ns,
        ratio: both.and_then(|(good, bad)| ratio(good, bad)),
        differs: both.is_some_and(|(good, bad)| tolerance.is_beyond(good, bad)),
        waited_for: Waited::All,
        composite: false,
        words: String::new(),
        place: String::new(),
    }
}

/// Bad by good in hundredths.
pub(super) fn ratio(good: i64, bad: i64) -> Option<f64> {
    (good > 0).then(|| (bad as f64 / good as f64 * 100.0).trunc() / 100.0)
}

/// Who is to blame for a phase that differs. The network is, if the round trip grew by half of what
/// the phase grew. Of two sessions of the same course the shares of the whole decide besides: an end
/// whose share did not grow by half as much cannot have taken the time, and who else's did has.
fn waited_for(of: Waited, row: &PhaseRow, sides: [&Negotiation; 2], same_course: bool) -> Waited {
    if !row.differs {
        return of;
    }
    let is_enough = |grown: i64| grown.saturating_mul(2) >= row.gap_ns();
    let [good, bad] = sides;
    let round_trip = good.rtt_ns.zip(bad.rtt_ns).map(|(a, b)| b.saturating_sub(a).saturating_abs());
    if round_trip.is_some_and(is_enough) {
        return Waited::Network;
    }
    if !same_course {
        return of;
    }
    let split = |side: &Negotiation| side.timing.attribution;
    blamed(of, [split(good), split(bad)], row.gap_ns(), row.good_ns <= row.bad_ns)
}

/// The same of two splits: `gap` is what the phase grew, or shrank.
pub(super) fn blamed(of: Waited, splits: [Attribution; 2], gap: i64, has_grown: bool) -> Waited {
    let [good, bad] = splits;
    let grown = |share: fn(&Attribution) -> i64| {
        let by = share(&bad).saturating_sub(share(&good));
        if has_grown { by } else { by.saturating_neg() }
    };
    let shares = [
        (Waited::Client, grown(|split| split.client_ns)),
        // What the server waits for itself is its turn, as seen from the client.
        (Waited::Server, grown(|split| split.server_ns.saturating_add(split.third_party_ns))),
        (Waited::Network, grown(|split| split.network_ns)),
    ];
    let is_enough = |grown: i64| grown.saturating_mul(2) >= gap;
    if shares.iter().any(|(who, grown)| *who == of && is_enough(*grown)) {
        return of;
    }
    let most = shares.into_iter().max_by_key(|(_, grown)| *grown);
    most.filter(|(_, grown)| is_enough(*grown)).map_or(of, |(who, _)| who)
}

/// What the client waited before a command that it could have sent at once. The server's waits are
/// all phases.
fn pauses(
    good: &Negotiation,
    bad: &Negotiation,
    parted: Option<usize>,
    tolerance: &Tolerance,
) -> Vec<PhaseRow> {
    let mut found = Vec::new();
    let until = parted.unwrap_or(good.steps.len()).min(bad.steps.len());
    for at in 1..until {
        let (Some(good_ns), Some(bad_ns)) = (pause(good, at), pause(bad, at)) else { continue };
        let Some(step) = good.steps.get(at) else { continue };
        let mut row =
            row(&format!("pause before {}", step.place), Some(good_ns), Some(bad_ns), tolerance);
        if !row.differs {
            continue;
        }
        row.waited_for = waited_for(Waited::Client, &row, [good, bad], until == good.steps.len());
        row.words = format!("the client's pause before {}", step.place);
        row.place.clone_from(&step.place);
        found.push(row);
    }
    found
}

/// From the server's last word to a command of the client.
fn pause(side: &Negotiation, at: usize) -> Option<i64> {
    let (before, step) = (side.steps.get(at.checked_sub(1)?)?, side.steps.get(at)?);
    let is_pause = step.from == Role::Client
        && before.from == Role::Server
        && (step.place == "ClientHello" || step.kind == super::negotiation::Kind::Command)
        && step.place != "message";
    let ns = step.at_ns?.saturating_sub(before.at_ns?);
    (is_pause && ns >= 0).then_some(ns)
}

/// A duration in words.
pub(super) fn spell(ns: i64) -> String {
    match ns {
        // A bound is where rounding reaches the next unit.
        999_950_000.. => seconds(ns),
        999_500.. => format!("{} ms", decimal(ns, 1_000_000, 1)),
        _ => format!("{} \u{b5}s", decimal(ns, 1_000, 0)),
    }
}
