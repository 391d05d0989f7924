//! One direction that is written anew: records wait until all of their new content has come.

use std::collections::VecDeque;

use crate::tls::decrypt::{RecordCipher, RecordPlace, Unsealed};
use crate::tls::handshake::MessageJoiner;
use crate::tls::record::{ContentType, KEPT_BEFORE, Record, RecordHeader};
use crate::tls::schedule13::Phase;
use crate::tls::seen::Opened;

/// What stands for text that never came.
const NO_TEXT: u8 = b'x';

/// One direction.
#[derive(Default)]
pub(super) struct Side {
    pub(super) joiner: MessageJoiner,
    /// Handshake messages as they are written, that no record has taken yet.
    pub(super) handshake: VecDeque<u8>,
    /// The same for what the application says.
    pub(super) text: VecDeque<u8>,
    waiting: VecDeque<Waiting>,
    ciphers: Vec<RecordCipher>,
    /// Which of them is in use.
    pub(super) cipher: Option<usize>,
    /// What it is for, in TLS 1.3.
    pub(super) phase: Option<Phase>,
    written: Written,
    /// Records that were opened, and are zeros now.
    pub(super) unsealed: u64,
}

/// A record that waits for its content.
pub(super) struct Waiting {
    pub(super) start: u64,
    pub(super) header: Vec<u8>,
    pub(super) content: Source,
    /// How it is protected, if it is.
    pub(super) seal: Option<Seal>,
}

/// Where the content of a record comes from.
pub(super) enum Source {
    Bytes(Vec<u8>),
    /// The next so many bytes of handshake messages.
    Handshake(usize),
    /// The next so many bytes of text.
    Text(usize),
}

/// The protection of a record.
pub(super) struct Seal {
    /// None where there are no keys for it.
    cipher: Option<usize>,
    place: RecordPlace,
    header: RecordHeader,
    content_type: ContentType,
    original: Vec<u8>,
}

impl Seal {
    pub(super) fn new(record: &Record<'_>, opened: &Opened, cipher: Option<usize>) -> Self {
        let Opened { content_type, place, .. } = *opened;
        let (header, original) = (record.header, record.fragment.to_vec());
        Self { cipher, place, header, content_type, original }
    }
}

impl Side {
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// Takes other keys into use.
    pub(super) fn change(&mut self, cipher: RecordCipher) {
        self.cipher = Some(self.ciphers.len());
        self.ciphers.push(cipher);
    }

    /// Writes the records whose content has come.
    pub(super) fn write(&mut self, out: &mut dyn FnMut(u64, &[u8])) {
        while let Some(first) = self.waiting.front() {
            let has_come = match first.content {
                Source::Bytes(_) => true,
                Source::Handshake(len) => self.handshake.len() >= len,
                Source::Text(len) => self.text.len() >= len,
            };
            if !has_come {
                return;
            }
            let Some(first) = self.waiting.pop_front() else { return };
            self.write_one(first, out);
        }
    }

    /// Writes all, with filling for what never came.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(u64, &[u8])) {
        let wanted = |of: fn(&Source) -> usize| self.waiting.iter().map(|w| of(&w.content)).sum();
        let text: usize = wanted(|source| if let Source::Text(len) = source { *len } else { 0 });
        let handshake = wanted(|source| if let Source::Handshake(len) = source { *len } else { 0 });
        self.text.resize(text.max(self.text.len()), NO_TEXT);
        self.handshake.resize(handshake.max(self.handshake.len()), 0);
        self.write(out);
    }

    fn write_one(&mut self, record: Waiting, out: &mut dyn FnMut(u64, &[u8])) {
        let Waiting { start, header, content, seal } = record;
        let content = match content {
            Source::Bytes(bytes) => bytes,
            Source::Handshake(len) => self.handshake.drain(..len).collect(),
            Source::Text(len) => self.text.drain(..len).collect(),
        };
        let fragment = match seal {
            None => content,
            Some(seal) => self.sealed(&seal, start, &content),
        };
        let bytes = [header, fragment].concat();
        self.written.push(start, &bytes);
        out(start, &bytes);
    }

    fn sealed(&mut self, seal: &Seal, start: u64, content: &[u8]) -> Vec<u8> {
        let Seal { cipher, place, header, content_type, ref original } = *seal;
        let before = self.written.before(start);
        let record = Unsealed { place, header, content_type, content, original, before: &before };
        let cipher = cipher.and_then(|index| self.ciphers.get_mut(index));
        cipher.and_then(|cipher| cipher.seal(&record)).unwrap_or_else(|| {
            self.unsealed += 1;
            vec![0; original.len()]
        })
    }
}

/// The bytes written last, which TLS 1.0 chains to.
#[derive(Default)]
struct Written {
    end: u64,
    tail: Vec<u8>,
}

impl Written {
    /// What stands ahead of an offset; where nothing was written, zeros do.
    fn before(&self, start: u64) -> Vec<u8> {
        let between = usize::try_from(start.saturating_sub(self.end)).unwrap_or(usize::MAX);
        let mut before = self.tail.clone();
        before.resize(before.len() + between.min(KEPT_BEFORE), 0);
        before
    }

    fn push(&mut self, start: u64, bytes: &[u8]) {
        self.tail = [self.before(start).as_slice(), bytes].concat();
        let excess = self.tail.len().saturating_sub(KEPT_BEFORE);
        self.tail.drain(..excess);
        self.end = start + bytes.len() as u64;
    }
}
