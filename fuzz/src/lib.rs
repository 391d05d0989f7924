//! What the fuzz targets share: the whole chain with its invariants, and captures to damage.

use std::alloc::System;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use cap::Cap;
use jsonschema::Validator;
use smtp_decrypt::capture::Capture;
use smtp_decrypt::engine::{self, Setup};
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::render::{FORMATS, Format, text};
use smtp_decrypt::record::Reveal;
use smtp_decrypt::report::{CaptureReport, Conclusion, KeyReport};
use smtp_decrypt::tls::Keys;

/// All that is allocated at one time, in bytes; beyond it an allocation fails, which ends the process.
/// What an input of [`LONGEST_CAPTURE`] may take is far less than the fuzzer's own corpus.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// What one input may add to it at most, in bytes: the caps of `docs/limits.md` for one session, in
/// each format, twice.
const MOST_MEMORY: usize = 96 << 20;

/// Nothing that is fuzzed needs a longer capture.
const LONGEST_CAPTURE: u64 = 40 << 10;

/// Where the test captures are.
pub fn lab() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata"))
}

/// The files TOPIC/NAME/*.ENDING of the test captures, by name.
fn with_ending(wanted: &str) -> Vec<PathBuf> {
    let inside = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("one").path())
    };
    let files = inside(lab()).flat_map(inside).flat_map(inside);
    let mut paths: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == wanted)).collect();
    paths.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    paths
}

/// The test captures of some kilobytes, by name.
pub static CAPTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let is_small = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() < LONGEST_CAPTURE);
    let paths = with_ending("pcap");
    paths.iter().filter(|path| is_small(path)).map(|path| fs::read(path).expect("readable")).collect()
});

/// The key of the test captures and every key log of theirs, and everything shown that can be.
static SETUP: LazyLock<Arc<Setup>> = LazyLock::new(|| {
    let logs = with_ending("keylog");
    let key = KeySource::KeyFile(lab().join("pki/server.key"));
    let sources: Vec<_> =
        [key].into_iter().chain(logs.into_iter().map(KeySource::KeyLog)).collect();
    let (ring, errors) = KeyRing::load(&sources);
    assert!(errors.is_empty(), "{errors:?}");
    let reveal = Reveal { auth: true, body: true };
    let keys = Keys { ring: Arc::new(ring), ..Keys::default() };
    Arc::new(Setup {
        keys,
        reveal,
        all_tls: true,
        threads: Some(NonZeroUsize::MIN),
        ..Setup::default()
    })
});

/// What must be in no output: secrets of the key logs, in hex.
static SECRETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text = fs::read_to_string(lab().join("mails/mixed/mixed.keylog")).expect("a key log");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let secrets = lines.filter_map(|line| line.split_whitespace().nth(2));
    secrets.map(str::to_lowercase).collect()
});

/// What the program promises of its JSON.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../../docs/report.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).expect("JSON")).expect("a schema")
});

/// A capture through the whole chain in every format: the JSON is what the schema says, nothing reaches
/// a terminal that it obeys, no secret is anywhere, memory stays below a cap, and two threads show what
/// one does.
pub fn whole_chain(bytes: Vec<u8>) {
    LazyLock::force(&SETUP);
    LazyLock::force(&SCHEMA);
    let said = String::from_utf8_lossy(&bytes).into_owned();
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + MOST_MEMORY).expect("more than is taken");
    let shown = shown(bytes.clone(), &SETUP);
    for (name, shown) in &shown {
        assert_harmless(shown, &said);
        if *name == "json" {
            let report = serde_json::from_slice(shown).expect("JSON");
            let complaint = SCHEMA.iter_errors(&report).next();
            assert!(complaint.is_none(), "not as the schema says: {complaint:?}");
        }
    }
    // Threads cost as much again: one input in eight, always the same ones.
    if bytes.len().is_multiple_of(8) {
        let two = Setup { threads: NonZeroUsize::new(2), ..Setup::clone(&SETUP) };
        assert!(self::shown(bytes, &Arc::new(two)) == shown, "two threads show something else");
    }
    ALLOCATOR.set_limit(usize::MAX).expect("no limit");
}

/// A capture in every format, by name.
fn shown(bytes: Vec<u8>, setup: &Arc<Setup>) -> Vec<(&'static str, Vec<u8>)> {
    let mut capture = Capture::from_bytes("fuzz", bytes);
    let mut sessions = Vec::new();
    let take = |session| {
        sessions.push(session);
        ControlFlow::Continue(())
    };
    let totals = engine::run(&mut capture, setup, |_| None, take);
    let rest = || {
        let mut rest = Conclusion::default();
        rest.captures = capture.files().map(CaptureReport::new).collect();
        rest.keys = KeyReport::of_keys(&setup.keys, &sessions);
        rest.findings = totals.findings.clone();
        rest.quality = totals.quality.clone();
        rest.summary = totals.summary.clone();
        rest
    };
    let format = |format: &Format| {
        let mut renderer = (format.renderer)(&text::Style::default());
        let mut shown = Vec::new();
        for session in sessions.clone() {
            renderer.session(session, &mut shown).expect("a vector takes everything");
        }
        renderer.finish(rest(), &mut shown).expect("the same");
        (format.name, shown)
    };
    FORMATS.iter().map(format).collect()
}

/// Panics if a terminal would obey what is shown, or a secret is in it that nobody said in clear words.
pub fn assert_harmless(shown: &[u8], said: &str) {
    let text = std::str::from_utf8(shown).expect("UTF-8");
    let harmful = text.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\r'));
    assert!(harmful.is_none(), "{harmful:?} reaches the terminal");
    let told = SECRETS.iter().position(|secret| text.contains(secret) && !said.contains(secret));
    assert!(told.is_none(), "secret {told:?} of mixed.keylog is told");
}

/// Bytes that were made for a number.
pub fn number(bytes: &mut &[u8]) -> Option<u16> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    *bytes = rest;
    Some(u16::from_le_bytes(*head))
}

/// The next piece of an input that is cut into pieces: its length comes first.
pub fn piece<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::from(number(bytes)?);
    let (piece, rest) = bytes.split_at(length.min(bytes.len()));
    *bytes = rest;
    Some(piece)
}
