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
        let length = self.body.iter().map(|(_, line)| line.len()).sum::<usize>();
        let mut base64 = Base64::with_capacity(length);
        for (number, line) in &self.body {
            let column = line.iter().position(|&byte| !base64.push(byte));
            if let Some(column) = column.and_then(|i| u32::try_from(i).ok()) {
                return Err(not_base64(*number, Some(column.saturating_add(1))));
            }
        }
        base64.finish().ok_or_else(|| not_base64(self.line, None))
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

/// A base64 decoder (RFC 4648 §4) that skips white space and wants its padding.
struct Base64 {
    bytes: Zeroizing<Vec<u8>>,
    /// The bits of the group at hand.
    group: Zeroizing<u32>,
    /// Characters taken, padding included.
    taken: usize,
    padding: usize,
}

impl Base64 {
    /// Never grows while it decodes `characters`: growth would leave copies of key bytes behind.
    fn with_capacity(characters: usize) -> Self {
        let bytes = Zeroizing::new(Vec::with_capacity(characters / 4 * 3 + 3));
        Self { bytes, group: Zeroizing::new(0), taken: 0, padding: 0 }
    }

    /// Takes one character; false if it has no place here.
    fn push(&mut self, character: u8) -> bool {
        if character.is_ascii_whitespace() {
            return true;
        }
        let Some(value) = self.value(character) else { return false };
        *self.group = (*self.group << 6) | value;
        self.taken += 1;
        if self.taken.is_multiple_of(4) {
            let [_, bytes @ ..] = self.group.to_be_bytes();
            self.bytes.extend_from_slice(&bytes[..3 - self.padding]);
            *self.group = 0;
        }
        true
    }

    /// Padding can only be the third and fourth character of the last group.
    fn value(&mut self, character: u8) -> Option<u32> {
        if character == b'=' && self.taken % 4 >= 2 {
            self.padding += 1;
            return Some(0);
        }
        if self.padding > 0 {
            return None;
        }
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(value.into())
    }

    fn finish(self) -> Option<Zeroizing<Vec<u8>>> {
        self.taken.is_multiple_of(4).then_some(self.bytes)
    }
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
        for (body, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v\nYg==", "foob")] {
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
