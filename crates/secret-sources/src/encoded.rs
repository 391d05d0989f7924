//! Sessions that are written as text: hexadecimal digits in the caches of Postfix, base64 in PEM files
//! and between the processes of Postfix, `Master-Key:` lines of OpenSSL.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use crate::session::{self, LONGEST};

/// [`session::NEEDLE`] in hexadecimal digits: without letters, and so in either case.
pub(crate) const HEX_NEEDLE: &[u8] = b"020101020203";

/// The end of [`session::NEEDLE`] in base64 where the length of the session has two bytes, and where
/// it has one. Characters before the needle's group: 8, and 4.
pub(crate) const BASE64_NEEDLES: [(&[u8], usize); 2] = [(b"AQICAw", 8), (b"AgEBAgID", 4)];

/// The label of a line.
pub(crate) const TEXT_NEEDLE: &[u8] = b"Master-Key:";

/// A secret that was decoded.
pub(crate) struct Decoded {
    pub(crate) secret: Zeroizing<Vec<u8>>,
    /// Where its first character stands, counted from the needle.
    pub(crate) at: usize,
    pub(crate) is_resumption: bool,
}

/// The secret of a session whose needle begins here in digits.
pub(crate) fn hex_session(text: &[u8]) -> Option<Decoded> {
    let decoded = digits(text, LONGEST);
    let found = session::secret(&decoded)?;
    Some(Decoded {
        secret: Zeroizing::new(decoded[found.at.clone()].to_vec()),
        at: 2 * found.at.start,
        is_resumption: found.is_resumption,
    })
}

/// The secret of a session whose base64 begins here. Lines may be broken anywhere.
pub(crate) fn base64_session(text: &[u8]) -> Option<Decoded> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    // Whole groups that hold the header of the session and what is read of it.
    let most = (LONGEST + 4).div_ceil(3) * 4;
    let run = text.iter().take_while(|byte| is_letter(byte) || is_break(byte));
    let letters = run.filter(|byte| is_letter(byte)).copied().take(most);
    let mut group: Zeroizing<Vec<u8>> = Zeroizing::new(letters.collect());
    let whole = group.len() / 4 * 4;
    group.truncate(whole);
    let decoded = Zeroizing::new(STANDARD.decode_to_vec(&*group).ok()?);
    let start = if decoded.get(1) == Some(&0x82) { 4 } else { 3 };
    let found = session::secret(decoded.get(start..)?)?;
    let from = start + found.at.start;
    Some(Decoded {
        secret: Zeroizing::new(decoded[from..start + found.at.end].to_vec()),
        at: from / 3 * 4,
        is_resumption: found.is_resumption,
    })
}

/// The secret of a line whose label begins here.
pub(crate) fn text_line(text: &[u8]) -> Option<Decoded> {
    let rest = text.strip_prefix(TEXT_NEEDLE)?;
    let blanks = rest.iter().take_while(|&&byte| byte == b' ').count();
    let secret = digits(rest.get(blanks..)?, session::MASTER);
    let at = TEXT_NEEDLE.len() + blanks;
    (secret.len() == session::MASTER).then_some(Decoded { secret, at, is_resumption: false })
}

/// The bytes that hexadecimal digits spell, as far as there are pairs of them, and `most` at most.
fn digits(text: &[u8], most: usize) -> Zeroizing<Vec<u8>> {
    let value = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks_exact(2).take(most);
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    bytes.extend(pairs.map_while(|pair| Some((value(pair[0])? << 4) | value(pair[1])?)));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::made;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn digits_of_a_session_are_read() {
        let text = hex(&made(3, &[1; 32], &[0xab; 48]));
        let found = hex_session(&text.as_bytes()[8..]).unwrap();
        assert_eq!(*found.secret, [0xab; 48]);
        assert!(text[8 + found.at..].starts_with(&"AB".repeat(48)));
    }

    #[test]
    fn base64_of_a_session_is_read_over_line_breaks() {
        let text = STANDARD.encode_to_string(made(3, &[1; 32], &[0xab; 48]));
        let lines: Vec<_> = text.as_bytes().chunks(64).collect();
        let broken = lines.join(&b"\n"[..]);
        for text in [text.as_bytes(), &broken] {
            assert_eq!(*base64_session(text).unwrap().secret, [0xab; 48]);
        }
        let (needle, before) = BASE64_NEEDLES[0];
        assert_eq!(text.find(std::str::from_utf8(needle).unwrap()), Some(before));
    }

    #[test]
    fn a_line_that_is_cut_has_no_secret() {
        let line = format!("Master-Key: {}", "1F".repeat(48));
        assert_eq!(*text_line(line.as_bytes()).unwrap().secret, [0x1f; 48]);
        assert!(text_line(&line.as_bytes()[..line.len() - 2]).is_none());
    }
}
