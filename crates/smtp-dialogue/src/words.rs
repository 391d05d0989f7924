//! Encoded words (RFC 2047), read as mailers write them: padding of base64 may be missing, a
//! character may be cut between two words, and a text may have spaces and `?`. The charsets are
//! `mail-parser`'s.

use std::borrow::Cow;
use std::fmt::Write as _;

use mail_parser::decoders::charsets::map::charset_decoder;

use super::base64;

/// The text with its encoded words decoded; what cannot be is left as it is.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    replaced(text, |plain| plain)
}

/// The header with its encoded words written anew by the letter of RFC 2047, so that a strict
/// parser of structured fields reads them all.
pub(super) fn normalized(header: &[u8]) -> Cow<'_, [u8]> {
    let Ok(text) = std::str::from_utf8(header) else { return Cow::Borrowed(header) };
    match replaced(text, |plain| encoded(&plain)) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn encoded(plain: &str) -> String {
    let mut word = String::from("=?utf-8?Q?");
    for byte in plain.bytes() {
        // Writing to a string does not fail.
        let _ = write!(word, "={byte:02X}");
    }
    word + "?="
}

fn replaced(text: &str, mut put: impl FnMut(String) -> String) -> Cow<'_, str> {
    let mut written = String::new();
    let mut rest = text;
    let mut run: Option<Word<'_>> = None;
    while let Some((before, word, behind)) = next_word(rest) {
        // §6.2: white space between two encoded words is not shown.
        if !(run.is_some() && before.trim_ascii().is_empty()) {
            written.extend(run.take().map(|run| put(run.plain())));
            written.push_str(before);
        }
        match &mut run {
            Some(run) if run.charset.eq_ignore_ascii_case(word.charset) => run.append(word),
            _ => written.extend(run.replace(word).map(|run| put(run.plain()))),
        }
        rest = behind;
    }
    let Some(run) = run else {
        return match written.is_empty() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(written + rest),
        };
    };
    written.push_str(&put(run.plain()));
    Cow::Owned(written + rest)
}

/// An encoded word, or several of one charset.
struct Word<'t> {
    charset: &'t str,
    bytes: Vec<u8>,
}

impl Word<'_> {
    /// Bytes are joined before they are read: a character may be cut (against §5, but usual).
    fn append(&mut self, next: Self) {
        self.bytes.extend(next.bytes);
    }

    fn plain(self) -> String {
        match charset_decoder(self.charset.as_bytes()) {
            Some(decode) => decode(&self.bytes),
            None => String::from_utf8_lossy(&self.bytes).into_owned(),
        }
    }
}

/// The first encoded word that can be read, with what stands ahead of it and behind it.
fn next_word(text: &str) -> Option<(&str, Word<'_>, &str)> {
    text.match_indices("=?").find_map(|(start, mark)| {
        let inner = text.get(start..)?.strip_prefix(mark)?;
        let (word, behind) = word(inner)?;
        Some((text.get(..start)?, word, behind))
    })
}

/// `charset?encoding?text?=`.
fn word(inner: &str) -> Option<(Word<'_>, &str)> {
    let (charset, inner) = inner.split_once('?')?;
    let (encoding, inner) = inner.split_once('?')?;
    let (text, behind) = inner.split_once("?=")?;
    // RFC 2231 §5: a language may stand behind the charset.
    let charset = charset.split('*').next().unwrap_or(charset);
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_token(charset) || text.contains(['\r', '\n']) {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => of_base64(text.as_bytes()),
        "q" | "Q" => of_q(text.as_bytes()),
        _ => return None,
    };
    // `mail-parser` has no decoder for UTF-8.
    let is_utf8 = ["utf-8", "utf8"].iter().any(|name| charset.eq_ignore_ascii_case(name));
    let is_known = is_utf8 || charset_decoder(charset.as_bytes()).is_some();
    (is_known || std::str::from_utf8(&bytes).is_ok()).then_some((Word { charset, bytes }, behind))
}

/// Other characters are passed over (RFC 2045 §6.8); padding may be missing.
fn of_base64(text: &[u8]) -> Vec<u8> {
    let digits = text.iter().copied().filter(|&byte| base64::is_digit(byte));
    base64::decode(&digits.collect::<Vec<_>>()).map(|bytes| bytes.to_vec()).unwrap_or_default()
}

/// §4.2; a `=` without two digits behind it stands for itself.
fn of_q(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        let escaped = rest.first_chunk().filter(|_| first == b'=').and_then(octet);
        bytes.push(escaped.unwrap_or(if first == b'_' { b' ' } else { first }));
        text = if escaped.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    bytes
}

fn octet(&[high, low]: &[u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_rfc_2047_are_decoded() {
        // §8, as unstructured text.
        for (encoded, plain) in [
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?=", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
            ("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"),
        ] {
            assert_eq!(decoded(encoded), plain, "{encoded}");
        }
    }

    /// What Python 3's `email.header` makes of each.
    #[test]
    fn words_are_read_as_mailers_write_them() {
        for (encoded, plain) in [
            ("=?utf-8?B?SGVsbG8?=", "Hello"),
            ("=?utf-8?b?SGVsbG8gd29ybGQ?=", "Hello world"),
            ("=?utf-8?B?SGVs bG8=?=", "Hello"),
            ("=?utf-8?Q?abc=?=", "abc="),
            ("=?utf-8?Q?a=3?=", "a=3"),
            ("=?utf-8?Q?=?=", "="),
            ("=?utf-8?q?=c3=a9?=", "é"),
            ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),
            ("=?UTF-8?B?4pw=?=\r\n =?utf-8?B?kw==?=", "✓"),
            ("=?utf-8?B?w6?= =?utf-8?Q?x?=", "\u{fffd}x"),
            ("=?utf-8?Q?two words?=", "two words"),
            ("=?utf-8?Q?why? yes?=", "why? yes"),
            ("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
            ("=?us-ascii*en?Q?a?=", "a"),
            ("=?unknown-8bit?Q?a?=", "a"),
        ] {
            assert_eq!(decoded(encoded), plain, "{encoded}");
        }
    }

    #[test]
    fn other_charsets_and_spaces_around_words_are_kept() {
        assert_eq!(decoded("test =?gb2312?B?suLK1A==?="), "test 测试");
        assert_eq!(decoded("4spaces    =?utf-8?Q?=C3=A9?=     5"), "4spaces    é     5");
        assert_eq!(decoded("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="), "日本");
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        for text in ["", "a =? b", "=?x", "=?utf-8?Z?a?=", "=?", "what=?is?this", "=?a?b?c"] {
            assert_eq!(decoded(text), text);
            assert_eq!(&normalized(text.as_bytes())[..], text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn a_text_is_read_back_however_its_bytes_are_cut(text: String, cut in 1_usize..8) {
            let words = text.as_bytes().chunks(cut).map(|bytes| {
                let octets: String = bytes.iter().map(|byte| format!("={byte:02x}")).collect();
                format!("=?utf-8?Q?{octets}?=")
            });
            let written = words.collect::<Vec<_>>().join(" ");
            prop_assert_eq!(decoded(&written), text.as_str());
            let again = normalized(written.as_bytes());
            prop_assert_eq!(decoded(std::str::from_utf8(&again).unwrap()), text.as_str());
        }

        #[test]
        fn no_text_makes_it_panic(text: String, bytes: Vec<u8>) {
            let _ = decoded(&text);
            let _ = normalized(&bytes);
        }
    }
}
