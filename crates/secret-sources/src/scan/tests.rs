use super::*;
use crate::session::made;
use crate::stream::PIECE;
use proptest::prelude::*;

fn secret(seed: u8) -> Vec<u8> {
    (0..48_u8).map(|i| i.wrapping_mul(37).wrapping_add(seed)).collect()
}

fn found(bytes: &[u8]) -> Vec<(Vec<u8>, u64, Structure)> {
    let mut all = Vec::new();
    let told = scan(bytes, &mut |it| all.push((it.secret.to_vec(), it.offset, it.structure)));
    assert_eq!(told.unwrap().bytes, bytes.len() as u64);
    all
}

#[test]
fn a_session_is_found_wherever_it_lies_in_the_stream() {
    let session = made(3, &[5; 32], &secret(1));
    for before in [0, 1, 1000, PIECE - 60, PIECE, PIECE + 200, 2 * PIECE + 3] {
        let bytes = [&vec![0; before][..], &session, &[0; 3000]].concat();
        let place = before as u64 + 4 + 6 + 1 + 4 + 34 + 2;
        let expected = (secret(1), place, Structure::Session);
        let count = found(&bytes).iter().filter(|it| **it == expected).count();
        assert_eq!(count, 1, "{before}");
    }
}

#[test]
fn the_rest_of_a_session_is_found() {
    let session = made(3, &[5; 32], &secret(1));
    let rest = [&[0xff; 301][..], &session[51..]].concat();
    assert!(found(&rest).contains(&(secret(1), 301, Structure::SessionRest)));
}

#[test]
fn a_session_in_the_memory_of_openssl_is_found() {
    let bytes = [&[0; 9][..], &[3], &OPENSSL_NEEDLE, &[0; 64], &secret(2), &[0; 256]].concat();
    assert!(found(&bytes).contains(&(secret(2), 9 + 1 + 15 + 64, Structure::OpenSslMemory)));
}

#[test]
fn an_array_of_a_java_heap_is_found_at_any_place() {
    let bytes = [
        &b"JAVA PROFILE 1.0.2\0"[..],
        b"\0\0\0\x30\x08",
        &secret(3),
        b"\0\0\0\x20\x08",
        &secret(4),
    ]
    .concat();
    let all = found(&bytes);
    assert!(all.contains(&(secret(3), 24, Structure::JavaArray)));
    assert!(all.contains(&(secret(4)[..32].to_vec(), 77, Structure::JavaArray)));
}

#[test]
fn the_secret_of_a_tls_1_3_session_is_counted_and_told_as_no_structure() {
    let bytes = made(4, &[5; 32], &secret(1));
    let scanned = scan(&bytes[..], &mut |_| {}).unwrap();
    assert_eq!((scanned.resumption_secrets, scanned.container), (1, Container::SessionDer));
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_candidates_lie_where_they_are_told(bytes: Vec<u8>) {
        for (secret, offset, structure) in found(&bytes) {
            prop_assert!(secret.len() == 32 || secret.len() == 48);
            if matches!(structure, Structure::Window | Structure::Session) {
                let at = usize::try_from(offset).unwrap();
                prop_assert_eq!(&bytes[at..at + secret.len()], &secret[..]);
            }
        }
    }
}
