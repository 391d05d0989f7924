//! Every place in a batch: whatever stands beside it, an answer is the same.

use rsa_batch::{Key, Request};

use crate::{agree, engines, expected, keys};

/// Keys of several sizes, some for eight lanes together and some not.
fn mixed() -> Vec<Key> {
    let shapes: [&[u32]; 6] =
        [&[256, 256], &[512, 512], &[530, 530], &[400, 150], &[200, 200, 200], &[512, 500]];
    shapes.iter().enumerate().map(|(seed, bits)| keys::key(40 + seed as u64, bits)).collect()
}

fn ciphertext(key: &Key, number: usize) -> Vec<u8> {
    (0..key.modulus().len())
        .map(|at| if at == 0 { 0 } else { (at * 7 + number * 31) as u8 })
        .collect()
}

#[test]
fn a_batch_of_any_size_is_answered_as_one_by_one() {
    let key = keys::key(7, &[256, 256]);
    let ciphertexts: Vec<_> = (0..19).map(|number| ciphertext(&key, number)).collect();
    for size in 0..=ciphertexts.len() {
        let batch: Vec<_> =
            ciphertexts[..size].iter().map(|c| Request { key: &key, ciphertext: c }).collect();
        for (choice, engine) in engines() {
            let answers = engine.decrypt_batch(&batch);
            assert_eq!(answers.len(), size);
            for (request, answer) in batch.iter().zip(answers) {
                assert_eq!(answer, expected(&key, request.ciphertext), "{choice:?}, {size}");
            }
        }
    }
}

#[test]
fn a_request_is_answered_alike_in_every_place() {
    let keys = mixed();
    let ciphertexts: Vec<_> =
        (0..24).map(|number| ciphertext(&keys[number % keys.len()], number)).collect();
    let mut requests: Vec<_> = (0..24)
        .map(|number| Request { key: &keys[number % keys.len()], ciphertext: &ciphertexts[number] })
        .collect();
    agree(&requests);
    for (choice, engine) in engines() {
        for _ in 0..requests.len() {
            requests.rotate_left(1);
            let answer = &engine.decrypt_batch(&requests)[0];
            assert_eq!(*answer, expected(requests[0].key, requests[0].ciphertext), "{choice:?}");
        }
    }
}
