//! One difference, and how likely it explains the outcome.

use std::collections::BTreeMap;

use serde::Serialize;

use super::negotiation::{Fact, Negotiation, WHOLE};

/// What a difference is about. The order is that in which causes are to be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Why a session failed, as its diagnosis says.
    Cause,
    /// What the client offered.
    ClientOffer,
    /// What the server chose.
    ServerChoice,
    /// The server's certificates.
    Certificate,
    /// What EHLO was answered with, before and inside TLS.
    Ehlo,
    /// Replies: their codes.
    Reply,
    /// Alerts of TLS.
    Alert,
    /// TCP: losses, resets, closed windows.
    Tcp,
    /// Which commands came, and how the session ended.
    Course,
    /// Whether a session was opened.
    Decryption,
    /// How long it took.
    Timing,
    /// Words that no end acts upon: host names, addresses of mail, texts of replies.
    Content,
}

impl Topic {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::ClientOffer => "client offer",
            Self::ServerChoice => "server choice",
            Self::Certificate => "certificate",
            Self::Ehlo => "EHLO",
            Self::Reply => "reply",
            Self::Alert => "alert",
            Self::Tcp => "TCP",
            Self::Course => "course",
            Self::Decryption => "decryption",
            Self::Timing => "timing",
            Self::Content => "content",
        }
    }
}

/// How likely a difference explains the outcome; the likeliest is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// The first divergence, or what it led to.
    Parting,
    /// It came before the parting, and can have led to it.
    Possible,
    /// It came before the parting, but such things seldom lead to one like it.
    Unlikely,
    /// It came after the parting.
    Consequence,
}

impl Likelihood {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parting => "parting",
            Self::Possible => "possible",
            Self::Unlikely => "unlikely",
            Self::Consequence => "consequence",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// How likely it explains the outcome.
    pub likelihood: Likelihood,
    /// What it is about.
    pub topic: Topic,
    /// The step at which it shows.
    pub place: String,
    /// What differs there.
    pub name: String,
    /// The good session's value or values; null if it has no such step.
    pub good: Option<Vec<String>>,
    /// The bad session's.
    pub bad: Option<Vec<String>>,
    /// Of lists: what only the good session has.
    pub only_good: Vec<String>,
    /// What only the bad one has.
    pub only_bad: Vec<String>,
    /// Frame of the good session's step.
    pub good_frame: Option<u64>,
    /// Frame of the bad session's.
    pub bad_frame: Option<u64>,
    /// Its place in time: index of the step, and of the fact among those of its session.
    #[serde(skip)]
    pub(super) step: usize,
    #[serde(skip)]
    pub(super) order: usize,
}

impl Difference {
    /// In a few words: what differs and how.
    #[must_use]
    pub fn words(&self) -> String {
        let (good, bad) = (spelled(self.good.as_deref()), spelled(self.bad.as_deref()));
        match (self.only_good.as_slice(), self.only_bad.as_slice()) {
            (_, _) if !self.is_list() => {
                format!("{good} in the good session, {bad} in the bad one")
            }
            ([], []) => "the same values in another order".to_owned(),
            ([], more) => format!("only in the bad session: {}", named(more)),
            (more, []) => format!("only in the good session: {}", named(more)),
            (good, bad) => format!(
                "only in the good session: {}; only in the bad one: {}",
                named(good),
                named(bad)
            ),
        }
    }

    /// Whether it is about several values at once.
    #[must_use]
    pub fn is_list(&self) -> bool {
        let several = |values: &Option<Vec<String>>| values.as_ref().is_some_and(|v| v.len() > 1);
        several(&self.good) || several(&self.bad)
    }
}

/// Values that a sentence names; the list of differences has all.
const MOST_NAMED: usize = 8;

fn spelled(values: Option<&[String]>) -> String {
    match values {
        None | Some([]) => "none".to_owned(),
        Some(values) => named(values),
    }
}

fn named(values: &[String]) -> String {
    match values.split_at_checked(MOST_NAMED) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{} and {} more", first.join(", "), rest.len())
        }
        _ => values.join(", "),
    }
}

/// The facts in which two negotiations differ, in the order of the steps. Where one ended before a
/// step, its facts are not told one by one: they are missing because of that.
pub(super) fn of_facts(
    good: &Negotiation,
    bad: &Negotiation,
    parted: Option<usize>,
) -> Vec<Difference> {
    // What is absent with its layer is no difference of its own: that the step is absent is one.
    let [good_places, bad_places] = [good, bad].map(|side| {
        let places = side.steps.iter().map(|step| step.place.as_str());
        places.collect::<std::collections::BTreeSet<_>>()
    });
    let (good, bad) = (numbered(&good.facts), numbered(&bad.facts));
    let keys: std::collections::BTreeSet<_> = good.keys().chain(bad.keys()).copied().collect();
    let is_lost = |step: usize| parted.is_some_and(|at| step >= at && step != WHOLE);
    let mut found = Vec::new();
    for key in keys {
        let difference = match (good.get(&key), bad.get(&key)) {
            (Some((_, good)), Some((_, bad))) if good.values == bad.values => continue,
            (Some((_, fact)), None) | (None, Some((_, fact))) if is_lost(fact.step) => continue,
            (Some((_, fact)), None) | (None, Some((_, fact))) if fact.values.is_empty() => continue,
            (Some((_, fact)), None) if !bad_places.contains(fact.place.as_str()) => continue,
            (None, Some((_, fact))) if !good_places.contains(fact.place.as_str()) => continue,
            (good, bad) => differing(good.copied(), bad.copied()),
        };
        found.extend(difference);
    }
    found.sort_by_key(|difference| (difference.step, difference.topic, difference.order));
    found
}

type Key<'f> = (&'f str, &'static str, usize);

/// Facts by place and name, and the number of each where one comes again.
fn numbered(facts: &[Fact]) -> BTreeMap<Key<'_>, (usize, &Fact)> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut numbered = BTreeMap::new();
    for (order, fact) in facts.iter().enumerate() {
        let times = seen.entry((&fact.place, fact.name)).or_default();
        numbered.insert((fact.place.as_str(), fact.name, *times), (order, fact));
        *times += 1;
    }
    numbered
}

fn differing(good: Option<(usize, &Fact)>, bad: Option<(usize, &Fact)>) -> Option<Difference> {
    let (order, fact) = good.or(bad)?;
    let [good, bad] = [good, bad].map(|side| side.map(|(_, fact)| fact));
    let only = |mine: Option<&Fact>, other: Option<&Fact>| {
        let mine = mine.iter().flat_map(|fact| &fact.values);
        let has = |value: &&String| other.is_some_and(|fact| fact.values.contains(value));
        mine.filter(|value| !has(value)).cloned().collect()
    };
    Some(Difference {
        likelihood: Likelihood::Unlikely,
        topic: fact.topic,
        place: fact.place.clone(),
        name: fact.name.to_owned(),
        good: good.map(|fact| fact.values.clone()),
        bad: bad.map(|fact| fact.values.clone()),
        only_good: only(good, bad),
        only_bad: only(bad, good),
        good_frame: good.and_then(|fact| fact.frame),
        bad_frame: bad.and_then(|fact| fact.frame),
        step: [good, bad].into_iter().flatten().map(|fact| fact.step).min().unwrap_or(WHOLE),
        order,
    })
}
