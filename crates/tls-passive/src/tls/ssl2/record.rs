//! The record layer of SSL 2.0: headers of two bytes, or of three where there is padding (§1.1).

use crate::moment::Moment;

/// Length of the shorter header in bytes: only records with padding have a longer one.
pub(super) const HEADER: u64 = 2;

/// One whole record.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Without its header.
    pub(super) data: &'a [u8],
    /// How many of the last bytes are padding.
    pub(super) padding: usize,
    /// The latest capture instant among its bytes.
    pub(super) at: Moment,
    /// Bytes of it are missing, with zeros in their place: its length alone is right.
    pub(super) is_damaged: bool,
}

impl Record<'_> {
    /// Its bytes on the wire, without the padding byte of a longer header.
    pub(super) fn wire_len(&self) -> u64 {
        HEADER + self.data.len() as u64
    }
}

/// Cuts one direction's bytes into records. At most one record, of 32 KiB, is buffered.
#[derive(Debug, Default)]
pub(super) struct Reader {
    partial: Vec<u8>,
    /// The latest instant among the bytes in `partial`.
    at: Option<Moment>,
    /// Bytes are missing of the record in `partial`.
    is_damaged: bool,
    /// Nothing more can be read: records carry no mark by which a border is found again.
    stopped: bool,
}

struct Framing {
    header: usize,
    total: usize,
    padding: usize,
}

impl Reader {
    pub(super) fn stop(&mut self) {
        *self = Self { stopped: true, ..Self::default() };
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Takes a gap. The record that it damages keeps its place; what it took behind that record is
    /// returned, and the next record is taken to begin just behind the gap, as it does where each
    /// packet has one. None if a header is in it.
    pub(super) fn skip(
        &mut self,
        bytes: u64,
        at: Moment,
        on_record: &mut dyn FnMut(&Record<'_>),
    ) -> Option<u64> {
        if self.partial.is_empty() {
            return Some(bytes);
        }
        let missing = framing(&self.partial)?.total.checked_sub(self.partial.len())?;
        let lost = usize::try_from(bytes).unwrap_or(usize::MAX).min(missing);
        self.is_damaged = true;
        self.feed(&vec![0; lost], at, on_record);
        Some(bytes - lost as u64)
    }

    /// Takes the next bytes of the direction.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        at: Moment,
        on_record: &mut dyn FnMut(&Record<'_>),
    ) {
        self.partial.extend_from_slice(bytes);
        let mut latest = self.at.max(Some(at)).unwrap_or(at);
        let mut start = 0;
        while let Some(rest) = self.partial.get(start..)
            && let Some(Framing { header, total, padding }) = framing(rest)
            && let Some(data) = rest.get(header..total)
        {
            let is_damaged = std::mem::take(&mut self.is_damaged);
            on_record(&Record { data, padding, at: latest, is_damaged });
            start += total;
            // What follows came with these bytes.
            latest = at;
        }
        self.partial.drain(..start);
        self.at = (!self.partial.is_empty()).then_some(latest);
    }
}

/// The top bit says that the header has two bytes; else the next is the escape bit, which marks
/// records that no version of the protocol uses.
fn framing(bytes: &[u8]) -> Option<Framing> {
    let &[high, low] = bytes.first_chunk()?;
    let (header, mask, padding) = match high & 0x80 {
        0 => (3, 0x3F, usize::from(*bytes.get(2)?)),
        _ => (2, 0x7F, 0),
    };
    let length = usize::from(u16::from_be_bytes([high & mask, low]));
    Some(Framing { header, total: header + length, padding })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWO: &[u8] = &[0x80, 2, b'a', b'b', 0x00, 3, 1, b'c', b'd', 0];

    fn records<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, usize)> {
        let mut reader = Reader::default();
        let mut seen = Vec::new();
        for piece in pieces {
            reader.feed(piece, Moment::default(), &mut |record| {
                seen.push((record.data.to_vec(), record.padding));
            });
        }
        seen
    }

    #[test]
    fn reads_both_kinds_of_headers() {
        assert_eq!(records([TWO]), [(b"ab".to_vec(), 0), (b"cd\0".to_vec(), 1)]);
    }

    proptest! {
        #[test]
        fn any_segmentation_gives_the_same_records(size in 1_usize..12) {
            prop_assert_eq!(records(TWO.chunks(size)), records([TWO]));
        }
    }
}
