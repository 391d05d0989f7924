//! The console form of `tcpflow -c -FT -g`: what each packet completed, behind the name that the
//! flow would have as a file. The bytes are the application's: what was plain, and what was
//! decrypted. Client blue, server red.

use std::io::{self, Write};

use super::flow_name::{Stream, Template};
use super::text::Style;
use super::{Conclusion, Renderer};
use crate::report::{Content, Piece, SessionReport};
use crate::role::Role;

/// `-FT`: the time ahead of the default name. A name that comes again is no trouble here.
const NAME: &str = "%T%A.%a-%B.%b";

/// What `tcpflow -g` writes ahead of a line of the client, and of the server.
const BLUE: &str = "\u{1b}[0;34m";
const RED: &str = "\u{1b}[0;31m";
const RESET: &str = "\u{1b}[0m";

/// Writes the lines.
pub struct Console {
    colors: bool,
}

impl Console {
    /// A console with the colours of `style`.
    #[must_use]
    pub fn new(style: &Style) -> Self {
        Self { colors: style.colors }
    }

    fn piece(&self, name: &str, piece: &Piece, out: &mut dyn Write) -> io::Result<()> {
        let color = match piece.from {
            Role::Client => BLUE,
            Role::Server => RED,
        };
        let (before, after) = if self.colors { (color, RESET) } else { ("", "") };
        write!(out, "{before}{name}: ")?;
        match &piece.content {
            Content::Bytes(bytes) => out.write_all(&printable(bytes))?,
            Content::Body(len) => {
                write!(out, "[message of {len} bytes, masked: --reveal body shows it]")?;
            }
            Content::Gap(len) => write!(out, "[{len} bytes not captured]")?,
        }
        writeln!(out, "{after}")
    }
}

impl Renderer for Console {
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        let Some(transcript) = &session.transcript else { return Ok(()) };
        let Ok(template) = Template::parse(NAME) else { return Ok(()) };
        let name = |from: Role| {
            let (source, destination) = match from {
                Role::Client => (session.client.0, session.server.0),
                Role::Server => (session.server.0, session.client.0),
            };
            let (start, session) = (session.start, session.id);
            template.name(&Stream { source, destination, start, session }, 0)
        };
        let (client, server) = (name(Role::Client), name(Role::Server));
        for piece in transcript.pieces() {
            let name = if piece.from == Role::Client { &client } else { &server };
            self.piece(name, piece, out)?;
        }
        match transcript.omitted() {
            (_, 0) => Ok(()),
            (_, more) => writeln!(out, "{client}: [{more} more bytes were not kept]"),
        }
    }

    fn finish(&mut self, _: Conclusion, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// What `isprint` of the C locale and line ends let through; everything else is a dot. A CR alone
/// would let the text write over itself, and is a dot too.
fn printable(bytes: &[u8]) -> Vec<u8> {
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    let shown = |(&byte, next): (&u8, Option<&u8>)| match byte {
        b' '..=b'~' | b'\n' => byte,
        b'\r' if next == Some(&b'\n') => byte,
        _ => b'.',
    };
    bytes.iter().zip(next).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_ascii_and_line_ends_is_printed() {
        let shown = printable(b"EHLO \x1b[2J\xc3\xa4\tx\r\n\rY\r");
        assert_eq!(shown, b"EHLO .[2J...x\r\n.Y.");
    }
}
