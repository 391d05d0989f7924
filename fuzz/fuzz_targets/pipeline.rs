//! Any bytes as a capture, through the whole pipeline, with a key loaded: no panic, no endless
//! loop, no endless memory; the JSON is JSON, and the text has nothing that a terminal obeys.
#![no_main]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::Capture;
use smtp_decrypt::engine;
use smtp_decrypt::filter::Selection;
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::render::{json, text};
use smtp_decrypt::report::{CaptureReport, Generator, KeyReport, Report, Reveal, SCHEMA};
use smtp_decrypt::session::Setup;
use smtp_decrypt::tls::Keys;

/// With the key of the test captures, and everything shown that can be.
static SETUP: LazyLock<Arc<Setup>> = LazyLock::new(|| {
    let key = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/pki/server.key"));
    let (ring, errors) = KeyRing::load(&[KeySource::KeyFile(key)]);
    assert!(errors.is_empty(), "{errors:?}");
    let reveal = Reveal { auth: true, body: true };
    let keys = Keys { ring: Arc::new(ring), ..Keys::default() };
    Arc::new(Setup { keys, reveal, all_tls: true, selection: Selection::default() })
});

fuzz_target!(|bytes: &[u8]| {
    let mut capture = Capture::from_bytes("fuzz", bytes.to_vec());
    let mut sessions = Vec::new();
    let totals = engine::run(&mut capture, &SETUP, |_| None, |session| sessions.push(session));
    let mut text = text::TextReport::new(text::Style::default());
    let mut shown = Vec::new();
    for session in &sessions {
        text.session(session, &mut shown).expect("a vector takes everything");
    }
    text.finish(&totals.summary, &totals.findings, &mut shown).expect("the same");
    assert_harmless(&shown);
    let report = Report {
        schema: SCHEMA,
        generator: Generator::default(),
        captures: capture.files().map(CaptureReport::new).collect(),
        keys: KeyReport::of_keys(&SETUP.keys, &sessions),
        sessions,
        findings: totals.findings,
        summary: totals.summary,
    };
    let mut document = Vec::new();
    json::write(&report, &mut document).expect("a vector takes everything");
    serde_json::from_slice::<serde_json::Value>(&document).expect("JSON");
});

fn assert_harmless(shown: &[u8]) {
    let text = std::str::from_utf8(shown).expect("UTF-8");
    let harmful = text.chars().find(|&c| c.is_control() && c != '\n');
    assert!(harmful.is_none(), "{harmful:?} reaches the terminal");
}
