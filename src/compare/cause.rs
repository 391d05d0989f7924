//! The two diagnoses: where one of the sessions failed and it shows why, that leads.

use super::difference::{Difference, Likelihood, Topic};
use super::negotiation::{Failure, Negotiation, Step, WHOLE};
use super::normal;
use super::parting::{Divergence, the};
use super::seen::Sureness;

/// What the diagnoses say of two sessions.
pub(super) struct Told {
    pub(super) divergence: Divergence,
    /// The first sentence.
    pub(super) sentence: String,
    pub(super) difference: Difference,
    /// Index of the bad session's step at which it failed, if it is one of them.
    pub(super) step: Option<usize>,
}

/// What leads if a diagnosis tells the two apart; None where neither failed, or both did for the
/// same reason.
pub(super) fn told(good: &Negotiation, bad: &Negotiation, parted: Option<usize>) -> Option<Told> {
    let sentence = match (&good.failure, &bad.failure) {
        (None, None) => return None,
        (Some(left), Some(right)) if is_alike(left, right) => return None,
        (None, Some(failure)) => failed(&place_of(good, bad, parted), failure),
        (Some(left), Some(right)) => format!(
            "Both sessions failed, each for another reason: the bad one because {}; the good one \
             because {}.",
            reason(right),
            reason(left)
        ),
        (Some(failure), None) => format!(
            "The good session failed, and the bad one shows no failure: of the good one, {}.",
            reason(failure)
        ),
    };
    Some(told_as(good, bad, parted, sentence))
}

fn told_as(good: &Negotiation, bad: &Negotiation, parted: Option<usize>, sentence: String) -> Told {
    let place = place_of(good, bad, parted);
    let [left, right] = [good, bad].map(|side| side.failure.as_ref());
    let message = |failure: Option<&Failure>| failure.map(|failure| failure.message.clone());
    let frame = |failure: Option<&Failure>| failure.and_then(|failure| failure.frame);
    let step = right.and_then(|failure| failed_at(bad, failure));
    let hint = right.or(left).and_then(|failure| failure.hint.clone());
    let divergence = Divergence {
        kind: "cause",
        good_frame: frame(left),
        bad_frame: frame(right),
        hint,
        code: right.or(left).map(|failure| failure.code.clone()),
        ..Divergence::of_value(&place, message(left), message(right))
    };
    let values = |failure: Option<&Failure>| failure.map(|failure| vec![failure.message.clone()]);
    let difference = Difference {
        likelihood: Likelihood::Parting,
        topic: Topic::Cause,
        place,
        name: "why it failed".to_owned(),
        good: values(left),
        bad: values(right),
        only_good: Vec::new(),
        only_bad: Vec::new(),
        good_frame: divergence.good_frame,
        bad_frame: divergence.bad_frame,
        step: step.unwrap_or(WHOLE),
        order: 0,
    };
    Told { divergence, sentence, difference, step }
}

/// Whether two sessions failed for the same reason, whatever the numbers in it.
fn is_alike(left: &Failure, right: &Failure) -> bool {
    left.code == right.code
        && normal::numberless(&left.message) == normal::numberless(&right.message)
}

fn failed(place: &str, failure: &Failure) -> String {
    format!("The negotiations part at {}: {}.", the(place), reason(failure))
}

/// The message, how sure it is, and where it shows.
fn reason(failure: &Failure) -> String {
    let sure = match failure.sureness {
        Sureness::Certain => "",
        Sureness::Likely => "likely, ",
        Sureness::Possible => "possibly, ",
    };
    let message = failure.message.trim_end_matches('.');
    let frame = failure.frame.filter(|_| !message.contains("(frame "));
    let frame = frame.map_or_else(String::new, |frame| format!(" (frame {frame})"));
    format!("{sure}{message}{frame}")
}

/// The step of a session at which it failed.
fn failed_at(side: &Negotiation, failure: &Failure) -> Option<usize> {
    let frame = failure.frame?;
    side.steps.iter().rposition(|step| step.frame == Some(frame))
}

/// The place to name: that of the parting if the failure shows there, else that of the failure.
fn place_of(good: &Negotiation, bad: &Negotiation, parted: Option<usize>) -> String {
    let side = if bad.failure.is_some() { bad } else { good };
    let failed = side.failure.as_ref().and_then(|failure| failed_at(side, failure));
    let place = |step: &Step| step.place.clone();
    let divergence = parted.map(|at| Divergence::of_course(good.steps.get(at), bad.steps.get(at)));
    match (failed, divergence) {
        (Some(at), Some(divergence))
            if parted.is_some_and(|parted| at <= parted) && good.begins() == bad.begins() =>
        {
            divergence.place
        }
        (Some(at), _) => side.steps.get(at).map_or_else(|| "end".to_owned(), place),
        (None, Some(divergence)) => divergence.place,
        (None, None) => "end".to_owned(),
    }
}
