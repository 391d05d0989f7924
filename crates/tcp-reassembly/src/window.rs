//! When an end had closed its receive window (RFC 9293 §3.8.6): the other could send nothing, so that
//! the wait belongs to the end that had stopped reading.

use crate::moment::Moment;

/// Closures that are kept one by one. A reader that is always a little too slow closes its window
/// after each segment; the first and longest waits tell what happened.
pub(super) const MOST_CLOSURES: usize = 256;

/// A window that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The segment that announced it.
    pub from: Moment,
    /// The segment that opened it again, or the connection's last packet.
    pub to: Moment,
}

impl Closure {
    /// How long it lasted, in ns.
    #[must_use]
    pub fn ns(&self) -> i64 {
        (self.to.ts - self.from.ts).max(0)
    }
}

/// The window of one end, packet after packet.
#[derive(Debug, Default)]
pub(super) struct Window {
    closed_at: Option<Moment>,
    closures: Vec<Closure>,
}

impl Window {
    /// Takes the window that a segment announces; those of SYN and RST mean nothing here.
    pub(super) fn announce(&mut self, bytes: u16, at: Moment) {
        if bytes == 0 {
            self.closed_at.get_or_insert(at);
            return;
        }
        if let Some(from) = self.closed_at.take() {
            self.keep(from, at);
        }
    }

    fn keep(&mut self, from: Moment, to: Moment) {
        if self.closures.len() < MOST_CLOSURES && from < to {
            self.closures.push(Closure { from, to });
        }
    }

    /// All of them, when nothing more will come.
    pub(super) fn closures(&self, last: Option<Moment>) -> Vec<Closure> {
        let open = self.closed_at.zip(last).filter(|(from, last)| from < last);
        let open = open.map(|(from, to)| Closure { from, to });
        self.closures.iter().copied().chain(open).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: 1 }
    }

    #[test]
    fn a_closure_lasts_from_the_first_zero_to_the_next_opening() {
        let mut window = Window::default();
        for (bytes, ns) in [(9, 1), (0, 2), (0, 5), (7, 9), (6, 10), (0, 12)] {
            window.announce(bytes, at(ns));
        }
        let closures = window.closures(Some(at(15)));
        let expected = [Closure { from: at(2), to: at(9) }, Closure { from: at(12), to: at(15) }];
        assert_eq!(closures, expected);
        assert_eq!(closures.iter().map(Closure::ns).sum::<i64>(), 10);
    }
}
