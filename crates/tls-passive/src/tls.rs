//! The bytes of both directions become TLS events: records, handshake, and, with a key, what was
//! inside. Sans-IO; knows nothing of SMTP, of key files or of how things are printed.

mod awaiting;
mod border;
mod candidates;
pub mod certificate;
mod closed;
mod content;
pub(crate) mod decrypt;
mod derived13;
mod disclosed;
pub mod facts;
pub mod fingerprint;
mod handshake;
pub mod hello;
pub mod limits;
pub mod lock;
mod machine;
mod messages;
mod mid_capture;
pub mod names;
mod negotiation;
mod offer13;
mod openers;
mod pre_shared;
pub(crate) mod proof;
mod public_key;
mod record;
mod rewrite;
mod rsa_requests;
mod schedule13;
mod seen;
mod sniff;
mod ssl2;
pub mod suite;

pub use awaiting::Room;
#[cfg(any(test, fuzzing))]
pub use decrypt::{Fate, Rehearsal};
pub use decrypt::{KeyLogLine, SessionStore};
pub use facts::TlsFacts;
pub use handshake::HandshakeType;
pub use lock::{Lock, Prover, RecordLock};
pub use machine::Tls;
pub use openers::Keys;
pub use rewrite::{Aliases, Rewriter, Rewritten};
pub use seen::SeenRecord;
pub use sniff::{Sniffed, Sniffer, begins_in_text, hello_of, holds_border, sniffed};

use crate::moment::{Moment, Span};
use crate::role::Role;
use names::AlertDescription;

/// What happens in a TLS connection, in order.
#[derive(Debug)]
pub enum TlsEvent<'a> {
    /// A handshake message, read in clear or decrypted.
    Message(Role, HandshakeType, Moment),
    /// The server asks for another ClientHello (RFC 8446 §4.1.4).
    HelloRetryRequest(Moment),
    /// An encrypted handshake message that could not be opened; behind ChangeCipherSpec the first
    /// is Finished.
    OpaqueFinished(Role, Moment),
    /// The sender's records are protected from here on.
    ChangeCipherSpec(Role, Moment),
    /// An alert.
    Alert(Alert),
    /// The first record of application data of a direction, opened or not.
    FirstApplicationData(Role, Moment),
    /// The first protected record of a TLS 1.3 session that is not opened: the handshake's later
    /// messages and application data look alike (RFC 8446 §5.2).
    FirstOpaqueRecord(Role, Moment),
    /// Application data, decrypted and its integrity checked.
    Data(Role, &'a [u8], Span),
    /// Application data is missing here: of so many bytes of ciphertext, at most.
    DataGap(Role, u64, Moment),
    /// Bytes where a record should be; the direction ends for TLS here.
    NotTls(Role, &'a [u8], Moment),
    /// A record as it was captured, behind all that came of it; only if that is asked for.
    Record(SeenRecord<'a>),
}

/// An alert (RFC 5246 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it.
    pub from: Role,
    /// 1 is warning, 2 is fatal; None for one that could not be opened.
    pub level: Option<u8>,
    /// What it says; None for one that could not be opened.
    pub description: Option<AlertDescription>,
    /// It came under protection.
    pub encrypted: bool,
    /// When it came.
    pub at: Moment,
}
