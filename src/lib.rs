//! Decrypts SMTP over TLS from packet captures, and says why when it cannot.
//!
//! # As a library
//!
//! Three steps: [`Reader::open`] names the captures, [`Reader::load_keys`] the keys (both may come
//! from memory: [`Reader::from_bytes`], [`KeySource::KeyBytes`]), and
//! [`Reader::sessions`] gives one [`SessionReport`] after the other, in memory that does not grow
//! with the capture.
//!
//! ```
//! use smtp_decrypt::{KeySource, Reader};
//!
//! let mut reader = Reader::open(["testdata/suites/tls12_aes128_sha/tls12_aes128_sha.pcap"])?;
//! for error in reader.load_keys(&[KeySource::List("testdata/suites/tls12_aes128_sha/tls12_aes128_sha.keys".into())]) {
//!     eprintln!("{error}\n  {}", error.hint()); // names file, line and column
//! }
//! let mut sessions = reader.sessions();
//! for session in sessions.by_ref() {
//!     for mail in session.smtp.iter().flat_map(|smtp| &smtp.mails) {
//!         println!("session {}: a mail to {:?}", session.id, mail.to);
//!     }
//! }
//! let conclusion = sessions.conclude();
//! assert_eq!(conclusion.summary.mails.accepted, 1);
//! # Ok::<(), smtp_decrypt::OpenError>(())
//! ```
//!
//! `examples/` has programs to begin with: `sessions` (a line a session), `failures` (what went
//! wrong, and what to do) and `live` (from a pipe, to JSON).
//!
//! **The interface** is what this page shows: [`Reader`], [`Sessions`], the sources of keys, and the
//! data in [`model`]. It follows semantic versioning; fields may be added to the model at any time,
//! as to the JSON report. The other modules are the rooms of the program (`ARCHITECTURE.md`): tests
//! and the fuzzer see them, nobody else may count on them, and these pages leave them out.
#![forbid(unsafe_code)]

pub mod model;
mod reader;

pub use model::{
    Conclusion, ConnectionFilter, FilterError, KeyError, KeySource, Reveal, SecretBytes,
    SessionReport,
};
pub use reader::{OpenError, Reader, Sessions};

#[doc(hidden)]
pub use capture_file::{capture, decode};
#[doc(hidden)]
pub use capture_terms::{hex, limits, moment, role};
#[doc(hidden)]
pub use pcap_filter as filter;
#[doc(hidden)]
pub use smtp_dialogue as smtp;
#[doc(hidden)]
pub use tcp_reassembly as flow;
#[doc(hidden)]
pub use tls_passive::{keys, tls};

// Hidden from rustdoc, and so from tools that compare interfaces; `doc` alone, so that
// `missing_docs` still holds in them.
#[cfg_attr(doc, doc(hidden))]
pub mod beside;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod check;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod cli;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod compare;
#[cfg_attr(doc, doc(hidden))]
pub mod dns;
#[cfg_attr(doc, doc(hidden))]
pub mod engine;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod export;
#[cfg_attr(doc, doc(hidden))]
pub mod judge;
#[cfg_attr(doc, doc(hidden))]
pub mod record;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod redact;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod render;
#[cfg_attr(doc, doc(hidden))]
pub mod report;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod sandbox;
#[cfg_attr(doc, doc(hidden))]
pub mod session;
#[cfg(feature = "program")]
#[cfg_attr(doc, doc(hidden))]
pub mod sieve;
#[cfg_attr(doc, doc(hidden))]
pub mod story;
#[cfg_attr(doc, doc(hidden))]
pub mod trust;

#[cfg(test)]
#[path = "../testdata/find.rs"]
mod testdata;
