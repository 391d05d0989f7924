//! Sessions are numbered in order of first frame, but come out in the order in which they end. A
//! number is known as soon as it is known of every earlier connection whether it is a session.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::report::SessionReport;

/// Reports that wait for their number, and connections whose number waits for an earlier one. Beyond
/// these a connection that has told nothing yet is taken for no session; should it become one, it
/// gets the next number. Reports of short sessions have 5 to 15 KiB, an entry 30 bytes.
pub(super) const MOST_WAITING: usize = 2_000;
pub(super) const MOST_UNDECIDED: usize = 100_000;

/// Gives sessions their `id`, and holds back those whose `id` is not known yet.
#[derive(Default)]
pub(super) struct Numbering {
    /// From the first connection on that may or may not be a session.
    undecided: BTreeMap<u64, Option<bool>>,
    sessions: u64,
    ids: HashMap<u64, u64>,
    waiting: VecDeque<(u64, SessionReport)>,
}

impl Numbering {
    /// A connection begins, later than all before.
    pub(super) fn begin(&mut self, connection: u64) {
        self.undecided.insert(connection, None);
        if self.undecided.len() > MOST_UNDECIDED {
            self.pass_over_first();
        }
    }

    /// Notes whether a connection is a session. Only the first word on a connection counts.
    pub(super) fn decide(&mut self, connection: u64, is_session: bool) {
        if let Some(word) = self.undecided.get_mut(&connection) {
            word.get_or_insert(is_session);
        }
        while let Some(first) = self.undecided.first_entry()
            && let Some(is_session) = *first.get()
        {
            let connection = first.remove_entry().0;
            if is_session {
                self.number(connection);
            }
        }
    }

    /// Takes the report of a connection that is over.
    pub(super) fn end(&mut self, connection: u64, report: SessionReport) {
        self.decide(connection, true);
        // A connection that was taken for something else gets the next number: late is better
        // than never.
        if !self.undecided.contains_key(&connection) && !self.ids.contains_key(&connection) {
            self.number(connection);
        }
        self.waiting.push_back((connection, report));
        while self.waiting.len() > MOST_WAITING {
            if self.waiting.front().is_some_and(|(first, _)| self.ids.contains_key(first)) {
                return;
            }
            self.pass_over_first();
        }
    }

    /// A connection is no session of its own.
    pub(super) fn forget(&mut self, connection: u64) {
        self.ids.remove(&connection);
        self.decide(connection, false);
    }

    /// The next session in order of ends, if its number is known.
    pub(super) fn next(&mut self) -> Option<SessionReport> {
        let id = self.ids.remove(&self.waiting.front()?.0)?;
        let (_, mut report) = self.waiting.pop_front()?;
        report.id = id;
        Some(report)
    }

    fn number(&mut self, connection: u64) {
        self.sessions += 1;
        self.ids.insert(connection, self.sessions);
    }

    fn pass_over_first(&mut self) {
        if let Some((&first, _)) = self.undecided.first_key_value() {
            self.decide(first, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Recorder, Reveal};
    use crate::session::{Closed, Ends, Protocol};
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
        };
        Recorder::new(Reveal::default()).finish(&closed)
    }

    fn ids(numbering: &mut Numbering) -> Vec<u64> {
        std::iter::from_fn(|| numbering.next()).map(|report| report.id).collect()
    }

    #[test]
    fn a_report_waits_for_the_word_on_earlier_connections() {
        let mut numbering = Numbering::default();
        [10, 20, 30].into_iter().for_each(|connection| numbering.begin(connection));
        numbering.end(30, report());
        numbering.decide(20, false);
        assert_eq!(ids(&mut numbering), Vec::<u64>::new());
        numbering.decide(10, true);
        assert_eq!(ids(&mut numbering), [2]);
        numbering.end(10, report());
        numbering.end(20, report());
        assert_eq!(ids(&mut numbering), [1, 3], "late is better than never");
    }

    #[test]
    fn a_connection_that_says_nothing_holds_back_so_many_reports_and_no_more() {
        let mut numbering = Numbering::default();
        let mut seen = Vec::new();
        numbering.begin(1);
        for connection in 2..=MOST_WAITING as u64 + 11 {
            numbering.begin(connection);
            numbering.end(connection, report());
            assert!(numbering.waiting.len() <= MOST_WAITING + 1);
            seen.extend(ids(&mut numbering));
        }
        let expected: Vec<_> = (1..=MOST_WAITING as u64 + 10).collect();
        assert_eq!(seen, expected);
        numbering.end(1, report());
        assert_eq!(ids(&mut numbering), [MOST_WAITING as u64 + 11]);
    }

    #[test]
    fn a_connection_that_says_nothing_holds_back_so_many_numbers_and_no_more() {
        let mut numbering = Numbering::default();
        for connection in 1..=2 * MOST_UNDECIDED as u64 {
            numbering.begin(connection);
            if connection > 1 {
                numbering.decide(connection, false);
            }
            assert!(numbering.undecided.len() <= MOST_UNDECIDED);
        }
        numbering.end(1, report());
        assert_eq!(ids(&mut numbering), [1]);
    }
}
