//! What was looked up right before a refusal, and speaks for it: a list that has the client, a name
//! that is not there.

use super::candidate::{MOST_LOOKED_THROUGH, Scene};
use super::lookups::Lookup;
use super::stretch::{Asked, replies};
use super::terms::Meaning;
use crate::dns::Rcode;
use crate::report::{RelatedReport, SessionReport};

/// Lookups between a command and its refusal that are looked through.
const MOST: usize = MOST_LOOKED_THROUGH / 8;

/// Whether anything is refused in a session.
pub(super) fn is_in(session: &SessionReport) -> bool {
    session
        .smtp
        .iter()
        .flat_map(|smtp| &smtp.exchanges)
        .any(|exchange| exchange.reply.as_ref().is_some_and(|reply| reply.class() >= 4))
}

/// What speaks for the refusals of a session.
pub(super) fn related(scene: &Scene<'_>) -> Vec<RelatedReport> {
    let refused = replies(scene.session).into_iter().filter_map(|asked| {
        let code = asked.exchange.reply.as_ref().filter(|reply| reply.class() >= 4)?.code;
        Some((asked, code))
    });
    let mut found = Vec::new();
    for (asked, code) in refused.take(MOST_REFUSALS) {
        let lookups = &scene.around.lookups;
        for lookup in lookups.between(&scene.askers, asked.from, asked.until, MOST) {
            found.extend(before(scene, lookup, &asked, code));
        }
    }
    found
}

/// Refusals of one session for which a reason is looked for.
const MOST_REFUSALS: usize = 16;

fn before(
    scene: &Scene<'_>,
    lookup: &Lookup,
    asked: &Asked<'_>,
    code: u16,
) -> Option<RelatedReport> {
    let answered = lookup.answered.filter(|at| at.ts <= asked.until)?;
    let meaning = scene.terms.meaning(&lookup.name)?;
    let (resolver, name, frame) = (lookup.resolver, &lookup.name, answered.frame);
    let client = scene.session.client.0.ip();
    let summary = match (&meaning, lookup.rcode) {
        (Meaning::List(zone), Rcode::NoError) => {
            let address = lookup.addresses().find(|address| address.is_loopback())?;
            let whom = match name.starts_with(scene.terms.reversed()) {
                true => client.to_string(),
                false => name.trim_end_matches(zone).trim_end_matches('.').to_owned(),
            };
            format!(
                "the DNSBL {zone} has {whom} listed ({name} is {address}, frame {frame}); the reply {code} followed"
            )
        }
        (Meaning::List(_), _) | (_, Rcode::NoError) => return None,
        (_, rcode) => format!(
            "{resolver} answered {rcode} for {} {name} (frame {frame}); the reply {code} followed",
            lookup.kind
        ),
    };
    Some(RelatedReport {
        kind: "dns",
        from: lookup.asker.to_string(),
        to: resolver.to_string(),
        frame: lookup.asked.frame,
        last_frame: frame,
        t_ns: lookup.asked.ts - scene.session.start,
        duration_ns: answered.ts - lookup.asked.ts,
        summary,
        explains: None,
    })
}
