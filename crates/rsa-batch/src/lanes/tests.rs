//! The lanes without the check that would hide their faults behind the reference.

use proptest::prelude::*;
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;

use super::*;

/// Runs a test with each kernel that the processor has, and says which it has not.
macro_rules! with_each_kernel {
    ($test:ident($($argument:expr),*)) => {{
        match Ifma::detect() {
            Some(ifma) => $test(ifma $(, $argument)*),
            None => eprintln!("SKIPPED: this processor has no AVX-512 IFMA"),
        }
        match Avx2::detect() {
            Some(avx2) => $test(avx2 $(, $argument)*),
            None => eprintln!("SKIPPED: this processor has no AVX2"),
        }
    }};
}

fn crt(pem: &str) -> Crt {
    Crt::new(&PrivateKey::from_pkcs8_pem(pem).unwrap()).unwrap()
}

fn keys<K: Kernel>() -> Vec<(Crt, Prepared)> {
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
        let prepared = Prepared::new::<K>(&crt).unwrap();
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

fn answers_are_the_portable_ones<K: Kernel>(kernel: K) {
    let keys = keys::<K>();
    let edges = [0, 1, u64::MAX, 1 << 52, (1 << 52) - 1, (1 << 28) - 1, 0x9E37_79B9_7F4A_7C15];
    let numbers: Vec<_> = keys
        .iter()
        .flat_map(|(crt, _)| edges.map(|edge| below(crt, &[edge, edge.rotate_left(13)])))
        .collect();
    let requests: Vec<_> = numbers
        .iter()
        .enumerate()
        .map(|(index, c)| (&keys[index / edges.len()].0, &keys[index / edges.len()].1, &c[..]))
        .collect();
    for ((crt, _, c), (m, passed)) in requests.iter().zip(decrypt(kernel, &requests)) {
        assert!(same(&m, &crt.decrypt(c)));
        assert!(passed);
    }
}

#[test]
fn unchecked_answers_are_the_portable_ones_and_pass() {
    with_each_kernel!(answers_are_the_portable_ones());
}

fn wrong_is_refused<K: Kernel>(kernel: K) {
    for (crt, prepared) in &keys::<K>() {
        let c = below(crt, &[3, 5, 7]);
        let mut wrong = crt.decrypt(&c);
        wrong[1] ^= 4;
        let requests: [Request<'_>; 2] = [(crt, prepared, &c); 2];
        assert_eq!(check(kernel, &requests, &[wrong, crt.decrypt(&c)]), [false, true]);
    }
}

#[test]
fn the_check_refuses_what_is_wrong() {
    with_each_kernel!(wrong_is_refused());
}

fn powers_are_the_portable_ones<K: Kernel>(kernel: K, words: &[u64], exponents: &[[u64; 3]]) {
    let (crt, prepared) = &keys::<K>()[1];
    let base = below(crt, words);
    let half = |index: usize| match index % 2 {
        0 => (&prepared.p, &crt.p.prime),
        _ => (&prepared.q, &crt.q.prime),
    };
    let jobs: Vec<_> = exponents
        .iter()
        .enumerate()
        .map(|(index, exponent)| Job {
            modulus: half(index).0,
            exponent: &exponent[..index % 4],
            base: &base,
        })
        .collect();
    for (index, (job, power)) in jobs.iter().zip(powers(kernel, &jobs)).enumerate() {
        assert_eq!(&*power, &*half(index).1.power(job.base, job.exponent));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn powers_in_every_lane_are_the_portable_ones(
        words in prop::collection::vec(any::<u64>(), 1..9),
        exponents in prop::collection::vec(any::<[u64; 3]>(), 1..20),
    ) {
        with_each_kernel!(powers_are_the_portable_ones(&words, &exponents));
    }
}
