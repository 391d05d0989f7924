//! What a dialogue tells while it is fed.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::command::Parameters;
use super::dkim::Dkim;
use super::fields::Fields;
use super::mime::Part;
use super::proxy::ProxyHeader;
use super::reply::Reply;
use super::verb::Verb;
use crate::moment::Moment;
use crate::role::Role;

/// What stands in the place of a secret.
pub(super) const MASK: &[u8] = b"****";

/// Takes the events as they happen. A message body passes here as borrowed slices and is never
/// kept.
pub type Sink<'s> = dyn FnMut(SmtpEvent<'_>) + 's;

/// One thing that happened in the dialogue.
#[derive(Debug)]
pub enum SmtpEvent<'a> {
    /// A command and its reply, or one of them where the other is missing, in reply order.
    Exchange(Box<Exchange>),
    /// The first byte of a message's body.
    DataStart {
        /// Number of the message in this dialogue, from 0; the same in all its events.
        mail: u64,
        /// When that byte was captured.
        at: Moment,
    },
    /// A piece of a message as the server stores it: dot-unstuffed, line ends as sent.
    Body {
        /// Number of the message.
        mail: u64,
        /// The piece.
        bytes: &'a [u8],
    },
    /// The end of a message's body: its final dot line, or the last byte of its last chunk.
    DataEnd {
        /// Number of the message.
        mail: u64,
        /// The latest capture instant among the body's bytes; none if its end was not captured.
        at: Moment,
    },
    /// A transaction whose message was sent, wholly or in part.
    Mail(Box<Mail>),
    /// A PROXY protocol header ahead of the client's first command.
    Proxy {
        /// What it says.
        header: ProxyHeader,
        /// When its last byte was captured.
        at: Moment,
    },
    /// From the next byte of either side on, TLS is due: the server said 220 to STARTTLS. The
    /// dialogue takes no more bytes until [`tls_started`](super::Dialogue::tls_started) or
    /// [`resume_plain`](super::Dialogue::resume_plain) is called.
    SwitchToTls {
        /// When the reply's last byte was captured.
        at: Moment,
        /// The client's side was stopped behind STARTTLS: what waits of it stands right behind.
        stopped_client: bool,
    },
    /// TLS begins where a line should, and nobody asked for it. The dialogue takes no more bytes, as
    /// above.
    TlsUnasked {
        /// When its first byte was captured.
        at: Moment,
    },
    /// Where a secret stands in a stream, for exports masked byte by byte.
    SecretSpan(SecretSpan),
    /// Where bytes of a message body stand in the client's stream, its final dot too.
    BodySpan(SecretSpan),
    /// Something a reader should know.
    Finding {
        /// What kind of thing it is.
        kind: FindingKind,
        /// When it showed.
        at: Moment,
        /// One sentence.
        message: String,
    },
}

/// What a dialogue finds while it goes on. Who uses this crate gives each kind its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A line ends in CR or LF alone (RFC 5321 §2.3.8).
    BareNewline,
    /// The client sends mail inside TLS without a new EHLO (RFC 3207 §4.2).
    EhloNotRepeated,
    /// A side says what SMTP does not allow at that point.
    ProtocolError,
    /// A password passes outside TLS (RFC 4954 §4).
    AuthInClear,
    /// The client speaks ahead of the greeting (RFC 5321 §3.1).
    EarlyTalker,
    /// Plaintext stands between STARTTLS and TLS (CVE-2011-0411).
    StarttlsInjection,
}

/// Text off the wire, kept byte for byte; prints as UTF-8 with replacement characters.
///
/// Not escaped: that is the renderers' task.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct WireText(Vec<u8>);

impl WireText {
    /// The bytes as captured.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The text, with U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<&[u8]> for WireText {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for WireText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str_lossy())
    }
}

impl fmt::Debug for WireText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str_lossy(), f)
    }
}

/// What kind of exchange it is; greeting and stray reply have neither command nor verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    /// The server's first words.
    Greeting,
    /// A command line.
    Command,
    /// A line that answers a 334 challenge (RFC 4954 §4); verb [`Verb::AuthResponse`].
    AuthResponse,
    /// A DATA body, which its final dot line stands for; verb [`Verb::Message`].
    Body,
    /// A reply that no command was captured for.
    Stray,
}

/// A command and its reply.
#[derive(Debug)]
pub struct Exchange {
    /// What kind of exchange it is.
    pub kind: ExchangeKind,
    /// The command line without its end; secrets in it are masked.
    pub command: Option<WireText>,
    /// Its verb.
    pub verb: Option<Verb>,
    /// The reply; none if none was captured.
    pub reply: Option<Reply>,
    /// When the last byte of the command was captured.
    pub at: Option<Moment>,
    /// When the last byte of the reply was captured.
    pub reply_at: Option<Moment>,
    /// When the last byte of the message that the reply is about was captured; none if it is about
    /// no message, or the message's end was not captured.
    pub message_end: Option<Moment>,
    /// Whether it passed inside TLS.
    pub encrypted: bool,
    /// Whom the reply is about, where LMTP answers recipient by recipient (RFC 2033 §4.2).
    pub recipient: Option<String>,
    /// What the mask hides.
    pub secret: Option<Secret>,
}

/// A command line with a secret in it, as sent. It has no readable `Debug`, no `Clone` and no
/// `Serialize`: only `--reveal auth` may ask for it by name.
pub struct Secret {
    line: Zeroizing<Vec<u8>>,
    /// Where the secret part of the line stands.
    pub span: SecretSpan,
}

impl Secret {
    pub(super) fn new(line: Zeroizing<Vec<u8>>, span: SecretSpan) -> Self {
        Self { line, span }
    }

    /// The line from a byte on.
    pub(super) fn part(&self, from: usize) -> &[u8] {
        self.line.get(from..).unwrap_or(&[])
    }

    /// The whole line, unmasked.
    #[must_use]
    pub fn reveal(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.line)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?})", self.span)
    }
}

/// Where a secret stands: bytes `start..start + len` of one direction's SMTP stream, counted from
/// the first byte fed, gaps included, plain and decrypted bytes alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretSpan {
    /// Who sent it.
    pub from: Role,
    /// Offset of its first byte.
    pub start: u64,
    /// Its length in bytes.
    pub len: u64,
}

impl SecretSpan {
    /// What is left of it behind its first `len` bytes.
    pub(super) fn behind(self, len: usize) -> Self {
        let len = len as u64;
        Self { start: self.start.saturating_add(len), len: self.len.saturating_sub(len), ..self }
    }
}

/// How a message was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Transfer {
    #[default]
    /// RFC 5321 §4.1.1.4.
    Data,
    /// RFC 3030.
    Bdat,
}

impl Transfer {
    /// `DATA` or `BDAT`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "DATA",
            Self::Bdat => "BDAT",
        }
    }
}

/// A transaction whose message was sent.
#[derive(Debug)]
pub struct Mail {
    /// Number of the message in this dialogue, from 0.
    pub number: u64,
    /// The reverse-path without brackets, empty for the null one; none if MAIL was not captured.
    pub from: Option<String>,
    /// The recipients accepted, or whose reply was not captured.
    pub to: Vec<String>,
    /// The recipients refused.
    pub rejected_to: Vec<String>,
    /// Recipients beyond what is kept of one transaction.
    pub omitted_recipients: u64,
    /// How the message was handed over.
    pub transfer: Transfer,
    /// Its length in bytes as stored; none if bytes of a DATA body, or its end, are missing.
    pub bytes: Option<u64>,
    /// Its SHA-256 as stored; none if bytes are missing.
    pub sha256: Option<[u8; 32]>,
    /// The final reply; in LMTP the first that accepts, else the first.
    pub reply: Option<Reply>,
    /// Each recipient that was named, in order.
    pub recipients: Vec<Recipient>,
    /// What MAIL asked for.
    pub parameters: Parameters,
    /// The server's name for the message, taken from the final reply.
    pub queue_id: Option<String>,
    /// What its header says.
    pub fields: Fields,
    /// Its parts that are no multiparts.
    pub parts: Vec<Part>,
    /// Its DKIM signatures.
    pub dkim: Vec<Dkim>,
    /// Whether the body passed inside TLS.
    pub encrypted: bool,
    /// Whether the message was captured from its first byte to its end.
    pub complete: bool,
    /// When the first byte of the body was captured.
    pub data_start: Option<Moment>,
    /// The latest capture instant among the body's bytes.
    pub data_end: Option<Moment>,
}

/// One recipient of a mail, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The forward-path without brackets.
    pub address: String,
    /// What RCPT asked for.
    pub parameters: Parameters,
    /// The reply to RCPT.
    pub reply: Option<Reply>,
    /// LMTP's reply to the message for this recipient (RFC 2033 §4.2).
    pub delivery: Option<Reply>,
}

impl Recipient {
    /// Whether it was refused, by RCPT or in the end. Without a reply it counts as accepted, for the
    /// mail was sent on.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.delivery.as_ref().or(self.reply.as_ref()).is_some_and(|reply| !reply.is_positive())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_readable_by_accident() {
        let span = SecretSpan { from: Role::Client, start: 11, len: 6 };
        let secret = Secret::new(Zeroizing::new(b"AUTH PLAIN hunter".to_vec()), span);
        assert!(!format!("{secret:?}").contains("hunter"));
        assert!(secret.reveal().contains("hunter"));
    }

    #[test]
    fn wire_text_keeps_what_is_not_utf8() {
        let text = WireText::from(&b"a\xff"[..]);
        assert_eq!((text.as_bytes(), text.to_string()), (&b"a\xff"[..], "a\u{fffd}".to_owned()));
    }
}
