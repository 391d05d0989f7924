//! What is heard of connections becomes files: streams, mails, secrets, and captures written anew.
//! Secrets in what was said are masked byte for byte. Knows nothing of the command line.

pub(crate) mod anonymize;
pub(crate) mod eml;
mod envelope;
pub(crate) mod flows;
pub(crate) mod keylog;
mod lane;
pub(crate) mod limits;
pub(crate) mod listener;
mod mask;
mod masked_stream;
mod notice;
mod pcapng;
pub(crate) mod pcapng_dsb;
pub(crate) mod plain;
mod runs;
mod secrets;
mod segment;
pub(crate) mod shards;
pub(crate) mod staged;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::capture::Capture;
use crate::engine::{self, Setup, Tap};
use crate::report::{SessionReport, Summary};
pub(crate) use notice::Notice;
pub(crate) use staged::{Placed, StagedFile};

/// A file that cannot be written, or what was put aside for it and cannot be read.
#[derive(Debug, Error)]
#[error("cannot {what}")]
pub(crate) struct Error {
    what: &'static str,
    source: io::Error,
}

type Result<T> = std::result::Result<T, Error>;

/// Says what could not be done.
trait OrCannot<T> {
    fn or_cannot(self, what: &'static str) -> Result<T>;
}

impl<T> OrCannot<T> for io::Result<T> {
    fn or_cannot(self, what: &'static str) -> Result<T> {
        self.map_err(|source| Error { what, source })
    }
}

/// One reading of the captures.
pub(crate) struct Run<'r> {
    setup: Arc<Setup>,
    capture: &'r mut Capture,
    /// Whether a session is to be exported.
    wants: &'r mut dyn FnMut(&SessionReport) -> bool,
    /// The directory of files that have no names yet.
    aside: &'r Path,
    /// Names, addresses and bodies are not to leave.
    pub(crate) redacts: bool,
    /// What all sessions were.
    pub(crate) summary: Summary,
    /// What to say before the files leave.
    pub(crate) notice: Notice,
    /// What to say of the files written.
    pub(crate) notes: Vec<String>,
    /// Sessions with data that was not opened.
    pub(crate) closed: u64,
}

impl<'r> Run<'r> {
    /// A run over `capture` that writes its files to the directory `aside`.
    pub(crate) fn new(
        setup: Arc<Setup>,
        capture: &'r mut Capture,
        wants: &'r mut dyn FnMut(&SessionReport) -> bool,
        aside: &'r Path,
    ) -> Self {
        Self {
            setup,
            capture,
            wants,
            aside,
            redacts: false,
            summary: Summary::default(),
            notice: Notice::default(),
            notes: Vec::new(),
            closed: 0,
        }
    }

    /// Reads all; `on_session` takes the sessions that are wanted.
    fn read(
        &mut self,
        tap: impl Fn(u64) -> Option<Box<dyn Tap>> + Sync,
        mut on_session: impl FnMut(&SessionReport),
    ) {
        let (wants, closed) = (&mut *self.wants, &mut self.closed);
        let totals = engine::run(self.capture, &self.setup, tap, |session| {
            if wants(&session) {
                *closed += u64::from(session.is_closed());
                on_session(&session);
            }
            ControlFlow::Continue(())
        });
        self.summary = totals.summary;
    }

    /// A file that has no name yet.
    fn file(&self, name: &str) -> StagedFile {
        StagedFile::new(self.aside.join(name))
    }

    fn note_missing(&mut self, name: &str, bytes: u64, has_tls: bool) {
        // Of what is missing inside TLS only the length of the ciphertext is known.
        let about = if has_tls { "at most " } else { "" };
        if bytes > 0 {
            let note = format!("{name}: {about}{bytes} bytes are not in the capture, and left out");
            self.notes.push(note);
        }
    }
}
