//! One line of a key list, split into rows and fields.
//!
//! Unquoted fields end at a comma and are trimmed; quoted ones carry the escapes of Wireshark's UAT
//! files (`uat_unesc`), without its bug that `\"` and `\\` cost the last byte (peers.md §2.3).

use zeroize::Zeroizing;

use super::problem::Problem;

/// In the preference string everything after the fourth comma is the password, commas included
/// (`WS:packet-tls.c:385-417`).
const PASSWORD_FIELD: usize = 4;

/// The field that completes a row: only after it can a ` #` begin a comment, so that an address or
/// a port never loses its end, and a path may have a `#` inside a word.
const PATH_FIELD: usize = 3;

/// One field; it may be a password.
pub(super) struct Field {
    /// The bytes meant, unescaped.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    /// Byte offset in the line.
    pub(super) at: usize,
}

/// What is wrong, at a byte offset in the line.
pub(super) struct FieldFault {
    pub(super) at: usize,
    pub(super) problem: Problem,
}

/// The rows of a line, each a list of fields; the line ends at the first fault.
pub(super) struct Rows<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `line` from byte `at` on.
    pub(super) fn new(line: &'a [u8], at: usize) -> Self {
        Self { line, at }
    }

    fn row(&mut self) -> Result<Vec<Field>, FieldFault> {
        let mut fields = Vec::new();
        loop {
            self.skip(is_blank);
            fields.push(self.field(fields.len())?);
            if self.peek() != Some(b',') {
                return Ok(fields);
            }
            self.at += 1;
        }
    }

    fn field(&mut self, index: usize) -> Result<Field, FieldFault> {
        if self.peek() == Some(b'"') { self.quoted() } else { Ok(self.unquoted(index)) }
    }

    fn unquoted(&mut self, index: usize) -> Field {
        let at = self.at;
        let ends = |i: usize| match self.line[i] {
            b';' => true,
            b',' => index < PASSWORD_FIELD,
            b'#' => {
                i > 0
                    && is_blank(self.line[i - 1])
                    && (index > PATH_FIELD || (index == PATH_FIELD && i > at))
            }
            _ => false,
        };
        let end = (at..self.line.len()).find(|&i| ends(i)).unwrap_or(self.line.len());
        self.at = end;
        Field { bytes: Zeroizing::new(self.line[at..end].trim_ascii().to_vec()), quoted: false, at }
    }

    fn quoted(&mut self) -> Result<Field, FieldFault> {
        let at = self.at;
        self.at += 1;
        let unclosed = FieldFault { at, problem: Problem::UnclosedQuote };
        let bytes = self.until_quote().ok_or(unclosed)?;
        self.skip(is_blank);
        match self.peek() {
            None | Some(b',' | b';' | b'#') => Ok(Field { bytes, quoted: true, at }),
            Some(_) => Err(FieldFault { at: self.at, problem: Problem::TextAfterQuote }),
        }
    }

    fn until_quote(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        // Room for all that can come: a vector that grows leaves copies of a password behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.line.len() - self.at));
        loop {
            match self.bump()? {
                b'"' => return Some(bytes),
                b'\\' => bytes.push(self.escape()?),
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Option<u8> {
        Some(match self.bump()? {
            b'a' => 0x07,
            b'b' => 0x08,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'x' => self.hex_pair().unwrap_or(b'x'),
            digit @ b'0'..=b'7' => self.octal(digit),
            other => other,
        })
    }

    /// Exactly two hexadecimal digits, or the `x` is just an `x`.
    fn hex_pair(&mut self) -> Option<u8> {
        let byte = hex_byte(self.line.get(self.at..self.at + 2)?)?;
        self.at += 2;
        Some(byte)
    }

    /// Up to two more octal digits; 255 is the most.
    fn octal(&mut self, first: u8) -> u8 {
        let mut value = u16::from(first - b'0');
        for _ in 0..2 {
            let Some(digit @ b'0'..=b'7') = self.peek() else { break };
            value = value * 8 + u16::from(digit - b'0');
            self.at += 1;
        }
        u8::try_from(value).unwrap_or(u8::MAX)
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.at += 1;
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Vec<Field>, FieldFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip(|b| is_blank(b) || b == b';');
        if matches!(self.peek(), None | Some(b'#')) {
            return None;
        }
        let row = self.row();
        if row.is_err() {
            self.at = self.line.len();
        }
        Some(row)
    }
}

/// The text that an unquoted field of a UAT row spells in hexadecimal, if it does spell text.
pub(super) fn hex_text(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in digits.chunks_exact(2) {
        bytes.push(hex_byte(pair)?);
    }
    let text = std::str::from_utf8(&bytes).ok()?;
    (!text.contains(char::is_control)).then_some(bytes)
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    let [high, low] = pair else { return None };
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(line: &str) -> Vec<Vec<String>> {
        let text = |field: &Field| String::from_utf8_lossy(&field.bytes).into_owned();
        let fields = |row: Result<Vec<Field>, FieldFault>| match row {
            Ok(fields) => fields.iter().map(text).collect(),
            Err(fault) => vec![format!("{}: {}", fault.at, fault.problem)],
        };
        Rows::new(line.as_bytes(), 0).map(fields).collect()
    }

    fn quote(bytes: &[u8]) -> Vec<u8> {
        let escape = |byte: &u8| match byte {
            b'"' | b'\\' => vec![b'\\', *byte],
            0x20..=0x7e => vec![*byte],
            byte => format!("\\x{byte:02x}").into_bytes(),
        };
        let body: Vec<u8> = bytes.iter().flat_map(escape).collect();
        [b"\"", &body[..], b"\""].concat()
    }

    #[test]
    fn plain_fields_are_trimmed_and_the_fifth_keeps_its_commas() {
        assert_eq!(
            rows(" 10.0.0.1 ,\t587, smtp , /a b.key , p,w "),
            [["10.0.0.1", "587", "smtp", "/a b.key", "p,w"]]
        );
    }

    #[test]
    fn semicolons_part_rows_and_empty_rows_are_nothing() {
        assert_eq!(rows("a,1,x,p;b,2,y,q;;"), [["a", "1", "x", "p"], ["b", "2", "y", "q"]]);
        assert!(rows("").is_empty() && rows(" ; \t;").is_empty());
    }

    #[test]
    fn a_hash_is_a_comment_only_at_the_start_or_after_a_complete_row() {
        assert!(rows("  # a,1,x,p").is_empty());
        assert_eq!(rows("a,1,x,k#1.key # note; more"), [["a", "1", "x", "k#1.key"]]);
        assert_eq!(rows("a,1,x,p, # note"), [["a", "1", "x", "p", ""]]);
        assert_eq!(rows("\"a\",\"1\",\"x\",\"p #1\" # note"), [["a", "1", "x", "p #1"]]);
        assert_eq!(rows("a #b,1,x,p"), [["a #b", "1", "x", "p"]]);
    }

    #[test]
    fn every_escape_of_wireshark_is_understood() {
        assert_eq!(rows(r#""\a\b\e\f\n\r\t\v""#), [["\x07\x08\x1b\x0c\n\r\t\x0b"]]);
        assert_eq!(rows(r#""\101\7z\x41\xzz\"\\\q""#), [["A\x07zAxzz\"\\q"]]);
        assert_eq!(rows(r#""\1012""#), [["A2"]], "an octal escape is three digits at most");
        let capped: Vec<_> = Rows::new(br#""\777""#, 0).flatten().flatten().collect();
        assert_eq!(capped[0].bytes.as_slice(), [255]);
    }

    #[test]
    fn faults_of_quotes_are_located() {
        assert_eq!(
            rows(r#""a","b"#),
            [["4: the quote that opens here is not closed on this line"]]
        );
        assert_eq!(rows(r#""a\"#), [["0: the quote that opens here is not closed on this line"]]);
        assert_eq!(rows(r#""a" b,1"#), [["4: text after the closing quote"]]);
    }

    #[test]
    fn hexadecimal_that_spells_text_is_text() {
        assert_eq!(hex_text(b"2f746d70").unwrap().as_slice(), b"/tmp");
        for other in ["", "587", "0587", "cafe", "any"] {
            assert!(hex_text(other.as_bytes()).is_none(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_splitter_panic(line in any::<Vec<u8>>(), at in 0_usize..9) {
            let _ = Rows::new(&line, at).count();
        }

        #[test]
        fn lines_of_delicate_bytes_do_not_panic(line in "[\"\\\\,;# x0-9a-f]{0,40}") {
            let _ = Rows::new(line.as_bytes(), 0).count();
        }

        #[test]
        fn quoted_fields_round_trip(fields in prop::collection::vec(any::<Vec<u8>>(), 1..7)) {
            let line = fields.iter().map(|f| quote(f)).collect::<Vec<_>>().join(&b" , "[..]);
            let read: Vec<_> = Rows::new(&line, 0).map(|row| row.ok().unwrap()).collect();
            prop_assert_eq!(read.len(), 1);
            let read: Vec<_> = read[0].iter().map(|field| field.bytes.to_vec()).collect();
            prop_assert_eq!(read, fields);
        }
    }
}
