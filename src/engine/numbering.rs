//! Sessions are numbered in order of first frame, but come out in the order in which they end. A
//! number is known as soon as it is known of every earlier connection whether it is a session.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::report::SessionReport;

/// Gives sessions their `id`, and holds back those whose `id` is not known yet.
pub(super) struct Numbering {
    /// The first connection of which it is not known whether it is a session.
    undecided: u64,
    sessions: u64,
    decided: BTreeMap<u64, bool>,
    ids: HashMap<u64, u64>,
    waiting: VecDeque<(u64, SessionReport)>,
}

impl Default for Numbering {
    fn default() -> Self {
        Self {
            undecided: 1,
            sessions: 0,
            decided: BTreeMap::new(),
            ids: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }
}

impl Numbering {
    /// Notes whether a connection is a session. Only the first word on a connection counts.
    pub(super) fn decide(&mut self, connection: u64, is_session: bool) {
        if connection < self.undecided {
            return;
        }
        self.decided.entry(connection).or_insert(is_session);
        while let Some(is_session) = self.decided.remove(&self.undecided) {
            if is_session {
                self.sessions += 1;
                self.ids.insert(self.undecided, self.sessions);
            }
            self.undecided += 1;
        }
    }

    /// Takes the report of a connection that is over.
    pub(super) fn end(&mut self, connection: u64, report: SessionReport) {
        self.decide(connection, true);
        // A connection that was taken for something else gets the next number: late is better
        // than never.
        if connection < self.undecided && !self.ids.contains_key(&connection) {
            self.sessions += 1;
            self.ids.insert(connection, self.sessions);
        }
        self.waiting.push_back((connection, report));
    }

    /// The next session in order of ends, if its number is known.
    pub(super) fn next(&mut self) -> Option<SessionReport> {
        let id = self.ids.remove(&self.waiting.front()?.0)?;
        let (_, mut report) = self.waiting.pop_front()?;
        report.id = id;
        Some(report)
    }
}
