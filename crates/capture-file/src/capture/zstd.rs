//! One frame of zstd (RFC 8878) as a reader.
//!
//! Not by ruzstd's own `StreamingDecoder`: it keeps back the last window of a frame until the frame
//! ends, 8 MiB in the usual case, and a frame that is cut never ends.

use std::io::{self, Error, ErrorKind, Read};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::members::MAX_WINDOW;

/// A last block without content (RFC 8878 §3.1.1.2), and a checksum that nobody looks at: what
/// makes the decoder give up what it has kept back.
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

/// A frame being read.
pub(super) struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    /// What went wrong; told when all that came before it has been given.
    failed: Option<Error>,
}

impl<R: Read> Zstd<R> {
    pub(super) fn new(mut source: R) -> io::Result<Self> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW.into());
        decoder.init(&mut source).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => ErrorKind::OutOfMemory.into(),
            error => Error::other(error),
        })?;
        Ok(Self { source, decoder, failed: None })
    }

    pub(super) fn source(&self) -> &R {
        &self.source
    }

    pub(super) fn into_inner(self) -> R {
        self.source
    }

    /// Decodes until there is something to give, or nothing more to decode.
    fn decode(&mut self) -> Result<(), FrameDecoderError> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))?;
        }
        Ok(())
    }

    fn give_up(&mut self, error: FrameDecoderError) {
        self.failed = Some(Error::other(error));
        let _ = self.decoder.decode_blocks(LAST_BLOCK, BlockDecodingStrategy::UptoBlocks(1));
    }

    fn end(&mut self) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let told = self.decoder.get_checksum_from_data();
        match told.is_none() || told == self.decoder.get_calculated_checksum() {
            true => Ok(0),
            false => Err(Error::other("the checksum of its content is wrong")),
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Err(error) = self.decode() {
            self.give_up(error);
        }
        match self.decoder.read(buffer)? {
            0 if !buffer.is_empty() => self.end(),
            len => Ok(len),
        }
    }
}
