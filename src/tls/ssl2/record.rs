//! The record layer of SSL 2.0: headers of two bytes, or of three where there is padding (§1.1).

use crate::moment::Moment;

/// One whole record.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Without its header.
    pub(super) data: &'a [u8],
    /// How many of the last bytes are padding.
    pub(super) padding: usize,
    /// The latest capture instant among its bytes.
    pub(super) at: Moment,
}

/// Cuts one direction's bytes into records. At most one record, of 32 KiB, is buffered.
#[derive(Debug, Default)]
pub(super) struct Reader {
    partial: Vec<u8>,
    /// The latest instant among the bytes in `partial`.
    at: Option<Moment>,
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
            on_record(&Record { data, padding, at: latest });
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
