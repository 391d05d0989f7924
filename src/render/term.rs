//! Text off the wire is made harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with everything written out that a terminal would obey or hide: control characters,
/// bidirectional overrides, characters without width, tags, and what is no character in XML. The two
/// selectors between text and emoji (U+FE0E, U+FE0F) hide nothing and stay.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    // Nearly everything is, and this is many characters at a time.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(&mut safe, c));
    Cow::Owned(safe)
}

fn push(safe: &mut String, c: char) {
    match c {
        '\t' => safe.push_str("\\t"),
        '\r' => safe.push_str("\\r"),
        '\n' => safe.push_str("\\n"),
        c if !is_harmful(c) => safe.push(c),
        c if c.is_ascii() => _ = write!(safe, "\\x{:02x}", u32::from(c)),
        c => _ = write!(safe, "\\u{{{:x}}}", u32::from(c)),
    }
}

/// Whether a terminal would obey or hide the character.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0D}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}'..='\u{FFFF}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_gets_through() {
        assert_eq!(escaped("EHLO \u{1b}[2Jx\u{7f}"), "EHLO \\x1b[2Jx\\x7f");
        assert_eq!(escaped("a\u{202e}b\u{9b}31m"), "a\\u{202e}b\\u{9b}31m");
        assert_eq!(escaped("250-Grüße, 你好"), "250-Grüße, 你好");
        assert_eq!(escaped("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(escaped("x\u{3164}y\u{e0101}"), "x\\u{3164}y\\u{e0101}");
    }
}
