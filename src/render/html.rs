//! HTML: one page that needs nothing else, to mail to a colleague or to attach to a ticket. It
//! loads nothing, runs on one small script for sorting, filtering and folding, and shows everything
//! without it. docs/html.md says what is where, and how large it gets.

pub mod comparison;
mod conversation;
mod counts;
mod deliveries;
mod escape;
mod findings;
mod histogram;
mod inked;
mod ladder;
mod notable;
mod overview;
pub(super) mod packets;
mod page;
mod scale;
mod session;
#[cfg(test)]
mod tests;
mod timeline;
mod waterfall;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use super::text::{Style, Times};
use super::{Conclusion, Renderer};
use crate::report::{CaptureReport, SessionReport};
use deliveries::Deliveries;
use findings::Glossary;
use overview::{CaptureSection, Overview};
use packets::Room;
use session::Session;

/// Keeps the sessions until all are known: the page begins with what they have in common.
#[derive(Debug, Default)]
pub struct HtmlReport {
    times: Times,
    sessions: Vec<SessionReport>,
    room: Room,
    /// What each session may show of its packets and bytes, by its number.
    rooms: BTreeMap<u64, Room>,
}

impl HtmlReport {
    /// A report that shows times as `style` does.
    #[must_use]
    pub fn new(style: &Style) -> Self {
        Self { times: style.times, ..Self::default() }
    }

    /// Sessions one by one: only one is ever held as HTML.
    fn details(&self, overview: &Overview, out: &mut dyn Write) -> io::Result<()> {
        let is_only = self.sessions.len() == 1;
        for session in self.sessions.iter().filter(|s| overview.detailed().contains(&s.id)) {
            let room = self.rooms.get(&session.id).copied();
            page::put(&Session::new(session, room, self.times, is_only), out)?;
        }
        Ok(())
    }
}

impl Renderer for HtmlReport {
    fn session(&mut self, mut session: SessionReport, _: &mut dyn Write) -> io::Result<()> {
        let room = session.transcript.as_deref().and_then(|heard| self.room.take(heard));
        match room {
            Some(room) => _ = self.rooms.insert(session.id, room),
            None => session.transcript = None,
        }
        self.sessions.push(session);
        Ok(())
    }

    fn finish(&mut self, rest: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        self.sessions.sort_by_key(|session| session.id);
        let title = title(&rest.captures);
        let overview = Overview::new(title.clone(), &self.sessions);
        let detailed = self.sessions.iter().filter(|s| overview.detailed().contains(&s.id));
        let glossary = Glossary::new(detailed, &rest.findings);
        page::write(&title, out, |out| {
            page::put(&overview, out)?;
            if let Some(deliveries) = Deliveries::of(&rest.deliveries, overview.detailed()) {
                page::put(&deliveries, out)?;
            }
            self.details(&overview, out)?;
            page::put(&CaptureSection::new(&rest), out)?;
            if !glossary.is_empty() {
                page::put(&glossary, out)?;
            }
            out.write_all(b"</main>\n")
        })
    }
}

/// Names of files that are in a title; more are counted.
const MOST_NAMES: usize = 3;

fn title(captures: &[CaptureReport]) -> String {
    let name = |capture: &CaptureReport| match Path::new(&capture.path).file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => capture.path.clone(),
    };
    let names: Vec<_> = captures.iter().take(MOST_NAMES).map(name).collect();
    match captures.len().saturating_sub(MOST_NAMES) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
