//! Compressed files: the content of all their members (gzip calls them that, the others frames or
//! streams), one after the other, as `cat a.gz b.gz` joins them. Members may differ in compression.
//!
//! The crates' own readers of many members are not used: flate2's takes what tapes and copies append
//! to a file (zeros, mostly) for a broken member, lz4_flex's takes a file that ends between two
//! blocks for a whole one, ruzstd has none.

use std::io::{self, BufRead, Error, ErrorKind, Read};

use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;

use super::Compression;
use super::block::Block;
use super::sniff::{self, WRAPPING_MAGIC, Wrapping};
use super::zstd::Zstd;

/// How far back compressed data may point, in bytes: what `zstd -d` allows (and `--ultra -22` and
/// `--long` need), twice what `xz -9` needs. A file that asks for more is refused by name.
pub(super) const MAX_WINDOW: u32 = 128 << 20;

/// Bytes in front of what a skippable frame holds (RFC 8878 §3.1.2; LZ4 has the same).
const SKIPPABLE_HEADER: usize = 8;

/// Compressed bytes that a decoder is shown at a time. Where one of them is wrong, flate2 keeps what it
/// made of the ones before it to itself: so that is little, and the same however the bytes come.
const STEP: usize = 64;

/// Reads the content of all members.
pub(super) struct Members {
    state: State,
}

enum State {
    /// Before a member, or at the end.
    Between(CompressedInput),
    Within(Member),
    Over,
}

/// One member being read.
enum Member {
    Gzip(Box<GzDecoder<CompressedInput>>),
    Zstd(Box<Zstd<CompressedInput>>),
    Lz4(Box<FrameDecoder<CompressedInput>>),
    Xz(Box<XzReader<CompressedInput>>),
}

impl Members {
    /// `source` begins with the magic number of a compression.
    pub(super) fn new(source: Block) -> Self {
        Self { state: State::Between(CompressedInput { source, ended: false }) }
    }

    /// Reads on, from the next member where one has ended; 0 at the end of the last.
    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(0),
                State::Between(source) => {
                    let Some(member) = Member::next(source)? else { return Ok(0) };
                    self.state = State::Within(member);
                }
                State::Within(mut member) => {
                    let len = member.read(buffer)?;
                    let within = len > 0 || buffer.is_empty();
                    self.state = match within {
                        true => State::Within(member),
                        false => State::Between(member.into_inner()),
                    };
                    if within {
                        return Ok(len);
                    }
                }
            }
        }
    }
}

impl Read for Members {
    /// After an error it is at its end: what a decoder does then is not defined.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_on(buffer)
    }
}

impl Member {
    /// What comes next in `source`; none where that is no compressed data.
    fn next(mut source: CompressedInput) -> io::Result<Option<Self>> {
        while sniff::is_skippable(source.peek(WRAPPING_MAGIC)?) {
            source.skip_frame()?;
        }
        let Some(Wrapping::Compression(compression)) =
            sniff::wrapping(source.peek(WRAPPING_MAGIC)?)
        else {
            return Ok(None);
        };
        Ok(Some(match compression {
            Compression::Gzip => Self::Gzip(Box::new(GzDecoder::new(source))),
            Compression::Zstd => Self::Zstd(Box::new(Zstd::new(source)?)),
            Compression::Lz4 => Self::Lz4(Box::new(FrameDecoder::new(source))),
            Compression::Xz => {
                let limit = MAX_WINDOW / 1024 + 1024;
                Self::Xz(Box::new(XzReader::new_mem_limit(source, false, limit)))
            }
        }))
    }

    /// Whatever its decoder makes of it: where the source ends within a member, the file is cut.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Self::Gzip(member) => member.read(buffer),
            Self::Zstd(member) => member.read(buffer),
            Self::Lz4(member) => member.read(buffer),
            Self::Xz(member) => member.read(buffer),
        };
        match read {
            Ok(len) if len > 0 || buffer.is_empty() => Ok(len),
            Ok(_) if self.is_cut() => Err(ErrorKind::UnexpectedEof.into()),
            Err(_) if self.is_cut() => Err(ErrorKind::UnexpectedEof.into()),
            read => read,
        }
    }

    fn is_cut(&self) -> bool {
        match self {
            Self::Gzip(member) => member.get_ref().ended,
            Self::Zstd(member) => member.source().ended,
            Self::Lz4(member) => member.get_ref().ended,
            Self::Xz(member) => member.inner().ended,
        }
    }

    fn into_inner(self) -> CompressedInput {
        match self {
            Self::Gzip(member) => member.into_inner(),
            Self::Zstd(member) => member.into_inner(),
            Self::Lz4(member) => member.into_inner(),
            Self::Xz(member) => member.into_inner(),
        }
    }
}

/// The compressed bytes. Remembers that a decoder asked for more than there were.
struct CompressedInput {
    source: Block,
    ended: bool,
}

impl CompressedInput {
    /// The next `len` bytes, fewer at the end. To look is not to ask for more.
    fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        self.source.fill(len)?;
        let unread = self.source.unread();
        Ok(unread.get(..len).unwrap_or(unread))
    }

    fn skip_frame(&mut self) -> io::Result<()> {
        let header = self.peek(SKIPPABLE_HEADER)?;
        let len = header.last_chunk().filter(|_| header.len() == SKIPPABLE_HEADER);
        let len = u64::from(u32::from_le_bytes(*len.ok_or(ErrorKind::UnexpectedEof)?));
        let frame = SKIPPABLE_HEADER as u64 + len;
        let skipped = io::copy(&mut self.by_ref().take(frame), &mut io::sink())?;
        if skipped < frame { Err(Error::from(ErrorKind::UnexpectedEof)) } else { Ok(()) }
    }
}

impl Read for CompressedInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.source.read(buffer)?;
        self.ended |= len == 0 && !buffer.is_empty();
        Ok(len)
    }
}

impl BufRead for CompressedInput {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let step = STEP - (self.source.offset() % STEP as u64) as usize;
        self.ended |= self.peek(step)?.is_empty();
        self.peek(step)
    }

    fn consume(&mut self, len: usize) {
        self.source.consume(len);
    }
}

#[cfg(test)]
mod tests;
