//! The library's door: captures and keys in, sessions out, one at a time.

use std::fs::{self, File};
use std::io::{self, Read};
use std::mem;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use crate::capture::{Capture, Input};
use crate::engine::{self, Setup};
use crate::filter::{ConnectionFilter, Selection};
use crate::judge::Opened;
use crate::keys::{KeyError, KeyRing, KeySource};
use crate::model::{CaptureReport, Conclusion, KeyReport, Reveal, SessionReport};
use crate::tls::Keys;

/// How many sessions may be ready before somebody takes them: enough that neither side waits for
/// the other at each, and few beside the connections that are open.
const READY: usize = 64;

/// A capture that is to be read, and what may open its sessions.
///
/// ```
/// use smtp_decrypt::{KeySource, Reader};
///
/// let mut reader = Reader::open(["testdata/mails/mixed/mixed.pcap"])?;
/// let errors = reader.load_keys(&[KeySource::List("testdata/mails/mixed/mixed.keys".into())]);
/// assert!(errors.is_empty());
/// let outcomes: Vec<_> = reader.sessions().map(|session| session.outcome.name()).collect();
/// assert_eq!(outcomes[..2], ["delivered", "delivered"]);
/// # Ok::<(), smtp_decrypt::OpenError>(())
/// ```
pub struct Reader {
    capture: Capture,
    ring: KeyRing,
    setup: Setup,
}

impl Reader {
    /// Files or folders, one capture in time order however they are listed.
    ///
    /// # Errors
    ///
    /// The first that does not exist or that may not be read. What turns out later is no error: a file
    /// that is no capture, or is damaged, is told by [`Conclusion::captures`] and in its findings.
    pub fn open<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Result<Self, OpenError> {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        for path in &paths {
            readable(path).map_err(|source| OpenError { path: path.clone(), source })?;
        }
        Ok(Self::of(Capture::open(paths.into_iter().map(Input::File).collect())))
    }

    /// A capture that is in memory, called `name` in the report.
    #[must_use]
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Capture::from_bytes(name, bytes.into()))
    }

    /// A capture that comes out of `source` (a pipe, a socket), called `name` in the report.
    #[must_use]
    pub fn from_reader(name: &str, source: impl Read + Send + 'static) -> Self {
        Self::of(Capture::from_reader(name, source))
    }

    fn of(capture: Capture) -> Self {
        Self { capture, ring: KeyRing::new(), setup: Setup::default() }
    }

    /// Takes the keys and key logs of `sources` instead of those it had. Gives what is wrong with
    /// any of them; the others are used.
    #[must_use = "a key that cannot be used is told here alone"]
    pub fn load_keys(&mut self, sources: &[KeySource]) -> Vec<KeyError> {
        let (ring, errors) = KeyRing::load(sources);
        self.ring = ring;
        errors
    }

    /// Passwords and message bodies are masked unless revealed here.
    pub fn reveal(&mut self, reveal: Reveal) {
        self.setup.reveal = reveal;
    }

    /// Every connection that carries TLS is a session, not only mail.
    pub fn all_tls(&mut self) {
        self.setup.all_tls = true;
    }

    /// Only connections with a packet that matches.
    pub fn filter(&mut self, filter: ConnectionFilter) {
        self.setup.selection = Selection { connections: Some(filter), ..Selection::default() };
    }

    /// Reads to the end, in this thread. `on_session` takes each session as it ends, which is not
    /// the order of their ids; after [`ControlFlow::Break`] it is not called again.
    ///
    /// Memory grows with the connections that are open at one time, not with the capture.
    pub fn read(
        mut self,
        mut on_session: impl FnMut(SessionReport) -> ControlFlow<()>,
    ) -> Conclusion {
        let keys = Keys { ring: Arc::new(mem::take(&mut self.ring)), ..Keys::default() };
        let setup = Arc::new(Setup { keys, ..self.setup });
        let mut opened = Opened::default();
        let totals = engine::run(
            &mut self.capture,
            &setup,
            |_| None,
            |session| {
                opened.count(&session);
                on_session(session)
            },
        );
        Conclusion {
            captures: self.capture.files().map(CaptureReport::new).collect(),
            keys: KeyReport::of_counted(&setup.keys, &opened),
            deliveries: totals.deliveries,
            findings: totals.findings,
            quality: totals.quality,
            summary: totals.summary,
        }
    }

    /// The sessions as they end, read by a thread of its own that is a few sessions ahead at most.
    #[must_use]
    pub fn sessions(self) -> Sessions {
        let (ready, received) = mpsc::sync_channel(READY);
        let worker = thread::spawn(move || self.read(|session| hand_over(&ready, session)));
        Sessions { received, worker }
    }
}

/// A capture that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {path:?}: {source}")]
#[non_exhaustive]
pub struct OpenError {
    /// The file or folder, as it was named.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Whether there is something to read at `path`. Pipes are not tried: who writes to one would take the
/// first reader for the only one.
fn readable(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    match (kind.is_dir(), kind.is_file()) {
        (true, _) => fs::read_dir(path).map(drop),
        (_, true) => File::open(path).map(drop),
        _ => Ok(()),
    }
}

/// Nobody takes sessions any more once their iterator is dropped.
fn hand_over(ready: &SyncSender<SessionReport>, session: SessionReport) -> ControlFlow<()> {
    match ready.send(session) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// The sessions of a capture, as they end. Made by [`Reader::sessions`].
pub struct Sessions {
    received: Receiver<SessionReport>,
    worker: JoinHandle<Conclusion>,
}

impl Sessions {
    /// What is known at the end, to which it reads on. Sessions that were not taken are lost. (To
    /// stop before the end, drop this instead.)
    #[must_use]
    pub fn conclude(mut self) -> Conclusion {
        self.by_ref().for_each(drop);
        self.worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Iterator for Sessions {
    type Item = SessionReport;

    fn next(&mut self) -> Option<SessionReport> {
        self.received.recv().ok()
    }
}
