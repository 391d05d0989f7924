//! What every value in a template passes (`askama.toml`): nothing off the wire is markup, and
//! nothing in it is invisible.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

use crate::render::term;

/// Escapes for HTML what [`term::escaped`] has made visible: control characters would vanish in a
/// browser, and bidirectional overrides reorder what stands beside them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: Write>(&self, dest: W, string: &str) -> fmt::Result {
        Html.write_escaped_str(dest, &term::escaped(string))
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    #[derive(Template)]
    #[template(
        source = "<a title=\"{{ text }}\">{{ text }}</a>{{ char }}{{ number }}",
        ext = "html"
    )]
    struct Any<'a> {
        text: &'a str,
        char: char,
        number: u64,
    }

    #[test]
    fn markup_is_text_and_control_characters_are_visible() {
        let any = Any { text: "<i> \"'&\u{202e}\u{1b}\0\n", char: '<', number: 7 };
        let shown = "&#60;i&#62; &#34;&#39;&#38;\\u{202e}\\x1b\\x00\\n";
        assert_eq!(any.to_string(), format!("<a title=\"{shown}\">{shown}</a>&#60;7"));
    }
}
