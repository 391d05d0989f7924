//! `--secrets-from`: the capture is read once for what proves a secret, then files are searched, and what
//! is proven becomes a key log for the second reading.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};

use secret_sources::{Container, Kept as Held, Scanned, Structure, scan};

use super::args::SharedArgs;
use super::{output, plan};
use crate::engine::{self, Setup, Tap};
use crate::keys::{Found, Kept, KeyLog};
use crate::report::SessionReport;
use crate::session::Observer;
use crate::tls::lock::Proven;
use crate::tls::{Keys, Prover, RecordLock};

/// Sessions for which secrets are searched.
pub(super) const MOST_LOCKS: usize = 20_000;

/// Takes the lock of one connection.
struct LockTap(Sender<RecordLock>);

impl Observer for LockTap {
    fn wants_text(&self) -> bool {
        false
    }

    fn wants_record_lock(&self) -> bool {
        true
    }

    fn record_lock(&mut self, lock: RecordLock) {
        // The other end is gone only if the run is over.
        drop(self.0.send(lock));
    }
}

impl Tap for LockTap {
    fn finish(self: Box<Self>, _session: Option<&SessionReport>) {}
}

/// Searches the files for the sessions of the captures, and adds what is proven to the keys of `setup`.
/// False if not all could be searched, which has been told.
pub(super) fn search(args: &SharedArgs, setup: &Setup) -> bool {
    if args.captures.iter().any(|path| path == Path::new("-")) {
        output::complain(
            "--secrets-from reads the capture twice, which standard input cannot: nothing was searched; \
             give the capture as a file",
        );
        return false;
    }
    let prover = Prover::new(locks(args, setup));
    let mut search = Search { prover, found: Vec::new(), searched: Vec::new() };
    let mut is_whole = true;
    for path in files(&args.secrets_from) {
        if let Err(error) = search.file(&path) {
            output::complain(&format!("cannot search {}: {error}", path.display()));
            is_whole = false;
            search.searched.push(format!("{} (only in part: {error})", path.display()));
        }
    }
    if !args.quiet {
        search.tell();
    }
    setup.keys.ring.keylog().add(KeyLog::of_found(search.found, search.searched));
    is_whole
}

/// What proves a secret of each session, in the order of the capture.
fn locks(args: &SharedArgs, setup: &Setup) -> Vec<RecordLock> {
    let setup = Arc::new(Setup { keys: Keys::default(), ..setup.clone() });
    let (done, seen) = mpsc::channel();
    let tap = |_| -> Option<Box<dyn Tap>> { Some(Box::new(LockTap(done.clone()))) };
    let mut capture = plan::capture(args);
    engine::run(&mut capture, &setup, tap, |_| ControlFlow::Continue(()));
    let mut locks: Vec<_> = seen.try_iter().collect();
    locks.sort_by_key(RecordLock::frame);
    if locks.len() > MOST_LOCKS {
        output::warn(&format!(
            "secrets are searched for the first {MOST_LOCKS} of {} sessions; choose fewer with --filter",
            locks.len()
        ));
        locks.truncate(MOST_LOCKS);
    }
    locks
}

/// The files named, and those of the folders named.
fn files(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for path in paths {
        let Ok(entries) = fs::read_dir(path) else {
            files.insert(path.clone());
            continue;
        };
        let below = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files.extend(below.filter(|path| path.is_file()));
    }
    files
}

/// A search under way.
struct Search {
    prover: Prover,
    found: Vec<Found>,
    /// What was searched, a phrase for each file.
    searched: Vec<String>,
}

impl Search {
    fn file(&mut self, path: &Path) -> io::Result<()> {
        let stream = secret_sources::plain(File::open(path)?)?;
        let mut hits = Vec::new();
        let scanned = scan(stream, &mut |candidate| {
            for proven in self.prover.prove(candidate.secret) {
                hits.push((proven, candidate.offset, candidate.structure));
            }
        })?;
        for (proven, offset, structure) in hits {
            let place = format!("{} at offset {offset} ({})", path.display(), structure.name());
            let Proven { client_random, secret } = proven;
            let kept = kept(scanned.container, structure);
            self.found.push(Found { client_random, secret, kept, place });
        }
        self.searched.push(phrase(path, &scanned));
        Ok(())
    }

    fn tell(&self) {
        let sessions = self.prover.sessions();
        let found: BTreeSet<_> = self.found.iter().map(|found| found.client_random).collect();
        output::say(&format!(
            "searched {} files: secrets of {} of {sessions} sessions were found",
            self.searched.len(),
            found.len()
        ));
        if found.is_empty() {
            self.searched.iter().for_each(|file| output::say(&format!("searched {file}")));
        }
    }
}

fn kept(container: Container, structure: Structure) -> Kept {
    match container.kept() {
        // Only caches write sessions in digits: this is the output of `postmap -s`.
        Held::File if structure == Structure::HexSession => Kept::SessionCache,
        Held::File => Kept::SessionFile,
        Held::Cache => Kept::SessionCache,
        Held::Memory => Kept::Memory,
    }
}

/// What was searched, and how much was in it.
fn phrase(path: &Path, scanned: &Scanned) -> String {
    let Scanned { container, bytes, structured, windows, resumption_secrets } = scanned;
    let resumption = match resumption_secrets {
        0 => String::new(),
        count => format!(
            ", {count} secrets that resume sessions of TLS 1.3 and do not open the session they come from"
        ),
    };
    format!(
        "{}: {}, {bytes} bytes, {structured} secrets in known structures, {windows} random windows\
         {resumption}",
        path.display(),
        container.name()
    )
}
