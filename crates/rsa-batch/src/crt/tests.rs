//! The fast ways without the check that would hide their faults behind the reference.

use rsa::pkcs8::DecodePrivateKey;

use super::*;

const KEY: &str = include_str!("../../testdata/rsa2048.pem");
const ANSWERS: &str = include_str!("../../testdata/rsa2048.txt");

fn crt() -> Crt {
    Crt::new(&PrivateKey::from_pkcs8_pem(KEY).unwrap()).unwrap()
}

fn answers() -> impl Iterator<Item = (Words, Words)> {
    let words = |hex: &str| {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        words::from_bytes(&bytes, 32).unwrap()
    };
    ANSWERS
        .lines()
        .map(move |line| line.split_once(' ').map(|(c, m)| (words(c), words(m))).unwrap())
}

#[test]
fn the_unchecked_answer_is_openssls() {
    for (c, m) in answers() {
        assert_eq!(crt().decrypt(&c).as_slice(), m.as_slice());
    }
}

#[test]
fn the_check_passes_what_is_right_and_nothing_else() {
    let crt = crt();
    for (c, m) in answers() {
        assert!(crt.encrypts_to(&m, &c));
        for word in [0, 15, 16, 31] {
            let mut wrong = m.clone();
            wrong[word] ^= 1 << 17;
            assert!(!crt.encrypts_to(&wrong, &c));
        }
    }
}

#[test]
fn numbers_are_the_same_with_leading_zeros_and_without() {
    assert!(same(&[1, 2], &[1, 2, 0]) && same(&[1, 2, 0], &[1, 2]));
    assert!(!same(&[1, 2], &[1, 2, 3]) && !same(&[1, 2], &[1, 3]));
}
