//! Key logs and secrets blocks of any bytes: what is faulty is told, and no error has a secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_decrypt::keys::KeyLog;

/// So many digits in a row are a secret or a random.
const SECRET: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    let (log, errors) = KeyLog::parse("fuzz", bytes);
    let (block, block_errors) = KeyLog::parse_dsb(bytes);
    for error in errors.iter().chain(&block_errors) {
        let text = error.to_string();
        let digits = text.as_bytes().split(|byte| !byte.is_ascii_hexdigit()).map(<[u8]>::len).max();
        assert!(digits < Some(SECRET), "{text}");
    }
    let shown = format!("{log:?}{block:?}");
    let digits = shown.as_bytes().split(|byte| !byte.is_ascii_hexdigit()).map(<[u8]>::len).max();
    assert!(digits < Some(SECRET), "Debug tells a secret: {shown}");
});
