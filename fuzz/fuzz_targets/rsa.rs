//! Two engines on the same ciphertexts and keys: their answers are one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa_batch::{Choice, Engine, Key, Request};

static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let pems = [
        include_str!("../../crates/rsa-batch/testdata/rsa512.pem"),
        include_str!("../../crates/rsa-batch/testdata/rsa1024.pem"),
    ];
    pems.iter().map(|pem| Key::new(PrivateKey::from_pkcs8_pem(pem).expect("a key"))).collect()
});

// Each piece of 128 bytes is a ciphertext; the first byte of the input has a bit for each key.
fuzz_target!(|data: &[u8]| {
    let Some((&which, rest)) = data.split_first() else { return };
    let requests: Vec<_> = rest
        .chunks(128)
        .enumerate()
        .map(|(index, piece)| {
            let key = &KEYS[usize::from(which >> (index % 8)) & 1];
            Request { key, ciphertext: &piece[..piece.len().min(key.modulus().len())] }
        })
        .collect();
    let answers = |choice| Engine::new(choice).map(|engine| engine.decrypt_batch(&requests));
    let portable = answers(Choice::Portable);
    for lanes in [Choice::Ifma, Choice::Avx2] {
        if let Ok(answers) = answers(lanes) {
            assert_eq!(Ok(answers), portable);
        }
    }
    if requests.len() < 3 {
        assert_eq!(answers(Choice::Reference), portable);
    }
});
