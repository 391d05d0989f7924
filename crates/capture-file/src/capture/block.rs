//! A window over a stream of bytes: refilled in place, the unread rest moved to the front.

use std::io::{self, Read};
use std::ops::Range;

use super::DamageKind;

/// Bytes of one block, enough that a system call is shared by a thousand packets.
pub(super) const BLOCK_SIZE: usize = 1 << 20;

/// The largest record read. The largest frames in practice (Linux BIG TCP) have 512 KiB, the
/// largest pcapng blocks hold the secrets of 100,000 sessions; a larger length is damage.
pub(super) const MAX_RECORD: usize = 16 << 20;

/// Unread bytes of a source. Grows only when it is full of unread bytes, so that a length field
/// never allocates more than twice what has really arrived.
pub(super) struct Block {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    unread: Range<usize>,
    offset: u64,
    /// What the source said when it failed while looking ahead.
    failure: Option<io::Error>,
}

impl Block {
    /// A window of `size` bytes, more than 0.
    pub(super) fn new(source: Box<dyn Read + Send>, size: usize) -> Self {
        Self { source, buffer: vec![0; size], unread: 0..0, offset: 0, failure: None }
    }

    /// The same, behind `offset` bytes of a source that were read elsewhere.
    pub(super) fn starting_at(offset: u64, source: Box<dyn Read + Send>, size: usize) -> Self {
        Self { offset, ..Self::new(source, size) }
    }

    /// The place of the first unread byte, in bytes from the start of the source.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.at(&self.unread)
    }

    /// The bytes at a place that [`Self::consume`] named; valid until more are demanded.
    pub(super) fn at(&self, place: &Range<usize>) -> &[u8] {
        self.buffer.get(place.clone()).unwrap_or_default()
    }

    /// Marks `len` bytes as read and names their place.
    pub(super) fn consume(&mut self, len: usize) -> Range<usize> {
        let end = self.unread.end.min(self.unread.start.saturating_add(len));
        let place = self.unread.start..end;
        self.unread.start = end;
        self.offset += place.len() as u64;
        place
    }

    /// Makes the next record's first `len` bytes available; false if the source ends before it.
    ///
    /// # Errors
    ///
    /// `Truncated` if the source ends within them, and what the source says when it fails.
    pub(super) fn demand(&mut self, len: usize) -> Result<bool, DamageKind> {
        if len > MAX_RECORD {
            return Err(DamageKind::Corrupt(format!("a record claims to be {len} bytes long")));
        }
        match self.fill(len).map_err(DamageKind::from) {
            Ok(false) if self.unread.is_empty() => Ok(false),
            // Compressed data that is cut ends in an error, even between two records.
            Ok(false) | Err(DamageKind::Truncated { .. }) => {
                Err(DamageKind::Truncated { present: self.unread.len(), needed: len })
            }
            filled => filled,
        }
    }

    /// Reads until `len` bytes are unread; false if the source ends before.
    pub(super) fn fill(&mut self, len: usize) -> io::Result<bool> {
        while self.unread.len() < len {
            self.make_room();
            if self.refill()? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same for who only looks ahead: a failure of the source is told to the next who reads on.
    pub(super) fn look_ahead(&mut self, len: usize) -> bool {
        match self.fill(len) {
            Ok(filled) => filled,
            Err(failure) => {
                self.failure = Some(failure);
                false
            }
        }
    }

    fn make_room(&mut self) {
        if self.unread.end < self.buffer.len() {
            return;
        }
        if self.unread.start == 0 {
            self.buffer.resize(self.buffer.len().saturating_mul(2), 0);
            return;
        }
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
    }

    /// Reads once, however little comes: pipes and decompressors give what they have.
    fn refill(&mut self) -> io::Result<usize> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let room = self.buffer.get_mut(self.unread.end..).unwrap_or_default();
        loop {
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(len) => {
                    self.unread.end += len.min(room.len());
                    return Ok(len);
                }
            }
        }
    }
}

impl Read for Block {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(1)?;
        let len = self.unread().read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, repeat};

    use super::*;

    fn block(bytes: &[u8], size: usize) -> Block {
        Block::new(Box::new(Cursor::new(bytes.to_vec())), size)
    }

    #[test]
    fn moves_the_unread_rest_to_the_front() {
        let mut block = block(b"abcdefgh", 4);
        assert_eq!(block.demand(4), Ok(true));
        block.consume(3);
        assert_eq!(block.demand(4), Ok(true));
        assert_eq!(block.unread(), b"defg");
        assert_eq!((block.offset(), block.buffer.len()), (3, 4));
    }

    #[test]
    fn grows_for_a_record_larger_than_itself() {
        let mut block = block(b"abcdefgh", 2);
        assert_eq!(block.demand(7), Ok(true));
        let place = block.consume(7);
        assert_eq!(block.at(&place), b"abcdefg");
    }

    #[test]
    fn does_not_allocate_for_bytes_that_never_come() {
        let mut block = block(b"abc", 4);
        let truncated = DamageKind::Truncated { present: 3, needed: MAX_RECORD };
        assert_eq!(block.demand(MAX_RECORD), Err(truncated));
        assert_eq!(block.buffer.len(), 4);
    }

    #[test]
    fn refuses_a_record_beyond_the_cap_without_reading_it() {
        let mut block = Block::new(Box::new(repeat(0)), 4);
        assert!(matches!(block.demand(MAX_RECORD + 1), Err(DamageKind::Corrupt(_))));
        assert!(block.unread().is_empty());
    }

    #[test]
    fn ends_in_peace_between_two_records() {
        let mut block = block(b"ab", 4);
        block.fill(2).unwrap();
        block.consume(2);
        assert_eq!(block.demand(1), Ok(false));
    }
}
