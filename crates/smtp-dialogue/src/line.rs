//! Bytes become lines. A line ends with its LF; whether a CR stood before it is told, not judged.

use zeroize::Zeroizing;

use crate::moment::Moment;

/// Longest line kept, in bytes without its end: the longest that any SMTP extension knows, an
/// AUTH exchange (RFC 4954 §4). What is longer is cut here and counted to its end.
pub(super) const MAX_LINE: usize = 12_288;

/// One line off the wire. Any line may turn out to be a password, so each wipes itself.
pub(super) struct Line {
    /// The bytes without the line end, at most [`MAX_LINE`].
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Length on the wire in bytes, without the line end.
    pub(super) len: u64,
    /// Offset of the first byte in its direction's SMTP stream.
    pub(super) start: u64,
    /// The latest capture instant among its bytes.
    pub(super) at: Moment,
    /// How it ended.
    pub(super) end: LineEnd,
    /// A CR inside the line that no LF follows (RFC 5321 §2.3.8 forbids it).
    pub(super) bare_cr: bool,
}

impl Line {
    pub(super) fn is_cut(&self) -> bool {
        self.len > MAX_LINE as u64
    }
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    Crlf,
    /// LF alone (RFC 5321 §2.3.8: not a line end at all, yet widely taken for one).
    BareLf,
    /// A gap or the end of the connection came first.
    Missing,
}

/// Collects the line under way in one direction.
#[derive(Default)]
pub(super) struct LineReader {
    kept: Zeroizing<Vec<u8>>,
    len: u64,
    start: u64,
    at: Moment,
    ends_with_cr: bool,
    crs: u64,
}

impl LineReader {
    /// Takes bytes up to the next LF; `offset` is the stream offset of `input`'s first byte.
    /// Tells how many were taken, and the line if one ended.
    pub(super) fn read(&mut self, input: &[u8], offset: u64, at: Moment) -> (usize, Option<Line>) {
        if self.is_empty() {
            (self.start, self.at) = (offset, at);
        }
        self.at = self.at.max(at);
        let lf = input.iter().position(|&b| b == b'\n');
        let (text, _) = input.split_at_checked(lf.unwrap_or(input.len())).unwrap_or((input, &[]));
        self.keep(text);
        let Some(lf) = lf else { return (input.len(), None) };
        let end = if self.ends_with_cr { LineEnd::Crlf } else { LineEnd::BareLf };
        (lf.saturating_add(1), Some(self.finish(end)))
    }

    /// Whether the next byte begins a line.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Offset of the line under way.
    pub(super) fn start(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.start)
    }

    /// Ends the line under way where it stands: nothing more of it will come.
    pub(super) fn take_partial(&mut self) -> Option<Line> {
        (!self.is_empty()).then(|| self.finish(LineEnd::Missing))
    }

    fn keep(&mut self, text: &[u8]) {
        let Some(&last) = text.last() else { return };
        // One byte more than the longest line, for the CR that may belong to the line's end.
        let room = (MAX_LINE + 1).saturating_sub(self.kept.len());
        self.kept.extend(text.iter().take(room));
        self.len = self.len.saturating_add(text.len() as u64);
        self.ends_with_cr = last == b'\r';
        let crs = text.iter().filter(|&&b| b == b'\r').count() as u64;
        self.crs = self.crs.saturating_add(crs);
    }

    fn finish(&mut self, end: LineEnd) -> Line {
        // A CR at a gap or at the end is half of a line end.
        let half = end == LineEnd::Missing && self.ends_with_cr;
        let line_end_crs = u64::from(end == LineEnd::Crlf || half);
        let reader = std::mem::take(self);
        let len = reader.len.saturating_sub(line_end_crs);
        let mut bytes = reader.kept;
        bytes.truncate(usize::try_from(len).unwrap_or(MAX_LINE).min(MAX_LINE));
        let bare_cr = reader.crs > line_end_crs && end != LineEnd::Missing;
        Line { bytes, len, start: reader.start, at: reader.at, end, bare_cr }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Timestamp;

    fn at(ns: i64) -> Moment {
        Moment { ts: Timestamp(ns), frame: 1 }
    }

    #[test]
    fn a_line_may_come_byte_by_byte_and_has_the_latest_instant_of_them() {
        let mut reader = LineReader::default();
        for (i, b) in b"QUIT\r".iter().enumerate() {
            assert!(reader.read(&[*b], 40 + i as u64, at(9 - i as i64)).1.is_none());
        }
        let (taken, line) = reader.read(b"\nNOOP", 45, at(3));
        let line = line.unwrap();
        assert_eq!((taken, &line.bytes[..], line.start, line.len), (1, &b"QUIT"[..], 40, 4));
        assert_eq!((line.at, line.end, line.bare_cr), (at(9), LineEnd::Crlf, false));
    }

    #[test]
    fn bare_newlines_are_told_apart() {
        let read = |bytes: &[u8]| {
            let line = LineReader::default().read(bytes, 0, at(0)).1.unwrap();
            (line.bytes.to_vec(), line.end, line.bare_cr)
        };
        assert_eq!(read(b"A\n"), (b"A".to_vec(), LineEnd::BareLf, false));
        assert_eq!(read(b"A\rB\r\n"), (b"A\rB".to_vec(), LineEnd::Crlf, true));
        assert_eq!(read(b"A\r\r\n"), (b"A\r".to_vec(), LineEnd::Crlf, true));
        assert_eq!(read(b"\n"), (b"".to_vec(), LineEnd::BareLf, false));
    }

    #[test]
    fn an_overlong_line_is_cut_and_counted() {
        let mut reader = LineReader::default();
        let text = vec![b'x'; MAX_LINE];
        reader.read(&text, 0, at(0));
        reader.read(&text, text.len() as u64, at(0));
        let line = reader.read(b"\r\n", 2 * text.len() as u64, at(0)).1.unwrap();
        assert_eq!((line.bytes.len(), line.len), (MAX_LINE, 2 * MAX_LINE as u64));
        assert!(line.is_cut());
    }

    #[test]
    fn the_longest_line_is_not_cut() {
        let mut text = vec![b'x'; MAX_LINE];
        text.extend(b"\r\n");
        let line = LineReader::default().read(&text, 0, at(0)).1.unwrap();
        assert_eq!((line.bytes.len(), line.is_cut()), (MAX_LINE, false));
    }
}
