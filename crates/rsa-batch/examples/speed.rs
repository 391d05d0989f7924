//! Operations a second and core of each engine, beside `openssl speed` in the same run:
//!
//! ```console
//! $ cargo run --release -p rsa-batch --example speed [-- ROUNDS [BITS]]
//! ```
//!
//! Both are counted by the time that the processor gave them, not by the clock on the wall, so that
//! other work on the machine does less harm. Rounds are interleaved; the table shows medians, and of
//! each round the ratio to OpenSSL as it comes and to OpenSSL without its own IFMA code. The limit is
//! what the processor multiplies a second, measured here too, divided by the multiplications that an
//! operation needs.

// The limit is measured with an instruction of its own.
#![allow(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Command;

use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa_batch::{Choice, Engine, Key, Request};

/// Seconds of processor time that a measurement takes at least.
const LEAST: f64 = 0.4;

/// Requests of a full batch.
const BATCH: usize = 64;

const SIZES: [usize; 4] = [1024, 2048, 3072, 4096];

/// Without AVX-512 IFMA, by OpenSSL's own mask of processor features.
const WITHOUT_IFMA: &str = ":~0x200000";

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let rounds: usize = arguments.next().unwrap_or(5);
    let sizes = arguments.next().map_or_else(|| SIZES.to_vec(), |bits| vec![bits]);
    println!("medians of {rounds} rounds; load {}", fs::read_to_string("/proc/loadavg").unwrap());
    println!("| bits | engine, batch | operations/s | of OpenSSL | of OpenSSL without IFMA |");
    println!("| ---: | --- | ---: | ---: | ---: |");
    sizes.into_iter().for_each(|bits| measure(bits, rounds));
}

fn measure(bits: usize, rounds: usize) {
    let lines = lines(bits);
    let (mut with, mut without, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    let mut measured = vec![Vec::new(); lines.len()];
    for _ in 0..rounds {
        with.push(openssl_speed(bits, ""));
        without.push(openssl_speed(bits, WITHOUT_IFMA));
        peaks.extend(multiplications_a_second());
        for (line, results) in lines.iter().zip(&mut measured) {
            results.push(line.speed());
        }
    }
    let row = |name: &str, results: &[f64]| {
        let ratio = |theirs: &[f64]| {
            median(results.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
        };
        let (speed, a, b) = (median(results.to_vec()), ratio(&with), ratio(&without));
        println!("| {bits} | {name} | {speed:.0} | {a:.2} | {b:.2} |");
    };
    row("OpenSSL", &with);
    row("OpenSSL without IFMA", &without);
    for (line, results) in lines.iter().zip(&measured) {
        row(&line.name, results);
    }
    if !peaks.is_empty() {
        let limits: Vec<_> = peaks.iter().map(|peak| peak / multiplications(bits)).collect();
        row("limit of IFMA", &limits);
    }
}

/// How many instructions of multiplication the `ifma` engine needs for an operation: an eighth of
/// what eight lanes need.
fn multiplications(bits: usize) -> f64 {
    // Ten limbs of 52 bits for each 512 bits. A product and its reduction take the lower and the
    // upper half of L * L products each; of a square, those of different limbs are taken once.
    let limbs = |bits: usize| (bits / 512 * 10) as f64;
    let product = |bits| 4.0 * limbs(bits) * limbs(bits);
    let square = |bits| 3.0 * limbs(bits) * limbs(bits) + limbs(bits);
    let half = bits / 2;
    let windows = (half as f64 / 5.0).ceil();
    // The table has 15 squares and 15 products; into Montgomery's form and back are four.
    let squares = (windows - 1.0) * 5.0 + 15.0;
    let products = windows - 1.0 + 15.0 + 4.0;
    let power = squares * square(half) + products * product(half);
    // 65537 has 16 squares and a product.
    let check = 16.0 * square(bits) + 4.0 * product(bits);
    (2.0 * power + check) / 8.0
}

/// `vpmadd52` instructions of 512 bits that this processor does a second, if it has them.
fn multiplications_a_second() -> Option<f64> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma") {
        let start = processor_seconds();
        let rounds = 20_000_000;
        // SAFETY: the processor has the instructions.
        std::hint::black_box(unsafe { multiply_only(rounds) });
        return Some(16.0 * f64::from(rounds) / (processor_seconds() - start));
    }
    None
}

/// Sixteen sums, so that none waits for itself.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply_only(rounds: u32) -> i64 {
    use std::arch::x86_64 as x;
    // Behind a black box, or the compiler multiplies once and adds the product.
    let [a, b] = [3, 5].map(|number| x::_mm512_set1_epi64(std::hint::black_box(number)));
    let mut sums = [x::_mm512_setzero_si512(); 16];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = x::_mm512_madd52lo_epu64(*sum, a, b);
        }
    }
    sums.iter().map(|sum| x::_mm512_reduce_add_epi64(*sum)).fold(0, i64::wrapping_add)
}

/// One engine, asked in one way.
struct Line {
    name: String,
    engine: Engine,
    key: Key,
    ciphertexts: Vec<Vec<u8>>,
}

fn lines(bits: usize) -> Vec<Line> {
    let ways = [
        (Choice::Reference, 1),
        (Choice::Portable, 1),
        (Choice::Avx2, 1),
        (Choice::Avx2, BATCH),
        (Choice::Ifma, 1),
        (Choice::Ifma, 8),
        (Choice::Ifma, BATCH),
    ];
    ways.into_iter()
        .filter_map(|(choice, count)| {
            let engine = Engine::new(choice).ok()?;
            let (key, ciphertexts) = known(bits, count);
            Some(Line { name: format!("{}, {count}", choice.name()), engine, key, ciphertexts })
        })
        .collect()
}

impl Line {
    fn speed(&self) -> f64 {
        let request = |ciphertext| Request { key: &self.key, ciphertext };
        let requests: Vec<_> = self.ciphertexts.iter().map(|c| request(c.as_slice())).collect();
        let (start, mut done) = (processor_seconds(), 0);
        loop {
            let answers = self.engine.decrypt_batch(&requests);
            assert!(answers.iter().all(Result::is_ok));
            done += answers.len();
            let taken = processor_seconds() - start;
            if taken > LEAST {
                return done as f64 / taken;
            }
        }
    }
}

/// A key of the test data, with `count` different ciphertexts.
fn known(bits: usize, count: usize) -> (Key, Vec<Vec<u8>>) {
    let path = format!("{}/testdata/rsa{bits}.pem", env!("CARGO_MANIFEST_DIR"));
    let pem = fs::read_to_string(&path).expect(&path);
    let key = Key::new(PrivateKey::from_pkcs8_pem(&pem).unwrap());
    let byte = |number: usize, at: usize| if at == 0 { 0 } else { (at * 131 + number * 17) as u8 };
    let ciphertexts =
        (0..count).map(|number| (0..bits / 8).map(|at| byte(number, at)).collect()).collect();
    (key, ciphertexts)
}

fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}

/// Private operations a second, as `openssl speed` counts them: by processor time.
fn openssl_speed(bits: usize, features: &str) -> f64 {
    let name = format!("rsa{bits}");
    let mut command = Command::new("openssl");
    command.args(["speed", "-seconds", "1", &name]);
    if !features.is_empty() {
        command.env("OPENSSL_ia32cap", features);
    }
    let out = command.output();
    let text = String::from_utf8(out.expect("openssl").stdout).unwrap();
    let last = text.lines().last().expect("a table");
    last.split_whitespace().rev().nth(1).and_then(|number| number.parse().ok()).expect("sign/s")
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
