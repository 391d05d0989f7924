//! The SMTP and LMTP dialogue as an observer sees it: the bytes of both directions become commands,
//! replies and mails (RFC 5321 and its extensions: pipelining, CHUNKING, AUTH, STARTTLS, PROXY headers).
//!
//! Sans-IO and lossless: a [`Dialogue`] is fed bytes and gaps, and tells [`SmtpEvent`]s to a closure. Of
//! TLS it knows only when a switch to it is asked for. Passwords stand in events as a [`Secret`], masked
//! unless they are asked for. [`sniff`](sniff::sniff) says whether a connection is SMTP at all.
//!
//! ```
//! use capture_terms::moment::Moment;
//! use capture_terms::role::Role::{Client, Server};
//! use smtp_dialogue::{Dialogue, Input, SmtpEvent};
//!
//! let talk = [
//!     (Server, "220 mail.example.com ESMTP\r\n"),
//!     (Client, "EHLO client.example.com\r\n"),
//!     (Server, "250-mail.example.com\r\n250 PIPELINING\r\n"),
//!     (Client, "NOOP\r\n"),
//!     (Server, "250 OK\r\n"),
//! ];
//! let mut dialogue = Dialogue::new();
//! let mut verbs = Vec::new();
//! for (from, text) in talk {
//!     let bytes = Input::Bytes(text.as_bytes());
//!     let taken = dialogue.feed(from, bytes, Moment::default(), &mut |event| {
//!         if let SmtpEvent::Exchange(exchange) = event {
//!             verbs.extend(exchange.verb.map(|verb| verb.to_string()));
//!         }
//!     });
//!     assert_eq!(taken, text.len());
//! }
//! assert_eq!(verbs, ["EHLO", "NOOP"]);
//! ```
//!
//! **Limits.** Message bodies pass as slices and are never kept; lines, headers and lists are kept up to
//! the caps of [`limits`].
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![forbid(unsafe_code)]

mod auth;
mod base64;
mod command;
mod content;
mod dialogue;
mod dkim;
mod echo;
mod event;
mod facts;
mod fields;
mod header;
pub mod limits;
mod line;
mod message;
mod mime;
mod open;
mod proxy;
mod queue_id;
mod reply;
pub mod sniff;
mod transaction;
mod unstuff;
mod verb;
mod words;

use capture_terms::{moment, role};
/// Ports on which TLS comes before SMTP: `submissions` (RFC 8314 §3.3), and the usual one for servers
/// that may not bind ports below 1024.
pub const IMPLICIT_TLS_PORTS: [u16; 2] = [465, 2465];

pub use command::Parameters;
pub use dialogue::{BeginsTls, Dialogue, Input};
pub use dkim::{BodyHash, Dkim};
pub use event::{
    Exchange, ExchangeKind, FindingKind, Mail, Recipient, Secret, SecretSpan, Sink, SmtpEvent,
    Transfer, WireText,
};
pub use facts::{Auth, AuthResult, ForeignLine, Greeting, Helo, SmtpFacts, StartTls};
pub use fields::Fields;
pub use mime::Part;
pub use proxy::{HeaderStart, ProxyHeader, ProxyVersion, header, header_start};
pub use reply::Reply;
pub use verb::Verb;
