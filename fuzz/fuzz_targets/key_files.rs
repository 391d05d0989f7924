//! Key lists, key files and password files of any bytes: a ring, or errors with a hint. None of them
//! a terminal obeys.
#![no_main]

use std::fs;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::keys::{KeyRing, KeySource};

/// Files are read by their names; this one is in memory.
fn file() -> PathBuf {
    PathBuf::from(format!("/dev/shm/smtp-decrypt-fuzz-{}", std::process::id()))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else { return };
    // A derivation of ten million rounds is allowed, and would be all that is done here.
    let is_slow = content.windows(5).any(|word| word == b"\x2a\x86\x48\x86\xf7");
    if is_slow {
        return;
    }
    fs::write(file(), content).expect("written");
    let source = match kind % 3 {
        0 => KeySource::List(file()),
        1 => KeySource::KeyFile(file()),
        _ => KeySource::PasswordFile(file()),
    };
    let (ring, errors) = KeyRing::load(&[source]);
    for error in &errors {
        assert!(!error.to_string().is_empty() && !error.hint().is_empty());
    }
    assert!(ring.keys().iter().all(|key| key.identity().bits >= 472));
});
