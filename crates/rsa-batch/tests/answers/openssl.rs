//! Answers that OpenSSL gave (`testdata/generate.sh`).

use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa_batch::{Key, Request};

use crate::engines;

/// A key, and ciphertexts with their blocks.
struct Known {
    key: Key,
    answers: Vec<(Vec<u8>, Vec<u8>)>,
}

macro_rules! known {
    ($($name:literal),*) => {
        [$(known(
            include_str!(concat!("../../testdata/", $name, ".pem")),
            include_str!(concat!("../../testdata/", $name, ".txt")),
        )),*]
    };
}

fn known(pem: &str, answers: &str) -> Known {
    let key = Key::new(PrivateKey::from_pkcs8_pem(pem).unwrap());
    let pair = |line: &str| line.split_once(' ').map(|(c, m)| (unhex(c), unhex(m))).unwrap();
    Known { key, answers: answers.lines().map(pair).collect() }
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[test]
fn every_engine_answers_as_openssl_did() {
    let known = known!("rsa512", "rsa1024", "rsa1536", "rsa2048", "rsa3072", "rsa4096", "e3");
    let all = || known.iter().flat_map(|k| k.answers.iter().map(move |(c, m)| (&k.key, c, m)));
    let requests: Vec<_> = all().map(|(key, ciphertext, _)| Request { key, ciphertext }).collect();
    assert_eq!(requests.len(), 21);
    for (choice, engine) in engines() {
        for ((_, _, block), answer) in all().zip(engine.decrypt_batch(&requests)) {
            assert_eq!(*answer.unwrap(), *block, "{choice:?}");
        }
    }
}
