//! What a message is about, read while it passes by: its header, its parts, its signatures.

use super::dkim::{Dkim, Signatures};
use super::fields::{Fields, PartFields};
use super::header::HeaderReader;
use super::mime::{Part, Parts};

/// Most bytes of a message kept until its header is read: Postfix's own `header_size_limit` is
/// 102400. Freed as soon as the header ends.
pub(super) const MAX_HEADER: usize = 100 * 1024;

/// Reads a message.
pub(super) enum Content {
    Header(HeaderReader),
    Body(Box<BodyReader>),
}

/// What is known behind the header, and what reads the body.
pub(super) struct BodyReader {
    fields: Fields,
    parts: Parts,
    signatures: Signatures,
    is_whole: bool,
}

impl Default for Content {
    fn default() -> Self {
        Self::Header(HeaderReader::new(MAX_HEADER))
    }
}

impl Content {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Header(reader) => {
                let Some(body) = reader.push(bytes) else { return };
                let mut behind = BodyReader::new(reader.bytes());
                behind.push(body);
                *self = Self::Body(Box::new(behind));
            }
            Self::Body(behind) => behind.push(bytes),
        }
    }

    /// Bytes are missing here.
    pub(super) fn lose(&mut self) {
        match self {
            Self::Header(reader) => reader.stop(),
            Self::Body(behind) => {
                behind.parts.lose();
                behind.is_whole = false;
            }
        }
    }

    /// What was learnt; `whole` tells whether the message came to its end without a gap.
    pub(super) fn finish(self, whole: bool) -> (Fields, Vec<Part>, Vec<Dkim>) {
        match self {
            Self::Header(reader) if !whole => {
                (Fields::read(reader.bytes()), Vec::new(), Vec::new())
            }
            // A message without a body.
            Self::Header(reader) => BodyReader::new(reader.bytes()).finish(true),
            Self::Body(behind) => behind.finish(whole),
        }
    }
}

impl BodyReader {
    fn new(header: &[u8]) -> Self {
        Self {
            fields: Fields::read(header),
            parts: Parts::new(PartFields::read(header)),
            signatures: Signatures::of(header),
            is_whole: true,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.parts.push(bytes);
        self.signatures.push(bytes);
    }

    fn finish(self, whole: bool) -> (Fields, Vec<Part>, Vec<Dkim>) {
        let is_whole = self.is_whole && whole;
        (self.fields, self.parts.finish(whole), self.signatures.finish(is_whole))
    }
}
