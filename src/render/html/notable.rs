//! Which sessions are shown in detail, where they are too many for one page.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{Code, Outcome, SessionReport, Severity};

/// Sessions that are shown in detail: at some 30 kB each the page opens within two seconds, and can
/// be mailed (docs/html.md has the figures).
pub(super) const MOST_DETAILED: usize = 200;

/// The sessions to show in detail: all, if they are few. Else those that stand out in time, then
/// those that went wrong or have findings; of each kind the first come first, so that a thousand failures
/// of one kind do not hide the one of another. Then, while there is room, those that went well.
pub(super) fn chosen(sessions: &[SessionReport], outliers: &BTreeSet<u64>) -> BTreeSet<u64> {
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut ranked: Vec<_> = sessions
        .iter()
        .map(|session| {
            let nth = seen.entry(kind(session)).or_default();
            *nth += 1;
            // Histograms link to their outliers.
            match outliers.contains(&session.id) {
                true => (false, 0, session.id),
                false => (!is_notable(session), *nth, session.id),
            }
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(MOST_DETAILED).map(|(_, _, id)| id).collect()
}

fn is_notable(session: &SessionReport) -> bool {
    let went_well =
        matches!(session.outcome, Outcome::Delivered | Outcome::NoMail | Outcome::Probe);
    !went_well || session.findings.iter().any(|finding| finding.severity < Severity::Info)
}

/// Sessions are of one kind if they ended alike and have the same findings.
fn kind(session: &SessionReport) -> (Outcome, BTreeSet<Code>) {
    (session.outcome, session.findings.iter().map(|finding| finding.code).collect())
}
