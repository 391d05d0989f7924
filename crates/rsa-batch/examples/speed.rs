//! Operations a second and core of each engine, beside `openssl speed` in the same run:
//!
//! ```console
//! $ cargo run --release -p rsa-batch --example speed [-- ROUNDS [BITS]]
//! ```
//!
//! Both are counted by the time that the processor gave them, not by the clock on the wall, so that
//! other work on the machine does less harm. Rounds are interleaved; the table shows medians, the
//! ratio to OpenSSL of the same round, and the arithmetic limit: multiplications that an operation
//! needs, divided by those that the processor did a second in the same run.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Command;

use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa_batch::{Choice, Engine, Key, Request};

/// Seconds of processor time that a measurement takes at least.
const LEAST: f64 = 0.4;

/// Requests of a full batch.
const BATCH: usize = 64;

const SIZES: [usize; 4] = [1024, 2048, 3072, 4096];

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let rounds: usize = arguments.next().unwrap_or(5);
    let sizes = arguments.next().map_or_else(|| SIZES.to_vec(), |bits| vec![bits]);
    println!(
        "operations a second and core, medians of {rounds} rounds; in brackets: times OpenSSL"
    );
    println!("load while measuring: {}", fs::read_to_string("/proc/loadavg").unwrap().trim());
    for bits in sizes {
        let lines: Vec<Line> = lines(bits);
        let mut measured = vec![Vec::new(); lines.len()];
        let mut openssl = Vec::new();
        for _ in 0..rounds {
            openssl.push(openssl_speed(bits));
            for (line, results) in lines.iter().zip(&mut measured) {
                results.push(line.speed());
            }
        }
        println!("| {bits} | OpenSSL | {:.0} |", median(openssl.clone()));
        for (line, results) in lines.iter().zip(measured) {
            let ratios = results.iter().zip(&openssl).map(|(ours, theirs)| ours / theirs).collect();
            println!("| {bits} | {} | {:.0} ({:.2}) |", line.name, median(results), median(ratios));
        }
    }
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
        (Choice::Ifma, 1),
        (Choice::Ifma, 8),
        (Choice::Ifma, BATCH),
    ];
    ways.into_iter()
        .filter_map(|(choice, count)| {
            let engine = Engine::new(choice).ok()?;
            let (key, ciphertexts) = known(bits, count);
            Some(Line { name: format!("{choice:?}, {count}"), engine, key, ciphertexts })
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
    let key = Key::new(RsaPrivateKey::from_pkcs8_pem(&pem).unwrap());
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
fn openssl_speed(bits: usize) -> f64 {
    let name = format!("rsa{bits}");
    let out = Command::new("openssl").args(["speed", "-seconds", "1", &name]).output();
    let text = String::from_utf8(out.expect("openssl").stdout).unwrap();
    let last = text.lines().last().expect("a table");
    last.split_whitespace().rev().nth(1).and_then(|number| number.parse().ok()).expect("sign/s")
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
