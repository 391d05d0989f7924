//! Any bytes as a capture, through the whole pipeline, with a key loaded: no panic, no endless
//! loop, no endless memory; the JSON is JSON, and the text has nothing that a terminal obeys.
#![no_main]

use std::path::PathBuf;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::capture::Capture;
use smtp_decrypt::engine;
use smtp_decrypt::keys::{KeyRing, KeySource};
use smtp_decrypt::render::{FORMATS, Rest, text};
use smtp_decrypt::report::{CaptureReport, KeyReport, Reveal};
use smtp_decrypt::session::Setup;
use smtp_decrypt::tls::Keys;

/// With the key of the test captures and a key log of theirs, and everything shown that can be.
static SETUP: LazyLock<Arc<Setup>> = LazyLock::new(|| {
    let lab = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata"));
    let key = KeySource::KeyFile(lab.join("pki/server.key"));
    let log = KeySource::KeyLog(lab.join("mixed.keylog"));
    let (ring, errors) = KeyRing::load(&[key, log]);
    assert!(errors.is_empty(), "{errors:?}");
    let reveal = Reveal { auth: true, body: true };
    let keys = Keys { ring: Arc::new(ring), ..Keys::default() };
    Arc::new(Setup { keys, reveal, all_tls: true, ..Setup::default() })
});

fuzz_target!(|bytes: &[u8]| {
    let mut capture = Capture::from_bytes("fuzz", bytes.to_vec());
    let mut sessions = Vec::new();
    let totals = engine::run(
        &mut capture,
        &SETUP,
        |_| None,
        |session| {
            sessions.push(session);
            ControlFlow::Continue(())
        },
    );
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
        assert_harmless(&shown);
        if format.name == "json" {
            serde_json::from_slice::<serde_json::Value>(&shown).expect("JSON");
        }
    }
});

fn assert_harmless(shown: &[u8]) {
    let text = std::str::from_utf8(shown).expect("UTF-8");
    let harmful = text.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\r'));
    assert!(harmful.is_none(), "{harmful:?} reaches the terminal");
}
