//! JSON that shows what it holds: inside strings everything that a terminal would obey or hide is an
//! escape (RFC 8259, section 7). Whoever parses it reads the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::term;

/// Writes a value on one line.
pub(super) fn compact(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, Visible(CompactFormatter)))?)
}

/// Writes a value indented.
pub(super) fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = Visible(PrettyFormatter::new());
    Ok(value.serialize(&mut Serializer::with_formatter(out, formatter))?)
}

/// The other formatter, but for strings.
struct Visible<F>(F);

macro_rules! as_the_other {
    ($($name:ident($($argument:ident: $kind:ty)?)),* $(,)?) => {
        $(fn $name<W: ?Sized + Write>(&mut self, out: &mut W $(, $argument: $kind)?) -> io::Result<()> {
            self.0.$name(out $(, $argument)?)
        })*
    };
}

impl<F: Formatter> Formatter for Visible<F> {
    as_the_other! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), end_object_key(),
        begin_object_value(), end_object_value(),
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((place, harmful)) = rest.char_indices().find(|(_, c)| term::is_harmful(*c)) {
            let (plain, found) = rest.split_at(place);
            out.write_all(plain.as_bytes())?;
            for unit in harmful.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &found[harmful.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        compact(&[text], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_an_escape() {
        assert_eq!(
            written("a\u{9b}31m\u{202e}b\u{7f}\u{e0041}"),
            r#"["a\u009b31m\u202eb\u007f\udb40\udc41"]"#
        );
        assert_eq!(written("Grüße, 你好 \"\n"), r#"["Grüße, 你好 \"\n"]"#);
    }

    #[test]
    fn documents_are_laid_out_as_serde_json_does() {
        let value = serde_json::json!({"a": [1, {"b": null}], "c": {}, "d": [], "e": "x"});
        let mut out = Vec::new();
        pretty(&value, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string_pretty(&value).unwrap());
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text: String) {
            let written = written(&text);
            prop_assert!(!written.chars().any(term::is_harmful));
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(&written).unwrap(), [text]);
        }
    }
}
