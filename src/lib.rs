//! Decrypts SMTP over TLS from packet captures, and says why when it cannot.
//!
//! A capture goes in at one end, a report comes out at the other; the modules stand in the order
//! in which the data passes them. `ARCHITECTURE.md` tells what each may know.
#![forbid(unsafe_code)]

pub mod capture;
pub mod check;
pub mod cli;
pub mod compare;
pub mod decode;
pub mod engine;
pub mod filter;
pub mod flow;
mod hex;
pub mod keys;
pub mod moment;
pub mod render;
pub mod report;
pub mod role;
pub mod session;
pub mod sieve;
pub mod smtp;
pub mod tls;
