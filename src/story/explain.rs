//! What the owner of a wait was doing meanwhile. Only what names the session, spans the wait and ends
//! with it is offered as its cause; what merely passed at the same time is "also", never "because".

use std::net::IpAddr;

use super::candidate::{Candidate, Scene};
use super::refusal;
use super::stretch::{Stretch, stretches};
use super::surroundings::Surroundings;
use crate::moment::Timestamp;
use crate::report::{RelatedReport, SessionReport};

/// What is told of one session.
pub(crate) const MOST_RELATED: usize = 16;

/// How much of a wait its causes span together, and each of them, at least, in percent.
const SPANS: i64 = 80;
const SHARES: i64 = 20;

/// How much of it something spans that is worth mentioning though it is no cause.
const IS_WORTH_MENTIONING: i64 = 50;

/// So long after its cause ended a wait ends at most, in ns (50 ms); of long ones, a twentieth.
const SOON: i64 = 50_000_000;

/// What explains a wait.
#[derive(Default)]
struct Explanation {
    related: Vec<RelatedReport>,
    /// The causes, in words.
    because: Vec<String>,
    /// How much of the wait they span.
    spanned_ns: i64,
}

impl Surroundings {
    /// Adds to a session what passed beside it, and to the findings on its waits what caused them.
    pub fn explain(&self, session: &mut SessionReport) {
        let stretches = stretches(session);
        if stretches.is_empty() && !refusal::is_in(session) {
            return;
        }
        let scene = Scene::of(session, self);
        let told: Vec<_> = stretches.iter().map(|stretch| (stretch, of(stretch, &scene))).collect();
        let mut related = refusal::related(&scene);
        for (stretch, explanation) in told {
            related.extend(explanation.related);
            attribute(session, explanation.spanned_ns);
            add_to_finding(session, stretch, &explanation.because);
        }
        session.related.extend(related);
        session.related.sort_by_key(|related| (related.frame, related.last_frame));
        session.related.dedup_by(|a, b| a.frame == b.frame && a.summary == b.summary);
        session.related.truncate(MOST_RELATED);
    }
}

fn of(stretch: &Stretch, scene: &Scene<'_>) -> Explanation {
    let mut candidates = scene.candidates(stretch);
    candidates.retain(|found| share(stretch, found) >= SHARES);
    candidates.sort_by_key(|found| (found.from, found.until));
    let named: Vec<_> = candidates.iter().filter(|found| found.is_named).collect();
    let spanned_ns = union(stretch, &named);
    let ends = named.iter().map(|found| found.until).max().unwrap_or(stretch.from);
    let is_cause = percent(spanned_ns, stretch.ns()) >= SPANS && ends_soon(stretch, ends);
    if !is_cause {
        let also = candidates.into_iter().filter(|found| may_be_mentioned(stretch, found));
        let related = also.map(|found| found.told(None)).collect();
        return Explanation { related, ..Explanation::default() };
    }
    let because = named.iter().map(|found| found.summary.clone()).collect();
    let related = candidates.into_iter().filter(|found| found.is_named);
    let related = related.map(|found| found.told(Some(stretch.phase))).collect();
    Explanation { related, because, spanned_ns }
}

/// What names the session and spans half of the wait; what names nobody must span it, and end with it.
fn may_be_mentioned(stretch: &Stretch, found: &Candidate) -> bool {
    let share = share(stretch, found);
    match found.is_named {
        true => share >= IS_WORTH_MENTIONING,
        false => share >= SPANS && ends_soon(stretch, found.until),
    }
}

fn ends_soon(stretch: &Stretch, ended: Timestamp) -> bool {
    stretch.until - ended <= SOON.max(stretch.ns() / 20)
}

fn share(stretch: &Stretch, found: &Candidate) -> i64 {
    percent(stretch.shared(found.from, found.until), stretch.ns())
}

fn percent(part: i64, whole: i64) -> i64 {
    part / (whole / 100).max(1)
}

/// How much of the wait they span together; they are sorted by their begin.
fn union(stretch: &Stretch, found: &[&Candidate]) -> i64 {
    let mut reached = stretch.from;
    let mut sum = 0;
    for one in found {
        sum += stretch.shared(one.from.max(reached), one.until);
        reached = reached.max(one.until);
    }
    sum
}

/// The server's time in which it waited itself is a third party's.
fn attribute(session: &mut SessionReport, ns: i64) {
    let split = &mut session.timing.attribution;
    let ns = ns.clamp(0, split.server_ns.max(0));
    split.server_ns -= ns;
    split.third_party_ns += ns;
}

fn add_to_finding(session: &mut SessionReport, stretch: &Stretch, because: &[String]) {
    let (Some(first), others) = (because.first(), because.get(1..).unwrap_or_default()) else {
        return;
    };
    let told = crate::moment::seconds(stretch.ns());
    let is_its = |finding: &&mut crate::report::Finding| {
        finding.code == stretch.code && finding.message.contains(&told)
    };
    let Some(finding) = session.findings.iter_mut().find(is_its) else { return };
    finding.message += &format!(": {first}");
    for other in others.iter().take(2) {
        finding.message += &format!("; {other}");
    }
}

/// Whose word counts as the owner's: its own address, and loopback, where programs of one host speak
/// with each other.
pub(super) fn owners(host: IpAddr) -> Vec<IpAddr> {
    vec![host, IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])]
}
