//! The lanes without the check that would hide their faults behind the reference.

use proptest::prelude::*;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;

use super::*;

/// `None`, said aloud, where the processor has no lanes.
fn lanes() -> Option<Ifma> {
    let found = Ifma::detect();
    if found.is_none() {
        eprintln!("SKIPPED: this processor has no AVX-512 IFMA");
    }
    found
}

fn crt(pem: &str) -> Crt {
    Crt::new(&RsaPrivateKey::from_pkcs8_pem(pem).unwrap()).unwrap()
}

fn keys() -> Vec<(Crt, Prepared)> {
    let pems = [
        include_str!("../../testdata/rsa512.pem"),
        include_str!("../../testdata/rsa1024.pem"),
        include_str!("../../testdata/rsa2048.pem"),
        include_str!("../../testdata/e3.pem"),
        include_str!("../../testdata/rsa3072.pem"),
        include_str!("../../testdata/rsa4096.pem"),
    ];
    let prepared = |pem: &&str| {
        let crt = crt(pem);
        let prepared = Prepared::new(&crt).unwrap();
        (crt, prepared)
    };
    pems.iter().map(prepared).collect()
}

/// A number below n: its top word is zero.
fn below(crt: &Crt, words: &[u64]) -> Words {
    let mut number = crt.n.words().to_vec();
    number.iter_mut().zip(words.iter().cycle()).for_each(|(to, from)| *to = *from);
    let top = crt.n.words().iter().rposition(|&word| word != 0).unwrap();
    number[top..].fill(0);
    number.into()
}

#[test]
fn unchecked_answers_are_the_portable_ones_and_pass() {
    let Some(ifma) = lanes() else { return };
    let keys = keys();
    let edges = [0, 1, u64::MAX, 1 << 52, (1 << 52) - 1, 0x9E37_79B9_7F4A_7C15];
    let numbers: Vec<_> = keys
        .iter()
        .flat_map(|(crt, _)| edges.map(|edge| below(crt, &[edge, edge.rotate_left(13)])))
        .collect();
    let requests: Vec<_> = numbers
        .iter()
        .enumerate()
        .map(|(index, c)| (&keys[index / edges.len()].0, &keys[index / edges.len()].1, &c[..]))
        .collect();
    for ((crt, _, c), (m, passed)) in requests.iter().zip(ifma.decrypt(&requests)) {
        assert!(same(&m, &crt.decrypt(c)));
        assert!(passed);
    }
}

#[test]
fn the_check_refuses_what_is_wrong() {
    let Some(ifma) = lanes() else { return };
    let keys = keys();
    for (crt, prepared) in &keys {
        let c = below(crt, &[3, 5, 7]);
        let mut wrong = crt.decrypt(&c);
        wrong[1] ^= 4;
        let requests: [Request<'_>; 2] = [(crt, prepared, &c); 2];
        assert_eq!(ifma.check(&requests, &[wrong, crt.decrypt(&c)]), [false, true]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn powers_in_every_lane_are_the_portable_ones(
        words in prop::collection::vec(any::<u64>(), 1..9),
        exponents in prop::collection::vec(any::<[u64; 3]>(), 1..20),
    ) {
        let Some(ifma) = lanes() else { return Ok(()) };
        let (crt, prepared) = &keys()[1];
        let base = below(crt, &words);
        let jobs: Vec<_> = exponents
            .iter()
            .enumerate()
            .map(|(index, exponent)| Job {
                modulus: if index % 2 == 0 { &prepared.p } else { &prepared.q },
                exponent: &exponent[..index % 4],
                base: &base,
            })
            .collect();
        for (index, (job, power)) in jobs.iter().zip(ifma.powers(&jobs)).enumerate() {
            let modulus = if index % 2 == 0 { &crt.p.prime } else { &crt.q.prime };
            prop_assert_eq!(&*power, &*modulus.power(job.base, job.exponent));
        }
    }
}
