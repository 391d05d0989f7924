//! Every engine against the `rsa` crate, by random keys, edges and every place in a batch, and
//! against OpenSSL.

// What a test finds wrong it may say by a panic, and what it skips by printing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod edges;
mod keys;
mod openssl;
mod places;
mod random;

use rsa_batch::{Answer, Choice, Engine, Key, Request};

/// The engines that this machine has, with the reference first. Says which it has not.
fn engines() -> Vec<(Choice, Engine)> {
    let mut engines = Vec::new();
    for choice in Choice::ALL {
        match Engine::new(choice) {
            Ok(engine) => engines.push((choice, engine)),
            Err(error) => eprintln!("SKIPPED: the {choice:?} engine: {error}"),
        }
    }
    engines
}

/// What the reference says.
fn expected(key: &Key, ciphertext: &[u8]) -> Answer {
    Engine::new(Choice::Reference).unwrap().decrypt(key, ciphertext)
}

/// Holds that every engine answers as the reference does, one by one and in a batch.
fn agree(requests: &[Request<'_>]) {
    let truth: Vec<_> = requests.iter().map(|r| expected(r.key, r.ciphertext)).collect();
    for (choice, engine) in engines() {
        assert_eq!(engine.decrypt_batch(requests), truth, "{choice:?}, together");
        for (request, truth) in requests.iter().zip(&truth) {
            let answer = engine.decrypt(request.key, request.ciphertext);
            assert_eq!(answer, *truth, "{choice:?}, alone, {:?}", request.key);
        }
    }
}
