//! The clothes that names and addresses come in besides their own: percent-encoded (RFC 3986 §2.1), in
//! wide letters (U+FF00 to U+FFEF), in quotes (RFC 5321 §4.1.2) and as encoded words (RFC 2047).

/// How far the wide forms stand behind those of ASCII, and which they are.
const WIDE: std::ops::RangeInclusive<char> = '\u{ff01}'..='\u{ff5e}';
const WIDE_OFFSET: u32 = 0xFEE0;

/// The text with its percent-encoded bytes decoded; none if it has none, or is no text then.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut is_decoded = false;
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| first == b'%');
        let byte = digits.and_then(|digits| str::from_utf8(digits).ok());
        let byte = byte.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                is_decoded = true;
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|_| is_decoded)
}

/// What may stand in a query as it is stays, all else is encoded.
pub(super) fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~=&".contains(&byte) => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// Wide letters, digits, points and signs as those of ASCII; none if there are none.
pub(super) fn narrow(text: &str) -> Option<String> {
    let narrowed = |c: char| match c {
        c if WIDE.contains(&c) => char::from_u32(u32::from(c) - WIDE_OFFSET).unwrap_or(c),
        '\u{fe6b}' => '@',
        // The points between labels (RFC 3490 §3.1).
        '\u{3002}' | '\u{ff61}' | '\u{fe52}' => '.',
        c => c,
    };
    let narrow: String = text.chars().map(narrowed).collect();
    (narrow != text).then_some(narrow)
}

/// A quoted local part that the text begins with, without its quotes, and what stands behind it from
/// the `@` on.
pub(super) fn quoted_local(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    loop {
        match chars.next()? {
            (_, '\\') => local.push(chars.next()?.1),
            (at, '"') => {
                // The quote ahead, and this one.
                let behind = text.get(at + 2..)?;
                return behind.starts_with('@').then_some((local, behind));
            }
            (_, c) if c.is_control() => return None,
            (_, c) => local.push(c),
        }
    }
}

/// Encoded words that the text begins with, one behind the other, and what stands behind them.
pub(super) fn encoded_words(text: &str) -> Option<(&str, &str)> {
    let mut end = 0;
    loop {
        let rest = text.get(end..)?;
        let blanks = rest.len() - rest.trim_start().len();
        match encoded_word(&rest[blanks..]) {
            Some(len) if end == 0 || blanks > 0 => end += blanks + len,
            _ => break,
        }
    }
    (end > 0).then(|| text.split_at(end))
}

/// How long the encoded word is that the text begins with: `=?charset?encoding?text?=`.
fn encoded_word(text: &str) -> Option<usize> {
    let mut parts = text.strip_prefix("=?")?.splitn(4, '?');
    let [charset, encoding, encoded, rest] =
        [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_one = !charset.is_empty()
        && matches!(encoding, "q" | "Q" | "b" | "B")
        && rest.starts_with('=')
        && !encoded.contains(char::is_whitespace);
    is_one.then_some(text.len() - rest.len() + 1)
}
