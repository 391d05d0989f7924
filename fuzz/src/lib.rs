//! What the fuzz targets share: the whole chain with its invariants, and captures to damage.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use smtp_decrypt::capture::Capture;
use smtp_decrypt::engine;
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::render::{FORMATS, Rest, text};
use smtp_decrypt::report::{CaptureReport, KeyReport, Reveal};
use smtp_decrypt::session::Setup;
use smtp_decrypt::tls::Keys;

/// Nothing that is fuzzed needs a longer capture.
const LONGEST_CAPTURE: u64 = 40 << 10;

/// Where the test captures are.
pub fn lab() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata"))
}

/// The test captures of some kilobytes, by name.
pub static CAPTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let entries = fs::read_dir(lab()).expect("testdata").map(|entry| entry.expect("one").path());
    let is_small = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() < LONGEST_CAPTURE);
    let is_capture = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "pcap");
    let mut paths: Vec<_> = entries.filter(|path| is_capture(path) && is_small(path)).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("readable")).collect()
});

/// The key of the test captures and every key log of theirs, and everything shown that can be.
static SETUP: LazyLock<Arc<Setup>> = LazyLock::new(|| {
    let entries = fs::read_dir(lab()).expect("testdata").map(|entry| entry.expect("one").path());
    let mut logs: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "keylog")).collect();
    logs.sort();
    let key = KeySource::KeyFile(lab().join("pki/server.key"));
    let sources: Vec<_> =
        [key].into_iter().chain(logs.into_iter().map(KeySource::KeyLog)).collect();
    let (ring, errors) = KeyRing::load(&sources);
    assert!(errors.is_empty(), "{errors:?}");
    let reveal = Reveal { auth: true, body: true };
    let keys = Keys { ring: Arc::new(ring), ..Keys::default() };
    Arc::new(Setup { keys, reveal, all_tls: true, ..Setup::default() })
});

/// What must be in no output: secrets of the key logs, in hex.
static SECRETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text = fs::read_to_string(lab().join("mixed.keylog")).expect("a key log");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let secrets = lines.filter_map(|line| line.split_whitespace().nth(2));
    secrets.map(str::to_lowercase).collect()
});

/// A capture through the whole chain in every format: the JSON is JSON, nothing reaches a terminal
/// that it obeys, and no secret is anywhere.
pub fn whole_chain(bytes: Vec<u8>) {
    let said = String::from_utf8_lossy(&bytes).into_owned();
    let mut capture = Capture::from_bytes("fuzz", bytes);
    let mut sessions = Vec::new();
    let take = |session| {
        sessions.push(session);
        ControlFlow::Continue(())
    };
    let totals = engine::run(&mut capture, &SETUP, |_| None, take);
    let rest = || Rest {
        captures: capture.files().map(CaptureReport::new).collect(),
        keys: KeyReport::of_keys(&SETUP.keys, &sessions),
        findings: totals.findings.clone(),
        quality: totals.quality.clone(),
        summary: totals.summary.clone(),
    };
    for format in FORMATS {
        let mut renderer = (format.renderer)(&text::Style::default());
        let mut shown = Vec::new();
        for session in sessions.clone() {
            renderer.session(session, &mut shown).expect("a vector takes everything");
        }
        renderer.finish(rest(), &mut shown).expect("the same");
        assert_harmless(&shown, &said);
        if format.name == "json" {
            serde_json::from_slice::<serde_json::Value>(&shown).expect("JSON");
        }
    }
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
