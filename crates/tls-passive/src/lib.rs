//! TLS as an observer sees it: the bytes of both directions become records and handshakes, and, with
//! the server's RSA key or the secrets of a key log, what was inside.
#![forbid(unsafe_code)]

pub mod keys;
pub mod tls;

use capture_terms::{hex, limits, moment, role};
use tcp_reassembly as flow;
