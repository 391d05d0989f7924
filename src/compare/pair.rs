//! One session beside another.

use super::align;
use super::cause;
use super::difference::{self, Difference, Likelihood, Topic};
use super::model::{Comparison, Ignored, SCHEMA, SessionId, SideReport};
use super::negotiation::{Kind, Negotiation, Step, WHOLE};
use super::parting::{self, Divergence};
use super::phases::{self, PhaseRow, Tolerance};
use super::rank::{Rank, rank};
use super::side::Side;
use crate::report::Outcome;

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
    let pair = Pair { good, bad, parted };
    let (first_divergence, sentence) = first(&pair, &mut differences, &timing);
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
    for (name, side) in [("good", good), ("bad", bad)] {
        if !side.begins() {
            notes.push(format!("the capture of the {name} session begins in its middle"));
        }
    }
    match (good.is_readable(), bad.is_readable()) {
        (true, true) => {}
        (false, false) => notes.push(
            "neither session was decrypted: what passed inside TLS is not compared".to_owned(),
        ),
        (readable, _) => {
            let (name, side) = if readable { ("bad", bad) } else { ("good", good) };
            let why =
                side.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
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

/// What the sides are, and how they part.
struct Pair<'s> {
    good: &'s Negotiation,
    bad: &'s Negotiation,
    /// The first step at which they did other things.
    parted: Option<usize>,
}

/// The first divergence and the sentence at the top: the two diagnoses, then what was agreed on,
/// then another course, then what an end acts upon, then other times, then all else.
fn first(
    pair: &Pair<'_>,
    differences: &mut Vec<Difference>,
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    if let Some(told) = cause::told(pair.good, pair.bad, pair.parted) {
        return of_cause(pair, told, differences, timing);
    }
    differences.sort_by_key(|difference| (rank(difference), difference.step, difference.order));
    let leads = |difference: &&mut Difference| match rank(difference) {
        Rank::Agreed(at) => at == 0 || pair.is_in_handshake(),
        _ => false,
    };
    if pair.is_cut_off() {
        return cut_off(pair, differences, timing);
    }
    if let Some(agreed) = differences.iter_mut().find(leads) {
        return of_value(agreed, pair.parting());
    }
    match pair.parted {
        Some(_) if pair.is_beginning_missed() => missed_beginning(pair),
        Some(at) if !pair.is_weak(at) => of_parting(pair, at, differences, timing),
        _ => of_values(pair, differences, timing),
    }
}

/// The bad session was cut off: that leads, wherever else the two part.
fn cut_off(
    pair: &Pair<'_>,
    differences: &mut [Difference],
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    let last = pair.bad.steps.len().saturating_sub(1);
    if pair.parted == Some(last) {
        return of_parting(pair, last, differences, timing);
    }
    let end = Divergence::of_course(pair.good.steps.last(), pair.bad.steps.last());
    let sentence = parting::course_sentence(&end);
    (Some(end), sentence)
}

/// One capture begins in the middle of the session: what came before is not known to be other.
fn missed_beginning(pair: &Pair<'_>) -> (Option<Divergence>, String) {
    let (name, side) = if pair.good.begins() { ("bad", pair.bad) } else { ("good", pair.good) };
    let first = side.steps.first();
    let sentence = format!(
        "The capture of the {name} session begins in its middle, so its beginning cannot be compared: \
         the first that it shows is {}.",
        first.map_or_else(|| "nothing".to_owned(), |step| parting::the(&step.place))
    );
    let parted = Divergence::of_course(pair.good.steps.first(), pair.bad.steps.first());
    (Some(parted), sentence)
}

impl Pair<'_> {
    /// Whether they went together up to the handshake, so that what was agreed in it is what parts
    /// them.
    fn is_in_handshake(&self) -> bool {
        let Some(at) = self.parted else { return true };
        self.good.steps.iter().take(at).any(|step| step.place == "ClientHello")
    }

    /// The parting of ways, where it says anything: the step that another came to in the middle of
    /// its session is none.
    fn parting(&self) -> Option<Divergence> {
        let at = self.parted?;
        (!self.is_weak(at) && !self.is_beginning_missed())
            .then(|| Divergence::of_course(self.good.steps.get(at), self.bad.steps.get(at)))
    }

    /// Whether they part only in how TCP was closed after all was said, or in that one was still open
    /// when its capture ended.
    fn is_weak(&self, at: usize) -> bool {
        let (Some(good), Some(bad)) = (self.good.steps.get(at), self.bad.steps.get(at)) else {
            return false;
        };
        let is_end = good.kind == Kind::End && bad.kind == Kind::End;
        let is_over = self.good.steps.iter().take(at).any(|step| step.place == "reply to QUIT");
        is_end && (is_over || [good, bad].iter().any(|step| step.course.starts_with("open")))
    }

    /// Whether the bad session was cut off where the good one was not: reset, or closed with neither
    /// QUIT nor close_notify.
    fn is_cut_off(&self) -> bool {
        let is_cut = |side: &Negotiation| {
            let end = side.steps.last().filter(|step| step.kind == Kind::End);
            let was_heard = side.is_readable() && side.outcome != Outcome::Unknown;
            let course = end.map_or("", |end| end.course.as_str());
            was_heard && (course == "reset" || course == "closed, no close_notify")
        };
        is_cut(self.bad) && !is_cut(self.good)
    }

    /// What the captures lack where the courses part, in a sentence.
    fn lack(&self) -> String {
        let of = |side: &Negotiation, name: &str| match side.lost_bytes {
            0 => String::new(),
            lost => format!(
                " The capture of the {name} session lacks {lost} bytes, so this may be no more than \
                 what was not captured."
            ),
        };
        of(self.good, "good") + &of(self.bad, "bad")
    }

    /// Whether the beginning of one of them alone was captured.
    fn is_beginning_missed(&self) -> bool {
        self.good.begins() != self.bad.begins()
    }
}

/// A wait that weighs more than capabilities that nobody acted upon, in ns (500 ms).
const LONG: i64 = 500_000_000;

/// The same course: what an end acts upon, then times, then all else.
fn of_values(
    pair: &Pair<'_>,
    differences: &mut [Difference],
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    let acted = |difference: &&mut Difference| rank(difference) <= Rank::Acted;
    let is_of_steps = |difference: &&mut Difference| difference.likelihood != Likelihood::Parting;
    let slow = timing.iter().filter(|row| row.differs).max_by_key(|row| row.gap_ns());
    let is_long = slow.is_some_and(|row| row.gap_ns() >= LONG);
    let told = differences.iter_mut().filter(is_of_steps).find(acted);
    if let Some(difference) = told.filter(|_| !is_long) {
        return of_value(difference, None);
    }
    if let Some(row) = slow {
        let divergence = Divergence::of_phase(row, pair.good, pair.bad);
        let sentence = parting::timing_sentence(row, &divergence);
        return (Some(divergence), sentence);
    }
    if let Some(at) = pair.parted {
        return of_parting(pair, at, differences, timing);
    }
    match differences.iter_mut().find(|difference| rank(difference) < Rank::Noise) {
        Some(difference) => of_value(difference, None),
        None => (None, same(pair, differences)),
    }
}

/// The sentence of two that are the same, or differ by chance alone.
fn same(pair: &Pair<'_>, differences: &[Difference]) -> String {
    let mut sentence = match differences {
        [] => "The negotiations are the same.".to_owned(),
        [chance, ..] => format!(
            "The negotiations are the same in all that counts; what differs means nothing: {} of \
             {}, by less than a day.",
            chance.name,
            parting::the(&chance.place)
        ),
    };
    if let Some(failure) = &pair.bad.failure {
        let message = failure.message.trim_end_matches('.');
        sentence.push_str(&format!(" Both failed, and alike: {message}."));
    }
    sentence
}

fn of_value(
    difference: &mut Difference,
    led_to: Option<Divergence>,
) -> (Option<Divergence>, String) {
    difference.likelihood = Likelihood::Parting;
    let sentence = parting::value_sentence(difference, led_to.as_ref());
    let hint = led_to.as_ref().and_then(|effect| effect.hint.clone());
    let led_to = led_to.map(Box::new);
    (Some(Divergence { led_to, hint, ..Divergence::of_difference(difference) }), sentence)
}

/// Why it failed, then the ways that the two took, then what differs before and can have led to it.
fn of_cause(
    pair: &Pair<'_>,
    told: cause::Told,
    differences: &mut Vec<Difference>,
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    let cause::Told { mut divergence, mut sentence, difference, step } = told;
    if let Some(parting) = pair.parting() {
        sentence.push_str(&match parting.place == divergence.place {
            true => format!(" There, {}.", parting::ways(&parting)),
            false => {
                format!(
                    " They go apart at {}: {}.",
                    parting::the(&parting.place),
                    parting::ways(&parting)
                )
            }
        });
        divergence.led_to = Some(Box::new(parting));
    }
    let before =
        differences.iter().filter(|difference| is_cause(difference)).min_by_key(|d| rank(d));
    if let Some(before) = before {
        sentence.push_str(&format!(
            " Before that, at {}: {}: {}.",
            parting::the(&before.place),
            before.name,
            before.words()
        ));
    }
    sentence.push_str(&slow_before(pair.bad, step.or(pair.parted).unwrap_or(0), timing));
    differences.push(difference);
    (Some(divergence), sentence)
}

/// Whether a difference can have led to the parting.
fn is_cause(difference: &Difference) -> bool {
    difference.likelihood == Likelihood::Possible && rank(difference) < Rank::Network
}

/// The parting, or the earlier difference that led to it.
fn of_parting(
    pair: &Pair<'_>,
    at: usize,
    differences: &mut [Difference],
    timing: &[PhaseRow],
) -> (Option<Divergence>, String) {
    let parting = Divergence::of_course(pair.good.steps.get(at), pair.bad.steps.get(at));
    let causes = differences.iter_mut().filter(|difference| is_cause(difference));
    let (divergence, mut sentence) = match causes.min_by_key(|difference| rank(difference)) {
        Some(cause) => of_value(cause, Some(parting)),
        None => {
            let sentence = parting::course_sentence(&parting);
            (Some(parting), sentence)
        }
    };
    sentence.push_str(&pair.lack());
    sentence.push_str(&slow_before(pair.bad, at, timing));
    (divergence, sentence)
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
