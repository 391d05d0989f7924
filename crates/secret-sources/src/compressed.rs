//! Compressed files: gzip and zstd are read as what they hold.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

/// What gzip and zstd begin with (RFC 1952 §2.3.1, RFC 8878 §3.1.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A stream whose first bytes were looked at.
type Again<R> = Chain<Cursor<Vec<u8>>, R>;

/// The content of a file that may be compressed.
///
/// # Errors
///
/// The file cannot be read, or is compressed and damaged at once.
pub fn plain<'r>(mut file: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut head = Vec::new();
    file.by_ref().take(4).read_to_end(&mut head)?;
    let kind = head.clone();
    let whole = BufReader::with_capacity(1 << 16, Cursor::new(head).chain(file));
    Ok(match kind {
        kind if kind.starts_with(&GZIP) => Box::new(MultiGzDecoder::new(whole)),
        kind if kind.starts_with(&ZSTD) => Box::new(Frames { source: Some(Frame::Next(whole)) }),
        _ => Box::new(whole),
    })
}

/// The frames of a zstd file, one behind the other.
struct Frames<R: Read> {
    source: Option<Frame<BufReader<Again<R>>>>,
}

enum Frame<S: Read> {
    /// Before a frame, or at the end.
    Next(S),
    Open(Box<StreamingDecoder<S, ruzstd::decoding::FrameDecoder>>),
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.take() {
                None => return Ok(0),
                Some(Frame::Next(mut source)) => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(source).map_err(io::Error::other)?;
                    self.source = Some(Frame::Open(Box::new(decoder)));
                }
                Some(Frame::Open(mut decoder)) => {
                    let read = decoder.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        self.source = Some(Frame::Open(decoder));
                        return Ok(read);
                    }
                    self.source = Some(Frame::Next(decoder.into_inner()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn content(file: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        plain(file).unwrap().read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn files_of_several_members_are_read_whole() {
        let gzip = |bytes: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(content(&[gzip(b"one "), gzip(b"two")].concat()), b"one two");
        // A frame of zstd with one raw block (RFC 8878 section 3.1.1).
        let zstd = |bytes: &[u8]| {
            let len = u8::try_from(bytes.len()).unwrap();
            [&ZSTD[..], &[0x20, len, 1 | (len << 3), 0, 0], bytes].concat()
        };
        assert_eq!(content(&[zstd(b"one "), zstd(b"two")].concat()), b"one two");
        assert_eq!(content(b"plain"), b"plain");
        assert_eq!(content(b""), b"");
    }
}
