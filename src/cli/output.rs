//! Where words go: data to standard output or a file, everything else to standard error.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anyhow::Context as _;

use super::args::Color;
use crate::render::term;

/// Tells of an error.
pub(super) fn complain(message: &str) {
    line("error", message);
}

/// Tells what would help.
pub(super) fn hint(message: &str) {
    line("hint", message);
}

/// Tells of something that is no error.
pub(super) fn say(message: &str) {
    line("note", message);
}

/// File names and key lists are other people's words too: nothing reaches the terminal unescaped.
fn line(kind: &str, message: &str) {
    let _ = writeln!(io::stderr().lock(), "smtp-decrypt: {kind}: {}", term::escaped(message));
}

/// Whether colours are wanted on `output`.
pub(super) fn has_colors(color: Color, output: Option<&Path>) -> bool {
    let no_color = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => output.is_none() && io::stdout().is_terminal() && !no_color(),
    }
}

/// Standard output, or the file named.
pub(super) fn open(output: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    let Some(path) = output else { return Ok(Box::new(BufWriter::new(io::stdout().lock()))) };
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Whether the error is that nobody reads on.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        let json =
            cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        cause.downcast_ref::<io::Error>().is_some_and(is_pipe)
            || json == Some(io::ErrorKind::BrokenPipe)
    })
}
