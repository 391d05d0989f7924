//! TLS as an observer sees it, SSL 2.0 to TLS 1.3: the bytes of both directions become records and
//! handshakes, and, with the server's RSA key or the secrets of a key log, what was inside.
//!
//! [`tls::Tls`] is one connection. It is fed bytes and gaps, tells [`TlsEvent`](tls::TlsEvent)s to a
//! closure, and keeps [`TlsFacts`](tls::TlsFacts). [`keys`] reads key files (PEM, DER, PKCS#1, #8 and #12,
//! encrypted or not), Wireshark's key lists, and key logs, from files and from memory. Every key is proven
//! by a Finished or a tag, and no byte is told that its MAC or tag does not vouch for.
//!
//! ```
//! use capture_terms::moment::Moment;
//! use capture_terms::role::Role;
//! use tls_passive::tls::{Keys, Tls, TlsEvent};
//!
//! # fn main() -> Result<(), std::net::AddrParseError> {
//! let ends = ["192.0.2.1:40000".parse()?, "192.0.2.2:465".parse()?];
//! let mut tls = Tls::new(ends, Keys::default());
//! let mut alerts = Vec::new();
//! // An alert record (RFC 5246 §6.2.1, §7.2): fatal, handshake_failure.
//! let record = [21, 3, 3, 0, 2, 2, 40];
//! tls.feed(Role::Server, &record, Moment::default(), &mut |event| {
//!     if let TlsEvent::Alert(alert) = event {
//!         alerts.push((alert.from, alert.level, alert.description.map(|it| it.to_string())));
//!     }
//! });
//! assert_eq!(alerts, [(Role::Server, Some(2), Some("handshake_failure".to_owned()))]);
//! # Ok(())
//! # }
//! ```
//!
//! **Limits.** A key exchange with forward secrecy (every TLS 1.3, DHE, ECDHE) opens by a key log or by the
//! session that it resumes, never by the server's key. Certificates are read, not checked: no chain, no
//! revocation. Nothing here is constant time: it works on captures, where nobody measures. The caps are in
//! [`keys::limits`] and [`tls::limits`]. Secrets are wiped when dropped, and no type shows them by `Debug`.
#![forbid(unsafe_code)]

pub mod keys;
pub mod tls;

use capture_terms::{hex, limits, moment, role};
use tcp_reassembly as flow;
