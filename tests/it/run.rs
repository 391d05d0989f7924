//! Runs the pipeline in this process: a capture in memory becomes the report as JSON.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use smtp_decrypt::capture::{Capture, Input};
use smtp_decrypt::engine::{self, Setup, Tap};
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::record::Reveal;
use smtp_decrypt::render::json;
use smtp_decrypt::report::{CaptureReport, Generator, KeyReport, Report, SCHEMA, SessionReport};
use smtp_decrypt::role::Role;
use smtp_decrypt::session::Observer;
use smtp_decrypt::tls::Keys;

use crate::lab::Lab;
use crate::schema;

/// What of a connection's plaintext came out, in order of first packets: client, then server.
pub(crate) type Streams = Vec<[Vec<u8>; 2]>;

/// Keys and how to show what they open.
pub(crate) struct Runner {
    setup: Arc<Setup>,
}

impl Runner {
    /// Without any key.
    pub(crate) fn keyless() -> Self {
        Self::with(KeyRing::new())
    }

    /// With the key list of a capture of `testdata/`.
    pub(crate) fn with_keys_of(lab: &Lab) -> Self {
        let sources: Vec<_> = lab.keys.iter().cloned().map(KeySource::List).collect();
        Self::with(KeyRing::load(&sources).0)
    }

    /// With the key list and the key log of a capture of `testdata/`.
    pub(crate) fn with_keys_and_log_of(lab: &Lab) -> Self {
        let lists = lab.keys.iter().cloned().map(KeySource::List);
        let logs = lab.keylog.iter().cloned().map(KeySource::KeyLog);
        Self::with(KeyRing::load(&lists.chain(logs).collect::<Vec<_>>()).0)
    }

    /// With a key log, if there is one.
    pub(crate) fn with_log(log: Option<PathBuf>) -> Self {
        Self::with(KeyRing::load(&log.into_iter().map(KeySource::KeyLog).collect::<Vec<_>>()).0)
    }

    /// With a key for any server.
    pub(crate) fn with_bare_key(key: PathBuf) -> Self {
        Self::with(KeyRing::load(&[KeySource::KeyFile(key)]).0)
    }

    /// The same for every connection that carries TLS.
    pub(crate) fn on_all_tls(self) -> Self {
        Self { setup: Arc::new(Setup { all_tls: true, ..Setup::clone(&self.setup) }) }
    }

    fn with(ring: KeyRing) -> Self {
        let reveal = Reveal { auth: true, body: false };
        let keys = Keys { ring: Arc::new(ring), ..Keys::default() };
        Self { setup: Arc::new(Setup { keys, reveal, ..Setup::default() }) }
    }

    /// The same with so many workers.
    pub(crate) fn on(self, threads: usize) -> Self {
        let threads = std::num::NonZeroUsize::new(threads);
        Self { setup: Arc::new(Setup { threads, ..Setup::clone(&self.setup) }) }
    }

    /// The report of a capture in memory, checked against the schema.
    pub(crate) fn report(&self, capture: Vec<u8>) -> Value {
        self.report_and_streams_of(capture).0
    }

    /// The report of a capture in memory, and the plaintext of its connections.
    pub(crate) fn report_and_streams_of(&self, capture: Vec<u8>) -> (Value, Streams) {
        self.read(Capture::from_bytes("memory", capture))
    }

    /// The report of files, and the plaintext of their connections.
    pub(crate) fn report_and_streams(&self, files: &[PathBuf]) -> (Value, Streams) {
        self.read(Capture::open(files.iter().cloned().map(Input::File).collect()))
    }

    /// The sessions of a capture in memory, as the model has them.
    pub(crate) fn sessions(&self, capture: Vec<u8>) -> Vec<SessionReport> {
        self.sessions_of(Capture::from_bytes("memory", capture))
    }

    /// The sessions of files.
    pub(crate) fn sessions_of_files(&self, files: &[PathBuf]) -> Vec<SessionReport> {
        self.sessions_of(Capture::open(files.iter().cloned().map(Input::File).collect()))
    }

    /// The sessions of files as they end, a line of JSON each, and the plaintext of the connections.
    pub(crate) fn everything_in_order(&self, files: &[PathBuf]) -> (Vec<String>, Streams) {
        let mut capture = Capture::open(files.iter().cloned().map(Input::File).collect());
        let (taps, mut sessions) = (Taps::default(), Vec::new());
        let tap = |number| Some(taps.tap(number));
        let totals = engine::run(&mut capture, &self.setup, tap, |session| {
            sessions.push(serde_json::to_string(&session).expect("JSON"));
            ControlFlow::Continue(())
        });
        sessions.push(format!("{totals:?}"));
        (sessions, taps.into_streams())
    }

    fn sessions_of(&self, mut capture: Capture) -> Vec<SessionReport> {
        let mut sessions = Vec::new();
        let keep = |session| {
            sessions.push(session);
            ControlFlow::Continue(())
        };
        engine::run(&mut capture, &self.setup, |_| None, keep);
        sessions.sort_by_key(|session| session.id);
        sessions
    }

    fn read(&self, mut capture: Capture) -> (Value, Streams) {
        let taps = Taps::default();
        let mut sessions = Vec::new();
        let totals = engine::run(
            &mut capture,
            &self.setup,
            |number| Some(taps.tap(number)),
            |session| {
                sessions.push(session);
                ControlFlow::Continue(())
            },
        );
        sessions.sort_by_key(|session| session.id);
        let report = Report {
            schema: SCHEMA,
            generator: Generator::default(),
            captures: capture.files().map(CaptureReport::new).collect(),
            keys: KeyReport::of_keys(&self.setup.keys, &sessions),
            sessions,
            deliveries: totals.deliveries,
            findings: totals.findings,
            quality: totals.quality,
            summary: totals.summary,
        };
        let mut bytes = Vec::new();
        json::write(&report, &mut bytes).expect("a vector takes everything");
        let report = serde_json::from_slice(&bytes).expect("JSON");
        schema::assert_valid(&report);
        (report, taps.into_streams())
    }
}

/// The bytes of all connections of a run.
#[derive(Clone, Default)]
struct Taps(Arc<Mutex<BTreeMap<u64, [Vec<u8>; 2]>>>);

impl Taps {
    fn tap(&self, number: u64) -> Box<dyn Tap> {
        self.0.lock().expect("no panic").entry(number).or_default();
        Box::new(Listener { streams: Arc::clone(&self.0), number })
    }

    fn into_streams(self) -> Streams {
        std::mem::take(&mut *self.0.lock().expect("no panic")).into_values().collect()
    }
}

struct Listener {
    streams: Arc<Mutex<BTreeMap<u64, [Vec<u8>; 2]>>>,
    number: u64,
}

impl Observer for Listener {
    fn bytes(&mut self, from: Role, bytes: &[u8]) {
        let side = usize::from(from == Role::Server);
        let mut streams = self.streams.lock().expect("no panic");
        streams.get_mut(&self.number).expect("its own")[side].extend_from_slice(bytes);
    }
}

impl Tap for Listener {
    fn finish(self: Box<Self>, _: Option<&SessionReport>) {}
}
