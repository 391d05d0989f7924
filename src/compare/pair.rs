//! One session beside another.

use super::align;
use super::difference::{self, Difference, Likelihood, Topic};
use super::model::{Comparison, Ignored, SCHEMA, SessionId, SideReport};
use super::negotiation::{Kind, Negotiation, Step, WHOLE};
use super::parting::{self, Divergence};
use super::phases::{self, PhaseRow, Tolerance};
use super::side::Side;

/// Compares two sessions.
pub(super) fn compare(good: &Negotiation, bad: &Negotiation, tolerance: &Tolerance) -> Comparison {
    let sides =
        [good, bad].map(|side| SideReport { sessions: 1, session: Some(SessionId::new(side)) });
    let notes = notes(good, bad);
    let opened = opened_differently(good, bad);
    let (open_good, open_bad);
    let (good, bad) = match &opened {
        None => (good, bad),
        Some(_) => {
            (open_good, open_bad) = (good.unsealed(), bad.unsealed());
            (&open_good, &open_bad)
        }
    };
    let parted = align::parting(good, bad);
    let timing = phases::rows(good, bad, parted, tolerance);
    let mut differences = differences(good, bad, parted);
    differences.extend(opened);
    let (first_divergence, sentence) = first(good, bad, parted, &mut differences, &timing);
    differences.extend(
        timing.iter().filter(|row| row.differs).map(|row| of_phase(row, good, bad, parted)),
    );
    differences.sort_by_key(|difference| {
        (difference.likelihood, difference.topic, difference.step, difference.order)
    });
    let [good_side, bad_side] = sides;
    Comparison {
        schema: SCHEMA,
        same: differences.is_empty(),
        sentence,
        first_divergence,
        good: good_side,
        bad: bad_side,
        differences,
        timing,
        tolerance: *tolerance,
        steps: align::rows(good, bad),
        ignored: ignored(good, bad, parted.is_some()),
        notes,
        population: None,
    }
}

/// A side without a session is a difference, unless both have none.
pub(super) fn one_is_empty(good: &Side, bad: &Side) -> Comparison {
    let (same, sentence) = match (good.sessions(), bad.sessions()) {
        (0, 0) => (true, "Neither side has a mail session: there is nothing to compare."),
        (0, _) => (false, "The good side has no mail session to compare with."),
        _ => (false, "The bad side has no mail session to compare with."),
    };
    let missing =
        Divergence { kind: "missing", ..Divergence::of_value("TCP connection", None, None) };
    Comparison {
        schema: SCHEMA,
        same,
        sentence: sentence.to_owned(),
        first_divergence: (!same).then_some(missing),
        good: SideReport::default(),
        bad: SideReport::default(),
        differences: Vec::new(),
        timing: Vec::new(),
        tolerance: Tolerance::default(),
        steps: Vec::new(),
        ignored: Vec::new(),
        notes: Vec::new(),
        population: None,
    }
}

/// What limits the comparison.
fn notes(good: &Negotiation, bad: &Negotiation) -> Vec<String> {
    let mut notes = Vec::new();
    match (good.is_readable(), bad.is_readable()) {
        (true, true) => {}
        (false, false) => notes.push(
            "neither session was decrypted: what passed inside TLS is not compared".to_owned(),
        ),
        (readable, _) => {
            let (name, side) = if readable { ("bad", bad) } else { ("good", good) };
            let why = side.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            notes.push(format!(
                "the {name} session was not decrypted{why}: what passed inside TLS is not compared"
            ));
        }
    }
    notes
}

/// A session that was opened beside one that was not, though it carries something: what is inside
/// is not known to be the same.
fn opened_differently(good: &Negotiation, bad: &Negotiation) -> Option<Difference> {
    use crate::report::DecryptionStatus as Status;
    let (left, right) = (good.decryption?, bad.decryption?);
    let finished = |side: &Negotiation| side.steps.iter().any(|step| step.place == "Finished");
    if good.is_readable() == bad.is_readable() || !finished(good) || !finished(bad) {
        return None;
    }
    let of = |status: Status| Some(vec![status.name().to_owned()]);
    Some(Difference {
        likelihood: Likelihood::Unlikely,
        topic: Topic::Decryption,
        place: "inside TLS".to_owned(),
        name: "decryption".to_owned(),
        good: of(left),
        bad: of(right),
        only_good: Vec::new(),
        only_bad: Vec::new(),
        good_frame: None,
        bad_frame: None,
        step: WHOLE,
        order: 0,
    })
}

/// Facts and later steps that differ, each with how likely it explains the parting.
fn differences(good: &Negotiation, bad: &Negotiation, parted: Option<usize>) -> Vec<Difference> {
    let mut found = difference::of_facts(good, bad, parted);
    let Some(at) = parted else { return found };
    let (left, right) = (good.steps.get(at), bad.steps.get(at));
    for difference in &mut found {
        difference.likelihood = match difference.step {
            WHOLE => Likelihood::Unlikely,
            step if step >= at => Likelihood::Consequence,
            _ => parting::likelihood(difference, left, right),
        };
        if difference.topic == Topic::Tcp && difference.likelihood == Likelihood::Unlikely {
            difference.likelihood = Likelihood::Possible;
        }
    }
    found.push(of_course(left, right, at));
    found
}

/// The parting itself as a difference.
fn of_course(good: Option<&Step>, bad: Option<&Step>, at: usize) -> Difference {
    let divergence = Divergence::of_course(good, bad);
    let kinds = [good, bad].map(|step| step.map(|step| &step.kind));
    let topic = match kinds {
        [Some(Kind::Alert(_)), _] | [_, Some(Kind::Alert(_))] => Topic::Alert,
        [Some(Kind::Reply), Some(Kind::Reply)] => Topic::Reply,
        [Some(Kind::Handshake), Some(Kind::Handshake)] => Topic::ServerChoice,
        [Some(Kind::Connection), _] | [_, Some(Kind::Connection)] => Topic::Tcp,
        _ => Topic::Course,
    };
    Difference {
        likelihood: Likelihood::Parting,
        topic,
        place: divergence.place,
        name: "what came next".to_owned(),
        good: good.map(|step| vec![step.shown.clone()]),
        bad: bad.map(|step| vec![step.shown.clone()]),
        only_good: Vec::new(),
        only_bad: Vec::new(),
        good_frame: divergence.good_frame,
        bad_frame: divergence.bad_frame,
        step: at,
        order: 0,
    }
}

fn of_phase(
    row: &PhaseRow,
    good: &Negotiation,
    bad: &Negotiation,
    parted: Option<usize>,
) -> Difference {
    let divergence = Divergence::of_phase(row, good, bad);
    let step = bad.steps.iter().position(|step| step.place == row.place).unwrap_or(WHOLE);
    let is_after = parted.is_some_and(|at| step >= at);
    Difference {
        likelihood: if is_after { Likelihood::Consequence } else { Likelihood::Possible },
        topic: Topic::Timing,
        place: row.place.clone(),
        name: row.phase.clone(),
        good: divergence.good.map(|value| vec![value]),
        bad: divergence.bad.map(|value| vec![value]),
        only_good: Vec::new(),
        only_bad: Vec::new(),
        good_frame: divergence.good_frame,
        bad_frame: divergence.bad_frame,
        step,
        order: 0,
    }
}

/// The first divergence and the sentence at the top. A parting of courses comes before other
/// values, those before other times, and words that no end acts upon come last.
fn first(
    good: &Negotiation,
    bad: &Negotiation,
    parted: Option<usize>,
    differences: &mut [Difference],
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    if let Some(at) = parted {
        return of_parting(good, bad, at, differences, timing);
    }
    let slow = timing.iter().filter(|row| row.differs).max_by_key(|row| row.gap_ns());
    let weighty = |difference: &&mut Difference| {
        !matches!(difference.topic, Topic::Content | Topic::Tcp | Topic::Decryption)
    };
    if let Some(difference) = differences.iter_mut().find(weighty) {
        return of_value(difference);
    }
    if let Some(row) = slow {
        let divergence = Divergence::of_phase(row, good, bad);
        let sentence = parting::timing_sentence(row, &divergence);
        return (Some(divergence), sentence);
    }
    match differences.first_mut() {
        Some(difference) => of_value(difference),
        None => (None, "The negotiations are the same.".to_owned()),
    }
}

fn of_value(difference: &mut Difference) -> (Option<Divergence>, String) {
    difference.likelihood = Likelihood::Parting;
    let sentence = parting::value_sentence(difference, None);
    (Some(Divergence::of_difference(difference)), sentence)
}

/// The parting, or the earlier difference that led to it.
fn of_parting(
    good: &Negotiation,
    bad: &Negotiation,
    at: usize,
    differences: &mut [Difference],
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    let parting = Divergence::of_course(good.steps.get(at), bad.steps.get(at));
    let is_cause = |difference: &&mut Difference| {
        difference.likelihood == Likelihood::Possible && difference.topic != Topic::Tcp
    };
    let (divergence, mut sentence) = match differences.iter_mut().find(is_cause) {
        Some(cause) => {
            cause.likelihood = Likelihood::Parting;
            let sentence = parting::value_sentence(cause, Some(&parting));
            let hint = parting.hint;
            let led_to = Some(Box::new(parting));
            (Divergence { led_to, hint, ..Divergence::of_difference(cause) }, sentence)
        }
        None => {
            let sentence = parting::course_sentence(&parting);
            (parting, sentence)
        }
    };
    sentence.push_str(&slow_before(bad, at, timing));
    (Some(divergence), sentence)
}

/// A phase before the parting that took another time.
fn slow_before(bad: &Negotiation, at: usize, timing: &[PhaseRow]) -> String {
    let is_before = |row: &&PhaseRow| {
        row.differs && bad.steps.iter().take(at).any(|step| step.place == row.place)
    };
    let Some(row) = timing.iter().filter(is_before).max_by_key(|row| row.gap_ns()) else {
        return String::new();
    };
    let took = |ns: Option<i64>| phases::spell(ns.unwrap_or_default());
    format!(
        " Before that, {} took {} instead of {}.",
        row.words,
        took(row.bad_ns),
        took(row.good_ns)
    )
}

/// What differs and was ignored; of long texts only that they differ. Words of sessions that went
/// other ways are not told one by one.
fn ignored(good: &Negotiation, bad: &Negotiation, parted: bool) -> Vec<Ignored> {
    let mut ignored = Vec::new();
    for (what, value) in &good.volatile {
        let other = bad.volatile.iter().find(|(name, _)| name == what).map(|(_, other)| other);
        let Some(other) = other.filter(|other| *other != value) else { continue };
        if parted && (value.is_empty() || other.is_empty() || OF_ALL_STEPS.contains(what)) {
            continue;
        }
        let shown =
            |text: &str| if text.len() > MOST_SHOWN { String::new() } else { text.to_owned() };
        ignored.push(Ignored { what, good: shown(value), bad: shown(other) });
    }
    ignored
}

/// What is gathered from all steps, and so differs where these do.
const OF_ALL_STEPS: &[&str] =
    &["numbers and dates in replies", "sizes in commands", "who closed TCP first"];

/// Bytes of an ignored value that are shown: an address, a date, a digest.
const MOST_SHOWN: usize = 64;
