//! `handshakes`: what the holder of the keys needs to open the sessions of a capture. Nothing of it
//! is secret, so it travels, and the keys stay (`docs/fleet.md`).

use std::ops::ControlFlow;
use std::sync::mpsc::{self, Sender};

use anyhow::bail;

use super::args::HandshakesArgs;
use super::exit::Exit;
use super::plan::{self, Plan};
use super::target::How;
use super::{output, select};
use crate::engine::{self, Tap};
use crate::render::handshakes;
use crate::report::SessionReport;
use crate::sandbox::Access;
use crate::session::Observer;
use crate::tls::Lock;

/// Takes the locks of one connection.
struct LockTap(Sender<Lock>);

impl Observer for LockTap {
    fn wants_locks(&self) -> bool {
        true
    }

    fn locks(&mut self, locks: Vec<Lock>) {
        // The other end is gone only if the run is over.
        locks.into_iter().for_each(|lock| drop(self.0.send(lock)));
    }
}

impl Tap for LockTap {
    fn finish(self: Box<Self>, _session: Option<&SessionReport>) {}
}

/// Runs the command.
pub(super) fn run(args: &HandshakesArgs) -> anyhow::Result<Exit> {
    if select::is_by_session(&args.shared) {
        bail!("--session, --outcome and --server choose what is reported; here, use --filter");
    }
    let Some(plan) = Plan::with_readable_keys(&args.shared, &[]) else { return Ok(Exit::Usage) };
    let mut out = output::open(args.output.as_deref(), How::default())?;
    let rename = out.directory().into_iter().collect();
    plan.confine(&args.shared, Access { rename, ..Access::default() });
    let mut capture = plan::capture(&args.shared);
    out.spare(&plan.inputs(&args.shared, &capture))?;
    let (done, seen) = mpsc::channel();
    let setup = plan.setup.clone();
    let tap = |_| -> Option<Box<dyn Tap>> { Some(Box::new(LockTap(done.clone()))) };
    let totals = engine::run(&mut capture, &setup, tap, |_| ControlFlow::Continue(()));
    // In the order of their frames, whichever connection ended first. A lock is a kilobyte or two.
    let mut locks: Vec<_> = seen.try_iter().collect();
    locks.sort_by_key(|lock| (lock.frame, lock.client_random.0));
    locks.iter().try_for_each(|lock| handshakes::write(lock, &mut out))?;
    out.finish()?;
    Ok(plan.conclude(&capture, &totals.summary))
}
