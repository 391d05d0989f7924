//! The pipeline: packets in, sessions out. Knows no protocol.
//!
//! The thread that calls [`run`] reads and decodes (`reader`), and cuts the segments into batches
//! (`batch`). Each batch has a part for each worker (`worker_pool`, `worker`), who owns whole connections and
//! tells what becomes of them (`event`). Back on the first thread the events of a batch are put into
//! the order that one worker alone would have told them in, and become numbered sessions (`sorter`,
//! `numbering`). So the output is the same for any number of workers and any size of batches.

mod batch;
mod chooser;
mod copies;
mod ended;
mod event;
mod first_pass;
mod halves;
pub mod limits;
mod numbering;
mod reader;
mod setup;
mod sorter;
mod tap;
mod totals;
mod watched;
mod worker;
mod worker_pool;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use crate::capture::{Capture, Secrets};
use crate::report::{Finding, SessionReport, Severity, codes};
use crate::trust::Trust;
use batch::{Limits, Part};
use reader::{Border, Reader};
pub use setup::Setup;
use sorter::Sorter;
pub use tap::Tap;
pub use totals::Totals;
use worker_pool::{MOST_UNDER_WAY, WorkerPool};

/// Groups of connections. Which one a connection belongs to is a function of its ends, whatever the
/// number of workers, so that what is limited by group is too. No more workers have work.
const SHARDS: usize = 64;

/// Reads `capture` to its end, or until `on_session` breaks. `tap` makes the tap of each connection,
/// from its number, which grows with the first packets; `on_session` takes the sessions in the order
/// in which they end.
pub fn run(
    capture: &mut Capture,
    setup: &Arc<Setup>,
    tap: impl Fn(u64) -> Option<Box<dyn Tap>> + Sync,
    on_session: impl FnMut(SessionReport) -> ControlFlow<()>,
) -> Totals {
    run_in_batches(capture, setup, Limits::DEFAULT, &tap, on_session)
}

fn run_in_batches(
    capture: &mut Capture,
    setup: &Setup,
    limits: Limits,
    tap: &(dyn Fn(u64) -> Option<Box<dyn Tap>> + Sync),
    on_session: impl FnMut(SessionReport) -> ControlFlow<()>,
) -> Totals {
    thread::scope(|scope| {
        let mut line = Line {
            setup,
            reader: Reader::new(capture, setup, limits),
            pool: WorkerPool::new(setup, tap, scope),
            sorter: Sorter::new(Trust::new(Arc::clone(&setup.trust)), setup.keeps_apart),
            spare: Vec::new(),
            secrets: Vec::new(),
            on_session,
        };
        first_pass::add_secrets(line.reader.capture, setup);
        // Whether all was read or somebody has had enough, what was counted is told.
        let _ = line.read();
        line.conclude()
    })
}

/// The assembly line: what is needed where packets come in and sessions go out.
struct Line<'l, F> {
    setup: &'l Setup,
    reader: Reader<'l>,
    pool: WorkerPool<'l>,
    sorter: Sorter,
    /// Buffers of batches that were used before.
    spare: Vec<Vec<Part>>,
    /// What is wrong with secrets that the capture carries.
    secrets: Vec<Finding>,
    on_session: F,
}

impl<F: FnMut(SessionReport) -> ControlFlow<()>> Line<'_, F> {
    fn read(&mut self) -> ControlFlow<()> {
        let mut next = 1;
        loop {
            let parts = self.spare.pop().unwrap_or_else(|| self.pool.empty());
            let (parts, border) = self.reader.fill(next, parts);
            next = parts.first().map_or(next, |part| part.clocks.end());
            self.pool.give(parts);
            match border {
                Border::Full => self.collect(MOST_UNDER_WAY - 1)?,
                Border::Waiting => self.collect(0)?,
                Border::Secrets(secrets) => {
                    // Who looks a secret up sees it from its own packet on, and what is told of a
                    // log must not tell of later blocks.
                    self.collect(0)?;
                    self.take_secrets(secrets);
                }
                Border::End => {
                    self.collect(0)?;
                    return self.tell_attempts();
                }
            }
        }
    }

    /// What is told where nothing else was captured.
    fn tell_attempts(&mut self) -> ControlFlow<()> {
        let attempts = self.sorter.take_attempts(&mut self.reader.decoding.quality);
        attempts.into_iter().try_for_each(&mut self.on_session)
    }

    /// Takes finished batches until no more than so many are under way.
    fn collect(&mut self, most: usize) -> ControlFlow<()> {
        while self.pool.under_way() > most {
            let Some(mut parts) = self.pool.take() else { return ControlFlow::Break(()) };
            self.sorter.trust.learn(&mut self.reader.decoding.tlsa);
            let quality = &mut self.reader.decoding.quality;
            let halves = &self.reader.halves;
            self.sorter.take(&mut parts, quality, halves, &mut self.on_session)?;
            self.spare.push(parts);
        }
        ControlFlow::Continue(())
    }

    /// Adds the key logs that the capture carries (Decryption Secrets Blocks) to the keys, known from
    /// the next packet on. Notes each line of them that cannot be read.
    fn take_secrets(&mut self, blocks: Vec<Secrets>) {
        let is_late = self.reader.is_read_once() && self.reader.packets > 0;
        if is_late
            && !self.secrets.iter().any(|found| found.code == codes::KEYS_SECRETS_BEHIND_PACKETS)
        {
            self.secrets.push(secrets_behind(self.reader.packets));
        }
        for block in &blocks {
            let errors = self.setup.keys.add_secrets(block.kind, &block.data, self.reader.packets);
            self.secrets.extend(errors.iter().map(|error| {
                Finding::new(codes::KEYS_BAD_SECRETS_BLOCK, Severity::Warning, error.to_string())
                    .hint(error.hint())
            }));
        }
    }

    fn conclude(self) -> Totals {
        let Reader { capture, decoding, packets, .. } = self.reader;
        let mut findings: Vec<_> = capture.files().flat_map(totals::file_findings).collect();
        let mut summary = self.sorter.summary;
        summary.packets = packets;
        summary.filtered_packets += decoding.chooser.filtered;
        summary.skipped_frames = decoding.skipped.into_summary();
        let quality = decoding.quality.conclude(capture.files());
        findings.extend(quality.findings());
        findings.extend(self.sorter.elsewhere.findings());
        findings.extend(totals::crowded(self.sorter.crowded_out));
        findings.extend(totals::fragments(&decoding.decoder.fragment_facts()));
        findings.extend(self.secrets);
        findings.extend(decoding.chooser.findings());
        let deliveries = self.sorter.deliveries.conclude();
        Totals { summary, quality, deliveries, findings }
    }
}

fn secrets_behind(packets: u64) -> Finding {
    let message = format!(
        "secrets stand behind {packets} packets of a capture that can be read only once: they open what \
         follows them, and not what they stand behind"
    );
    Finding::new(codes::KEYS_SECRETS_BEHIND_PACKETS, Severity::Info, message)
        .at(packets)
        .hint("give the capture as a file: it is read twice then")
}

#[cfg(test)]
mod tests;
