//! Plaintext becomes commands, replies and mails (RFC 5321 and its extensions). Sans-IO and
//! lossless; of TLS it knows only when a switch to it is asked for.
//!
//! [`Dialogue`] is the machine, [`SmtpEvent`] what it says, [`SmtpFacts`] what it knows so far,
//! [`sniff`](sniff::sniff) whether a connection is worth the trouble at all.
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
mod words;

use capture_terms::{moment, role};
pub use command::Parameters;
pub use dialogue::{BeginsTls, Dialogue, Input};
pub use dkim::{BodyHash, Dkim};
pub use event::{
    Exchange, ExchangeKind, Mail, Recipient, Secret, SecretSpan, Sink, SmtpEvent, Transfer,
    WireText,
};
pub use facts::{Auth, AuthResult, Greeting, Helo, SmtpFacts, StartTls};
pub use fields::Fields;
pub use mime::Part;
pub use proxy::{ProxyHeader, ProxyVersion};
pub use reply::Reply;
