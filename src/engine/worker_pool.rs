//! The workers, and the way of batches to them and back.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope};

use super::batch::Part;
use super::setup::Setup;
use super::worker::{TapMaker, Worker};

/// Batches that are on their way at a time. With two workers these are about 8 MiB.
pub(super) const MOST_UNDER_WAY: usize = 4;

/// Takes batches, and gives them back in their order.
pub(super) struct WorkerPool<'t> {
    states: Vec<WorkerState<'t>>,
    under_way: usize,
}

/// Where a worker is.
enum WorkerState<'t> {
    /// On this thread.
    Here(Box<Worker<'t>>, VecDeque<Part>),
    There(SyncSender<Part>, Receiver<Part>),
}

impl<'t> WorkerPool<'t> {
    /// Workers as `setup` wants them. One works on this thread, several on threads of their own.
    pub(super) fn new<'scope>(
        setup: &Setup,
        tap: &'t TapMaker<'t>,
        scope: &'scope Scope<'scope, '_>,
    ) -> Self
    where
        't: 'scope,
    {
        let threads = setup.threads.or_else(|| thread::available_parallelism().ok());
        let workers = threads.map_or(1, NonZeroUsize::get).min(super::SHARDS);
        let worker = |setup| Worker::new(Arc::new(setup), tap);
        let mut team = setup.of_workers(workers).into_iter().map(worker);
        let states = match workers {
            1 => team
                .next()
                .map(|one| WorkerState::Here(Box::new(one), VecDeque::new()))
                .into_iter()
                .collect(),
            _ => team.map(|worker| WorkerState::there(worker, scope)).collect(),
        };
        Self { states, under_way: 0 }
    }

    /// A batch without anything in it.
    pub(super) fn empty(&self) -> Vec<Part> {
        self.states.iter().map(|_| Part::default()).collect()
    }

    /// Batches that were given and not yet taken.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Gives a batch to the workers, a part to each.
    pub(super) fn give(&mut self, parts: Vec<Part>) {
        self.under_way += 1;
        for (state, part) in self.states.iter_mut().zip(parts) {
            state.give(part);
        }
    }

    /// Waits for the batch that was given first. None if there is none, or a worker is gone.
    pub(super) fn take(&mut self) -> Option<Vec<Part>> {
        self.under_way = self.under_way.checked_sub(1)?;
        self.states.iter_mut().map(WorkerState::take).collect()
    }
}

impl<'t> WorkerState<'t> {
    fn there<'scope>(mut worker: Worker<'t>, scope: &'scope Scope<'scope, '_>) -> Self
    where
        't: 'scope,
    {
        let (give, parts) = sync_channel::<Part>(MOST_UNDER_WAY);
        let (done, take) = sync_channel(MOST_UNDER_WAY);
        scope.spawn(move || {
            for mut part in parts {
                worker.work(&mut part);
                if done.send(part).is_err() {
                    return;
                }
            }
        });
        Self::There(give, take)
    }

    fn give(&mut self, mut part: Part) {
        match self {
            Self::Here(worker, done) => {
                worker.work(&mut part);
                done.push_back(part);
            }
            // A worker that is gone is missed when the part does not come back.
            Self::There(give, _) => drop(give.send(part)),
        }
    }

    fn take(&mut self) -> Option<Part> {
        match self {
            Self::Here(_, done) => done.pop_front(),
            Self::There(_, take) => take.recv().ok(),
        }
    }
}
