//! PEM as it is found in the wild: text before and after, several blocks, indentation, CRLF, and
//! the headers of RFC 1421 that RFC 7468 forbids but OpenSSL still writes.

use zeroize::Zeroizing;

use super::error::Fault;
use super::problem::Problem;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One `-----BEGIN LABEL-----` ... `-----END LABEL-----`.
pub(super) struct Block<'a> {
    /// What the block says it is.
    pub(super) label: &'a str,
    /// The line of its BEGIN, from 1.
    pub(super) line: u32,
    /// Whether a header says that the contents are encrypted (RFC 1421 §4.6.1.1).
    pub(super) encrypted: bool,
    /// How they are encrypted (RFC 1421 §4.6.1.3): the value of the `DEK-Info` header.
    pub(super) dek_info: Option<&'a str>,
    /// The base64 lines, with their numbers.
    body: Vec<(u32, &'a [u8])>,
}

impl<'a> Block<'a> {
    fn header(&mut self, text: &'a [u8]) {
        self.encrypted |= text.starts_with(b"Proc-Type:") && text.ends_with(b"ENCRYPTED");
        if let Some(value) = text.strip_prefix(b"DEK-Info:") {
            self.dek_info = std::str::from_utf8(value).ok().map(str::trim);
        }
    }

    /// The bytes that the block encodes.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut bytes = self.digits()?;
        let decoded = base64_simd::forgiving_decode_inplace(&mut bytes);
        let len = decoded.map_err(|_| not_base64(self.line, None))?.len();
        bytes.truncate(len);
        Ok(bytes)
    }

    /// The digits with their padding, and without white space. The room never grows: growth would
    /// leave copies of key bytes behind.
    fn digits(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let length = self.body.iter().map(|(_, line)| line.len()).sum();
        let mut digits = Zeroizing::new(Vec::with_capacity(length));
        for &(number, line) in &self.body {
            for (column, &byte) in (1..).zip(line).filter(|(_, byte)| !byte.is_ascii_whitespace()) {
                if !may_follow(&digits, byte) {
                    return Err(not_base64(number, Some(column)));
                }
                digits.push(byte);
            }
        }
        let is_whole = digits.len().is_multiple_of(4);
        if is_whole { Ok(digits) } else { Err(not_base64(self.line, None)) }
    }
}

/// Padding can only be the third and fourth character of the last group (RFC 4648 §4).
fn may_follow(digits: &[u8], byte: u8) -> bool {
    match byte {
        b'=' => digits.len() % 4 >= 2,
        _ => !digits.ends_with(b"=") && base64_simd::STANDARD.charset().contains(&byte),
    }
}

/// The blocks of a text; fails on one that does not end.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Fault> {
    let mut lines = (1..).zip(text.split(|&b| b == b'\n'));
    let mut blocks = Vec::new();
    while let Some((number, line)) = lines.next() {
        if let Some(label) = armor(line, BEGIN) {
            blocks.push(block(label, number, &mut lines)?);
        }
    }
    Ok(blocks)
}

fn block<'a>(
    label: &'a str,
    line: u32,
    lines: &mut impl Iterator<Item = (u32, &'a [u8])>,
) -> Result<Block<'a>, Fault> {
    let mut block = Block { label, line, encrypted: false, dek_info: None, body: Vec::new() };
    for (number, text) in lines {
        if armor(text, END) == Some(label) {
            return Ok(block);
        }
        if text.trim_ascii().starts_with(DASHES.as_bytes()) {
            break;
        }
        // Base64 has no colon: such a line is a header.
        if text.contains(&b':') {
            block.header(text.trim_ascii());
        } else {
            block.body.push((number, text));
        }
    }
    Err(Fault::at_line(line, Problem::Unterminated(label.chars().take(40).collect())))
}

/// The label of an armor line.
fn armor<'a>(line: &'a [u8], start: &str) -> Option<&'a str> {
    let line = std::str::from_utf8(line.trim_ascii()).ok()?;
    let label = line.strip_prefix(start)?.strip_suffix(DASHES)?;
    label.chars().all(|c| c.is_ascii_graphic() || c == ' ').then_some(label)
}

fn not_base64(line: u32, column: Option<u32>) -> Fault {
    Fault { line: Some(line), column, problem: Problem::Base64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, String> {
        let place = |f: Fault| format!("{:?}:{:?} {}", f.line, f.column, f.problem);
        let blocks = blocks(text.as_bytes()).map_err(place)?;
        blocks[0].decode().map(|bytes| bytes.to_vec()).map_err(place)
    }

    fn armored(body: &str) -> String {
        format!("-----BEGIN X-----\n{body}\n-----END X-----\n")
    }

    #[test]
    fn blocks_are_found_between_other_text_with_their_lines() {
        let text = "Bag Attributes: x\r\n  -----BEGIN A B-----\r\nZm9v\r\n\r\nYmFy\r\n-----END A B-----\r\nnoise\n-----BEGIN C-----\n-----END C-----";
        let blocks = blocks(text.as_bytes()).ok().unwrap();
        let heads: Vec<_> = blocks.iter().map(|b| (b.label, b.line, b.encrypted)).collect();
        assert_eq!(heads, [("A B", 2, false), ("C", 8, false)]);
        assert_eq!(blocks[0].decode().ok().unwrap().as_slice(), b"foobar");
    }

    #[test]
    fn headers_are_skipped_and_encryption_is_seen() {
        let text = armored("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nZm9v");
        let blocks = blocks(text.as_bytes()).ok().unwrap();
        assert!(blocks[0].encrypted);
        assert_eq!(blocks[0].decode().ok().unwrap().as_slice(), b"foo");
    }

    #[test]
    fn base64_is_decoded_with_its_padding() {
        for (body, bytes) in
            [("", ""), ("Zg==", "f"), ("Zh==", "f"), ("Zm8=", "fo"), ("Zm9v\nYg==", "foob")]
        {
            assert_eq!(decoded(&armored(body)), Ok(bytes.as_bytes().to_vec()), "{body}");
        }
    }

    #[test]
    fn what_is_not_base64_is_located() {
        for (body, place) in [
            ("Zm9v\nZm!v", "Some(3):Some(3)"),
            ("Zg==Zm9v", "Some(2):Some(5)"),
            ("Z===", "Some(2):Some(2)"),
            ("Zm9vZ", "Some(1):None"),
        ] {
            assert_eq!(decoded(&armored(body)), Err(format!("{place} not base64")), "{body}");
        }
    }

    #[test]
    fn a_block_without_its_end_is_a_fault_at_its_beginning() {
        for text in
            ["\n-----BEGIN A-----\nZm9v\n", "\n-----BEGIN A-----\n-----END B-----\n-----END A-----"]
        {
            let expected =
                "Some(2):None the PEM block `A` that begins here has no END line of its own";
            assert_eq!(decoded(text), Err(expected.into()));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(body in any::<Vec<u8>>()) {
            let text = [b"-----BEGIN X-----\n", &body[..], b"\n-----END X-----"].concat();
            let _ = blocks(&body);
            for block in blocks(&text).into_iter().flatten() {
                let _ = block.decode();
            }
        }

        #[test]
        fn no_base64_makes_the_decoder_panic(body in "[A-Za-z0-9+/=\n ]{0,200}") {
            let _ = decoded(&armored(&body));
        }
    }
}
