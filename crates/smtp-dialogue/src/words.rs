//! Encoded words in unstructured fields (RFC 2047). The charsets are `mail-parser`'s; its own
//! reading of a whole field would make one space of several.

use mail_parser::parsers::MessageStream;

/// The text with its encoded words decoded; what cannot be is left as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut behind_word = false;
    while let Some((before, word, behind)) = next_word(rest) {
        // §6.2: white space between two encoded words is not shown.
        if !(behind_word && before.trim_ascii().is_empty()) {
            plain.push_str(before);
        }
        let decoded = decode(word);
        behind_word = decoded.is_some();
        plain.push_str(decoded.as_deref().unwrap_or(word));
        rest = behind;
    }
    plain.push_str(rest);
    plain
}

/// The first `=?charset?encoding?text?=`, with what stands ahead of it and behind it.
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("=?")?;
    let word = text.get(start..)?;
    let mut marks = word.match_indices('?').map(|(at, _)| at).skip(1);
    let (_charset, encoding) = (marks.next()?, marks.next()?);
    // The text has no `?` of its own.
    let end = marks.next().filter(|at| *at > encoding)?.saturating_add(2);
    let (word, behind) = word.split_at_checked(end)?;
    Some((text.get(..start)?, word, behind))
}

fn decode(word: &str) -> Option<String> {
    let inner = word.strip_prefix('=')?;
    MessageStream::new(inner.as_bytes()).decode_rfc2047()
}

#[cfg(test)]
mod tests {
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
        }
    }
}
