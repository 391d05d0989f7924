//! The columns that timeline and conversation share: time since the start, time since the line
//! before, frame number. What came in the same frame as the line before has no times of its own.

use super::duration::Duration;
use super::ink::Ink;
use super::line::Line;
use crate::report::SessionReport;

/// Where the column of times since the start ends.
const TIME_END: usize = 9;

/// Where the column of times since the line before ends.
const DELTA_END: usize = 19;

/// Digits of the frame column at least: as wide as its heading.
const FEWEST_DIGITS: usize = 5;

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    /// Since the session's start.
    pub(super) t_ns: i64,
    /// The frame; 0 where there is none.
    pub(super) frame: u64,
}

/// Makes the lines of one table.
pub(super) struct Grid {
    frame_end: usize,
    last: Option<Instant>,
}

impl Grid {
    /// A grid that has room for every frame number of the session.
    pub(super) fn new(session: &SessionReport) -> Self {
        let digits = session.frames.last.to_string().len().max(FEWEST_DIGITS);
        Self { frame_end: DELTA_END + 1 + digits, last: None }
    }

    /// The column where the text begins.
    pub(super) fn text_column(&self) -> usize {
        self.frame_end + 2
    }

    /// The line that names the columns.
    pub(super) fn header(&self) -> Line {
        let mut line = Line::default();
        line.ink(Ink::Dim).right(TIME_END, "time").right(DELTA_END, "delta");
        line.right(self.frame_end, "frame");
        line
    }

    /// A line that begins with the times of `at`; its text hangs `more` columns behind its own
    /// beginning.
    pub(super) fn line(&mut self, at: Instant, more: usize) -> Line {
        let mut line = Line::hanging(self.text_column() + more);
        if self.last != Some(at) {
            self.stamp(at, &mut line);
        }
        line.tab(self.text_column());
        self.last = Some(at);
        line
    }

    /// A line without times.
    pub(super) fn untimed(&self, more: usize) -> Line {
        let mut line = Line::hanging(self.text_column() + more);
        line.tab(self.text_column());
        line
    }

    fn stamp(&self, at: Instant, line: &mut Line) {
        line.ink(Ink::Dim).right(TIME_END, Duration(at.t_ns));
        if let Some(last) = self.last {
            let delta = at.t_ns.saturating_sub(last.t_ns);
            let sign = if delta < 0 { "" } else { "+" };
            line.right(DELTA_END, format_args!("{sign}{}", Duration(delta)));
        }
        if at.frame > 0 {
            line.right(self.frame_end, at.frame);
        }
        line.ink(Ink::Plain);
    }
}
