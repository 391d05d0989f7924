//! Content transfer encodings undone as the bytes pass by (RFC 2045 §6).

use memchr::memchr;

use crate::base64;

/// Undoes the encoding of one part.
#[derive(Debug, Default)]
pub(super) enum Decoder {
    /// 7bit, 8bit, binary, and what is not known.
    #[default]
    Identity,
    Base64(Base64),
    QuotedPrintable(Escape),
}

/// The group under way.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    digits: [u8; 4],
    count: usize,
    /// What was decoded last: its room is used again.
    decoded: Vec<u8>,
}

/// Where in an escape the next byte stands.
#[derive(Debug, Default)]
pub(super) enum Escape {
    #[default]
    None,
    Equals,
    EqualsCr,
    Digit(u8),
}

impl Decoder {
    /// The decoder of a Content-Transfer-Encoding.
    pub(super) fn new(encoding: Option<&str>) -> Self {
        match encoding.map(|e| e.trim().to_ascii_lowercase()).as_deref() {
            Some("base64") => Self::Base64(Base64::default()),
            Some("quoted-printable") => Self::QuotedPrintable(Escape::None),
            _ => Self::Identity,
        }
    }

    /// Takes the next bytes, and gives the decoded ones.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Identity => out(bytes),
            Self::Base64(group) => out(group.decode(bytes)),
            Self::QuotedPrintable(escape) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    rest = next_quoted(rest, escape, out);
                }
            }
        }
    }

    /// Gives what is left at the end of the part.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        match self {
            Self::QuotedPrintable(escape) => {
                let mut decoded = Vec::new();
                unescaped(std::mem::take(escape), &mut decoded);
                out(&decoded);
            }
            Self::Base64(group) => out(group.end()),
            Self::Identity => {}
        }
    }
}

impl Base64 {
    fn decode(&mut self, bytes: &[u8]) -> &[u8] {
        self.decoded.clear();
        self.decoded.reserve(bytes.len());
        let mut rest = bytes;
        while !rest.is_empty() {
            let len = memchr(b'\n', rest).map_or(rest.len(), |end| end.saturating_add(1));
            let (line, later) = rest.split_at(len);
            self.line(line);
            rest = later;
        }
        &self.decoded
    }

    /// Most of a mail is lines of whole groups: they are decoded at once.
    fn line(&mut self, mut line: &[u8]) {
        while self.count > 0
            && let Some((&byte, rest)) = line.split_first()
        {
            self.take(byte);
            line = rest;
        }
        let groups = line.trim_ascii_end().as_chunks::<4>().0.as_flattened();
        if base64::decode_groups(groups, &mut self.decoded) {
            line = line.get(groups.len()..).unwrap_or_default();
        }
        line.iter().for_each(|&byte| self.take(byte));
    }

    /// §6.8: whatever is no digit is skipped; padding ends a group.
    fn take(&mut self, byte: u8) {
        if byte == b'=' {
            return self.end_group();
        }
        let Some(place) = self.digits.get_mut(self.count).filter(|_| base64::is_digit(byte)) else {
            return;
        };
        *place = byte;
        self.count = self.count.saturating_add(1);
        if self.count == self.digits.len() {
            self.end_group();
        }
    }

    fn end_group(&mut self) {
        let digits = self.digits.get(..self.count).unwrap_or_default();
        base64::decode_group(digits, &mut self.decoded);
        self.count = 0;
    }

    /// The bytes of a group that is not full.
    fn end(&mut self) -> &[u8] {
        self.decoded.clear();
        self.end_group();
        &self.decoded
    }
}

/// Decodes up to the end of the next run or escape, and gives what is behind it. Runs without an
/// escape are handed on as they are.
fn next_quoted<'b>(bytes: &'b [u8], escape: &mut Escape, out: &mut dyn FnMut(&[u8])) -> &'b [u8] {
    let run = bytes.iter().take_while(|&&byte| byte != b'=').count();
    if matches!(escape, Escape::None) && run > 0 {
        let (run, rest) = bytes.split_at(run);
        out(run);
        return rest;
    }
    let Some((&byte, rest)) = bytes.split_first() else { return &[] };
    let mut decoded = Vec::new();
    quoted(byte, escape, &mut decoded);
    out(&decoded);
    rest
}

/// §6.7. What looks like an escape and is none stays as it is.
fn quoted(byte: u8, escape: &mut Escape, out: &mut Vec<u8>) {
    let was = std::mem::take(escape);
    match (was, byte) {
        (Escape::None, b'=') => *escape = Escape::Equals,
        (Escape::None, byte) => out.push(byte),
        // A soft line break.
        (Escape::Equals | Escape::EqualsCr, b'\n') => {}
        (Escape::Equals, b'\r') => *escape = Escape::EqualsCr,
        (Escape::Equals, digit) if digit.is_ascii_hexdigit() => *escape = Escape::Digit(digit),
        (Escape::Digit(high), low) if low.is_ascii_hexdigit() => out.push(octet(high, low)),
        (was, byte) => {
            unescaped(was, out);
            quoted(byte, escape, out);
        }
    }
}

fn unescaped(escape: Escape, out: &mut Vec<u8>) {
    match escape {
        Escape::None => {}
        Escape::Equals => out.push(b'='),
        Escape::EqualsCr => out.extend(b"=\r"),
        Escape::Digit(digit) => out.extend([b'=', digit]),
    }
}

fn octet(high: u8, low: u8) -> u8 {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0);
    u8::try_from(value(high) << 4 | value(low)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: &str, text: &str, cut: usize) -> Vec<u8> {
        let mut decoder = Decoder::new(Some(encoding));
        let mut decoded = Vec::new();
        let mut out = |bytes: &[u8]| decoded.extend_from_slice(bytes);
        text.as_bytes().chunks(cut).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        decoded
    }

    #[test]
    fn base64_is_decoded_however_it_is_cut() {
        // RFC 4648 §10, and lines as in a mail.
        for (text, plain) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v\r\nYmFy\r\n", "foobar"),
            ("Zm9vYg", "foob"),
            ("Zg==Zm8=", "ffo"),
            ("Z-m9v\0Ym Fy", "foobar"),
            ("Zm9vY=Zm9v", "foofoo"),
        ] {
            for cut in 1..9 {
                assert_eq!(decode("BASE64 ", text, cut), plain.as_bytes(), "{text:?} {cut}");
            }
        }
    }

    #[test]
    fn base64_is_decoded_however_long_its_lines_are() {
        for groups in [1, 19, 20, 59] {
            let lines = format!("{}\r\n", "Zm9v".repeat(groups)).repeat(3);
            let plain = "foo".repeat(3 * groups);
            for cut in [1, 5, 80, lines.len()] {
                assert_eq!(decode("base64", &lines, cut), plain.as_bytes(), "{groups} {cut}");
            }
        }
    }

    #[test]
    fn quoted_printable_is_decoded_however_it_is_cut() {
        for (text, plain) in [
            ("a=3Db=\r\nc=\nd", "a=bcd"),
            ("=e4=E4", "\u{e4}\u{e4}"),
            ("a=", "a="),
            ("a=ZZ=4", "a=ZZ=4"),
            ("==3D=\rx", "===\rx"),
        ] {
            let plain: Vec<u8> = plain.chars().map(|c| c as u8).collect();
            for cut in 1..9 {
                assert_eq!(decode("quoted-printable", text, cut), plain, "{text:?} {cut}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_left_alone() {
        assert_eq!(decode("x-uuencode", "Zg==", 2), b"Zg==");
    }
}
