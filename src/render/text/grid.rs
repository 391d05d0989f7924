//! The columns that timeline and conversation share: time since the start, time since the line
//! before, frame number. What came in the same frame as the line before has no times of its own.

use super::duration::Duration;
use super::ink::Ink;
use super::line::Line;
use super::times::Times;
use crate::moment::Timestamp;
use crate::report::SessionReport;

/// The column of times since the line before, with a space ahead of it.
const DELTA: usize = 10;

/// Digits of the frame column at least: as wide as its heading.
const FEWEST_DIGITS: usize = 5;

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::render) struct Instant {
    /// Since the session's start.
    pub(in crate::render) t_ns: i64,
    /// The frame; 0 for none.
    pub(in crate::render) frame: u64,
}

/// Makes the lines of one table.
pub(super) struct Grid {
    times: Times,
    start: Timestamp,
    delta_end: usize,
    frame_end: usize,
    last: Option<Instant>,
}

impl Grid {
    /// A grid that has room for every frame number of the session.
    pub(super) fn new(session: &SessionReport, times: Times) -> Self {
        let delta_end = times.width() + DELTA;
        let digits = session.frames.last.to_string().len().max(FEWEST_DIGITS);
        let frame_end = delta_end + 1 + digits;
        Self { times, start: session.start, delta_end, frame_end, last: None }
    }

    /// A grid without times since the line before, where each line has much to say.
    pub(super) fn brief(session: &SessionReport, times: Times) -> Self {
        let mut grid = Self::new(session, times);
        if times != Times::Delta {
            grid.frame_end -= DELTA;
            grid.delta_end = 0;
        }
        grid
    }

    /// The column where the text begins.
    pub(super) fn text_column(&self) -> usize {
        self.frame_end + 2
    }

    /// The line that names the columns.
    pub(super) fn header(&self) -> Line {
        let mut line = Line::default();
        let time = if self.times == Times::Delta { "" } else { "time" };
        line.ink(Ink::Dim).right(self.times.width(), time);
        if self.delta_end > 0 {
            line.right(self.delta_end, "delta");
        }
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
        let time = self.times.of(self.start, at.t_ns);
        line.ink(Ink::Dim).right(self.times.width(), time);
        if let Some(last) = self.last.filter(|_| self.delta_end > 0) {
            let delta = at.t_ns.saturating_sub(last.t_ns);
            let sign = if delta < 0 { "" } else { "+" };
            line.right(self.delta_end, format_args!("{sign}{}", Duration(delta)));
        }
        if at.frame > 0 {
            line.right(self.frame_end, at.frame);
        }
        line.ink(Ink::Plain);
    }
}
