//! gzip (RFC 1952), read as gzip(1) reads it.
//!
//! Not by flate2's `MultiGzDecoder`, which takes what tapes and copies append to a file (zeros,
//! mostly) for a broken member, and would have us call a capture damaged that is whole.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// First byte of every member (RFC 1952 §2.3.1).
const ID1: u8 = 0x1f;

/// The content of all members, one after the other (RFC 1952 §2.2): what `cat a.gz b.gz` makes.
pub(super) struct Members<R> {
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> Members<R> {
    pub(super) fn new(source: R) -> Self {
        Self { member: Some(GzDecoder::new(BufReader::new(source))) }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let len = member.read(buffer)?;
            if len > 0 || buffer.is_empty() {
                return Ok(len);
            }
            self.member = self.member.take().map(GzDecoder::into_inner).and_then(next_member);
        }
        Ok(0)
    }
}

/// The member behind one that has ended; an error in reading is found again by whoever reads next.
fn next_member<R: Read>(mut source: BufReader<R>) -> Option<GzDecoder<BufReader<R>>> {
    let goes_on = source.fill_buf().map_or(true, |ahead| ahead.first() == Some(&ID1));
    goes_on.then(|| GzDecoder::new(source))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        Members::new(bytes).read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn reads_one_member_after_the_other() {
        assert_eq!(read(&[gzip(b"one "), gzip(b"two")].concat()).unwrap(), b"one two");
    }

    #[test]
    fn ignores_what_was_appended_to_the_last_member() {
        assert_eq!(read(&[gzip(b"whole"), vec![0; 512]].concat()).unwrap(), b"whole");
    }

    #[test]
    fn does_not_ignore_a_member_that_is_cut() {
        let mut cut = [gzip(b"one"), gzip(b"two")].concat();
        cut.pop();
        assert_eq!(read(&cut).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
