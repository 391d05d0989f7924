//! Sessions are numbered in order of first frame, but come out in the order in which they end. A
//! number is known as soon as it is known of every earlier connection whether it is a session.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::report::SessionReport;

/// Reports that wait for their number. Beyond it a connection that has told nothing yet is taken for
/// no session; should it become one, it gets the next number.
const MOST_WAITING: usize = 10_000;

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
        while self.waiting.len() > MOST_WAITING {
            self.decide(self.undecided, false);
            if self.waiting.front().is_some_and(|(first, _)| self.ids.contains_key(first)) {
                return;
            }
        }
    }

    /// The next session in order of ends, if its number is known.
    pub(super) fn next(&mut self) -> Option<SessionReport> {
        let id = self.ids.remove(&self.waiting.front()?.0)?;
        let (_, mut report) = self.waiting.pop_front()?;
        report.id = id;
        Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Closed, Ends, Protocol, Recorder, Reveal, SlowLimits};
    use crate::tls::Keys;

    fn report() -> SessionReport {
        let end = ([192, 0, 2, 1], 25).into();
        let closed = Closed {
            ends: Ends { client: end, server: end },
            protocol: Protocol::Unknown,
            tcp: &crate::flow::TcpFacts::default(),
            tls: None,
            smtp: None,
            keys: &Keys::default(),
            slow: &SlowLimits::default(),
        };
        Recorder::new(Reveal::default()).finish(&closed)
    }

    fn ids(numbering: &mut Numbering) -> Vec<u64> {
        std::iter::from_fn(|| numbering.next()).map(|report| report.id).collect()
    }

    #[test]
    fn a_report_waits_for_the_word_on_earlier_connections() {
        let mut numbering = Numbering::default();
        numbering.end(3, report());
        numbering.decide(2, false);
        assert_eq!(ids(&mut numbering), Vec::<u64>::new());
        numbering.decide(1, true);
        assert_eq!(ids(&mut numbering), [2]);
        numbering.end(1, report());
        numbering.end(2, report());
        assert_eq!(ids(&mut numbering), [1, 3], "late is better than never");
    }

    #[test]
    fn a_connection_that_says_nothing_holds_back_so_many_reports_and_no_more() {
        let mut numbering = Numbering::default();
        let mut seen = Vec::new();
        for connection in 2..=MOST_WAITING as u64 + 11 {
            numbering.end(connection, report());
            assert!(numbering.waiting.len() <= MOST_WAITING + 1);
            seen.extend(ids(&mut numbering));
        }
        let expected: Vec<_> = (1..=MOST_WAITING as u64 + 10).collect();
        assert_eq!(seen, expected);
        numbering.end(1, report());
        assert_eq!(ids(&mut numbering), [MOST_WAITING as u64 + 11]);
    }
}
