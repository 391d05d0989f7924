//! Whose turn it is, where several workers read one capture: how far each has come in the one order
//! of everything that happens.
//!
//! A lookup of what earlier packets told waits until nobody has an earlier packet before him. The
//! worker with the earliest one never waits, so that somebody always goes on.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// How far all workers are.
struct Progress {
    /// Of each worker: everything that it has to do before this place is done.
    places: Box<[AtomicU64]>,
    waiting: AtomicUsize,
    lock: Mutex<()>,
    moved: Condvar,
}

/// One worker's place in the order. Dropped, it holds nobody back any more.
pub(in crate::tls) struct Turn {
    progress: Arc<Progress>,
    worker: usize,
    /// The connection that is at work there.
    connection: AtomicU64,
}

impl Turn {
    /// The turn of one worker alone.
    pub(in crate::tls) fn alone() -> Self {
        Self::of_workers(1).swap_remove(0)
    }

    /// The turns of so many workers, who are all at the beginning.
    pub(in crate::tls) fn of_workers(workers: usize) -> Vec<Self> {
        let progress = Arc::new(Progress {
            places: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            waiting: AtomicUsize::new(0),
            lock: Mutex::new(()),
            moved: Condvar::new(),
        });
        let turn = |worker| Self {
            progress: Arc::clone(&progress),
            worker,
            connection: AtomicU64::new(0),
        };
        (0..workers).map(turn).collect()
    }

    /// The connection that is at work.
    pub(in crate::tls) fn connection(&self) -> u64 {
        self.connection.load(Ordering::Relaxed)
    }

    /// The place that this worker is at.
    pub(in crate::tls) fn place(&self) -> u64 {
        self.own().load(Ordering::Relaxed)
    }

    /// Goes on to `place`, where `connection` is at work: what comes before it is done.
    pub(in crate::tls) fn advance(&self, place: u64, connection: u64) {
        self.connection.store(connection, Ordering::Relaxed);
        // Either this store is seen by who begins to wait, or that he waits is seen here: both need
        // the one order of all sequentially consistent operations.
        self.own().store(place, Ordering::SeqCst);
        if self.progress.waiting.load(Ordering::SeqCst) > 0 {
            let _held = self.progress.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.progress.moved.notify_all();
        }
    }

    /// Waits until every worker has come as far as this one.
    pub(in crate::tls) fn await_others(&self) {
        let place = self.place();
        if self.slowest() >= place {
            return;
        }
        let mut held = self.progress.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.progress.waiting.fetch_add(1, Ordering::SeqCst);
        while self.slowest() < place {
            held = self.progress.moved.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        self.progress.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// The place before which everything is done.
    pub(in crate::tls) fn slowest(&self) -> u64 {
        let places = self.progress.places.iter().map(|place| place.load(Ordering::SeqCst));
        places.min().unwrap_or_default()
    }

    fn own(&self) -> &AtomicU64 {
        &self.progress.places[self.worker]
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.advance(u64::MAX, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn waits_for_those_behind_and_for_nobody_else() {
        let turns = Turn::of_workers(3);
        turns[0].advance(5, 1);
        turns[1].advance(7, 1);
        turns[2].advance(9, 1);
        turns[0].await_others();
        let (done, is_done) = channel();
        thread::scope(|scope| {
            let second = &turns[1];
            scope.spawn(move || {
                second.await_others();
                done.send(()).unwrap();
            });
            assert!(is_done.recv_timeout(Duration::from_millis(20)).is_err(), "5 comes before 7");
            turns[0].advance(6, 1);
            turns[0].advance(7, 1);
            is_done.recv_timeout(Duration::from_secs(60)).unwrap();
        });
    }

    #[test]
    fn who_is_gone_holds_nobody_back() {
        let mut turns = Turn::of_workers(2);
        turns[1].advance(3, 1);
        drop(turns.remove(0));
        turns[0].await_others();
        assert_eq!(turns[0].slowest(), 3);
    }
}
