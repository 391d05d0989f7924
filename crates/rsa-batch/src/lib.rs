//! Not constant time: never use this where anybody can measure how long an answer takes.
//!
//! Many RSA private operations at once, for programs that open recorded sessions. An operation is
//! the raw one, c^d mod n (RFC 8017 §5.1.2), by the Chinese remainder theorem; no padding is looked
//! at. There are four [engines](Choice):
//!
//! | engine | how | for |
//! | --- | --- | --- |
//! | `ifma` | eight exponentiations in the lanes of AVX-512 IFMA | primes of up to 4096 bits |
//! | `avx2` | four exponentiations in the lanes of AVX2 | primes of up to 3496 bits |
//! | `portable` | 64-bit Montgomery multiplication | primes of up to 4096 bits |
//! | `reference` | the `rsa` crate | all other keys, and what the check refuses |
//!
//! Every answer of the first three is encrypted again with the public exponent. What does not come
//! back as the ciphertext is computed by the reference instead. So an answer depends neither on the
//! engine nor on what else was in the batch.

#![deny(unsafe_code)]

mod crt;
mod engine;
mod key;
mod lanes;
mod montgomery;
mod reference;
mod words;

pub use self::engine::{Answer, Choice, Engine, NameError, Request, Unsupported};
pub use self::key::{Key, RawError};
