//! What a machine still remembers of its TLS sessions: session files, session caches and memory dumps
//! become candidates for secrets, each with its place.
//!
//! [`scan`] reads any of them as a stream, with the same small memory whatever the size. It tells three
//! kinds of candidates: secrets in a known structure, such as a session of OpenSSL (also as PEM, as the
//! hex digits of a Postfix cache, as text); arrays of the right length in a Java heap; and every aligned
//! window of 32 or 48 bytes that is random enough. A candidate is a guess. Whoever asks proves it.
//!
//! ```
//! use secret_sources::{Container, scan};
//!
//! let text = format!("    Master-Key: {}\n", "8A".repeat(48));
//! let mut found = Vec::new();
//! let scanned = scan(text.as_bytes(), &mut |candidate| {
//!     found.push((candidate.secret.to_vec(), candidate.offset));
//! })
//! .unwrap();
//! assert_eq!(found, [(vec![0x8a; 48], 16)]);
//! assert_eq!(scanned.container, Container::Text);
//! ```
#![forbid(unsafe_code)]

mod arrays;
mod compressed;
mod container;
mod encoded;
pub mod limits;
mod scan;
mod session;
mod stream;
mod structure;
mod windows;

pub use compressed::plain;
pub use container::{Container, Kept};
pub use scan::{Candidate, Scanned, scan};
pub use structure::Structure;

use capture_terms::limits as terms;
