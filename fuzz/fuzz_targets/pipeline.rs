//! Any bytes as a capture, through the whole chain with keys and key logs loaded: no panic, no endless
//! loop, no endless memory; the JSON is JSON, the text has nothing that a terminal obeys, and no output
//! has a secret.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| smtp_decrypt_fuzz::whole_chain(bytes.to_vec()));
