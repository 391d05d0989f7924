//! Filters as they are typed, and sessions by number.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::args::{AddressArg, OutcomeArg, SharedArgs};
use crate::filter::{ConnectionFilter, FilterError, PacketFilter, Selection, Window};
use crate::render::term;
use crate::report::{SessionReport, Summary};

/// Columns of the expression shown beside an error: one line of a terminal.
const SHOWN: usize = 70;

pub(super) fn connection_filter(text: &str) -> Result<ConnectionFilter, String> {
    ConnectionFilter::parse(text).map_err(|error| pointed_at(text, &error))
}

pub(super) fn packet_filter(text: &str) -> Result<PacketFilter, String> {
    PacketFilter::parse(text).map_err(|error| pointed_at(text, &error))
}

/// Whether sessions are chosen by what is known when they have ended.
pub(super) fn is_by_session(args: &SharedArgs) -> bool {
    !(args.session.is_empty() && args.outcome.is_empty() && args.server.is_empty())
}

/// What the arguments ask for.
pub(super) fn selection(args: &SharedArgs) -> Selection {
    Selection {
        packets: args.packet_filter.clone(),
        connections: args.filter.clone(),
        window: Window { since: args.since, until: args.until },
    }
}

/// The error, and below it the expression with a mark where the error is. A long expression is
/// shown from a little before that.
fn pointed_at(text: &str, error: &FilterError) -> String {
    let escaped = |part: Option<&str>| term::escaped(part.unwrap_or_default()).to_string();
    let before = escaped(text.get(..error.at.start));
    let at = escaped(text.get(error.at.clone()));
    let after = escaped(text.get(error.at.end..));
    let hidden = before.chars().count().saturating_sub(SHOWN / 2);
    let line: String = [&*before, &at, &after].concat().chars().skip(hidden).take(SHOWN).collect();
    let blank = before.chars().count() - hidden;
    let mark = "^".repeat(at.chars().count().clamp(1, SHOWN - blank));
    let column = error.column(text);
    let message = escaped(Some(&error.message));
    format!("1:{column}: {message}\n  {line}\n  {}{mark}", " ".repeat(blank))
}

/// The sessions asked for, by what is known when they have ended.
pub(super) struct Asked {
    numbers: BTreeSet<u64>,
    outcomes: Vec<OutcomeArg>,
    servers: Vec<AddressArg>,
    /// One of those that came was asked for.
    found: bool,
    /// Those of them that did not come.
    missing: BTreeSet<u64>,
}

impl Asked {
    pub(super) fn new(args: &SharedArgs) -> Self {
        let numbers: BTreeSet<_> = args.session.iter().copied().collect();
        let (outcomes, servers) = (args.outcome.clone(), args.server.clone());
        Self { missing: numbers.clone(), numbers, outcomes, servers, found: false }
    }

    /// Whether a session is asked for. It has come, then.
    pub(super) fn wants(&mut self, session: &SessionReport) -> bool {
        let wanted = self.wants_number(session.id)
            && self.wants_outcome(session)
            && self.wants_server(session.server.0);
        self.found |= wanted;
        wanted
    }

    fn wants_number(&mut self, number: u64) -> bool {
        self.missing.remove(&number);
        self.numbers.is_empty() || self.numbers.contains(&number)
    }

    fn wants_outcome(&self, session: &SessionReport) -> bool {
        let is_it = |asked: &OutcomeArg| match asked {
            OutcomeArg::Failed => session.has_failed(),
            OutcomeArg::Is(asked) => *asked == session.outcome,
        };
        self.outcomes.is_empty() || self.outcomes.iter().any(is_it)
    }

    fn wants_server(&self, server: SocketAddr) -> bool {
        self.servers.is_empty() || self.servers.iter().any(|address| address.is_of(server))
    }

    /// What to say where sessions came, and none as was asked for.
    pub(super) fn none_found(&self, summary: &Summary) -> Option<String> {
        let by_kind = !(self.outcomes.is_empty() && self.servers.is_empty());
        (by_kind && !self.found && summary.sessions > 0).then(|| {
            let sessions = summary.sessions;
            format!(
                "no session is as --outcome and --server say; without them there are {sessions}"
            )
        })
    }

    /// What to say of those that did not come.
    pub(super) fn missing(&self, summary: &Summary) -> Option<String> {
        let missing: Vec<_> = self.missing.iter().map(u64::to_string).collect();
        let noun = if missing.len() == 1 { "session" } else { "sessions" };
        let seen = match summary.sessions {
            0 => "there is none".to_owned(),
            1 => "there is session 1 alone".to_owned(),
            last => format!("there are sessions 1 to {last}"),
        };
        let numbers = missing.join(", ");
        (!missing.is_empty()).then(|| format!("there is no {noun} {numbers}; {seen}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_at_what_it_is_about() {
        let error = connection_filter("host and port 25").unwrap_err();
        assert_eq!(error, "1:6: expected an address, found `and`\n  host and port 25\n       ^^^");
        let error = connection_filter("port").unwrap_err();
        assert!(error.ends_with("\n  port\n      ^"), "{error}");
    }

    #[test]
    fn an_error_far_behind_is_shown_with_what_is_around_it() {
        let text = format!("{}port x", "tcp or ".repeat(100));
        let error = connection_filter(&text).unwrap_err();
        let lines: Vec<_> = error.lines().collect();
        assert!(lines[0].starts_with("1:706: "), "{error}");
        assert_eq!(lines[1].find("x"), lines[2].find('^'));
        assert!(lines.iter().skip(1).all(|line| line.len() <= SHOWN + 2));
    }

    #[test]
    fn no_control_character_of_an_expression_is_shown() {
        assert!(!connection_filter("port \x1b[2J").unwrap_err().contains('\x1b'));
    }

    #[test]
    fn tells_of_sessions_that_do_not_exist() {
        let mut asked = Asked {
            numbers: [2, 9].into(),
            missing: [2, 9].into(),
            outcomes: Vec::new(),
            servers: Vec::new(),
            found: false,
        };
        assert!(!asked.wants_number(1) && asked.wants_number(2));
        let summary = Summary { sessions: 3, ..Summary::default() };
        let told = asked.missing(&summary).unwrap();
        assert_eq!(told, "there is no session 9; there are sessions 1 to 3");
    }
}
