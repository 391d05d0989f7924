//! Record compression (RFC 3749): one zlib stream a direction, flushed after each record.

use flate2::{Decompress, FlushDecompress, Status};

/// A record holds so much content at most (RFC 5246 §6.2.1): what inflates to more is an attack.
pub(super) const LARGEST_CONTENT: usize = 1 << 14;

/// The state of one direction.
pub(super) struct Inflater(Decompress);

impl Inflater {
    pub(super) fn new() -> Self {
        Self(Decompress::new(true))
    }

    /// Inflates the content of a record. None if it is damaged or too long.
    pub(super) fn inflate(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        let mut inflated = Vec::with_capacity(LARGEST_CONTENT + 1);
        let before = self.0.total_in();
        let status = self.0.decompress_vec(content, &mut inflated, FlushDecompress::Sync).ok()?;
        let taken = self.0.total_in() - before;
        let whole = taken == content.len() as u64 && status != Status::StreamEnd;
        (whole && inflated.len() <= LARGEST_CONTENT).then_some(inflated)
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    #[test]
    fn inflates_record_by_record_and_stops_at_the_limit() {
        let mut deflater = Compress::new(Compression::default(), true);
        let mut inflater = Inflater::new();
        let mut pack = |content: &[u8]| {
            let mut packed = Vec::with_capacity(content.len() + 100);
            deflater.compress_vec(content, &mut packed, FlushCompress::Sync).unwrap();
            packed
        };
        for content in [&b"EHLO x\r\n"[..], b"", b"EHLO x\r\n"] {
            assert_eq!(inflater.inflate(&pack(content)).unwrap(), content);
        }
        assert_eq!(inflater.inflate(&pack(&[0; LARGEST_CONTENT + 1])), None);
    }
}
