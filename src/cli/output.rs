//! Where words go: data to standard output or a file, everything else to standard error.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::path::{Path, PathBuf};

use super::args::Color;
use super::target::{How, Target};
use crate::export::Notice;
use crate::render::term;

/// Tells of an error.
pub(super) fn complain(message: &str) {
    line("error", message);
}

/// Tells what would help.
pub(super) fn hint(message: &str) {
    line("hint", message);
}

/// Says what is about to leave.
pub(super) fn tell(notice: &Notice) {
    notice.sentences().iter().for_each(|what| say(what));
}

/// Tells of what may do harm later.
pub(super) fn warn(message: &str) {
    line("warning", message);
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
        Color::Auto => output.is_none() && is_terminal() && !no_color(),
    }
}

/// Whether somebody looks at standard output.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The columns of the terminal that is written to.
pub(super) fn width(output: Option<&Path>) -> Option<usize> {
    let is_seen = output.is_none() && is_terminal();
    let (width, _) = terminal_size::terminal_size().filter(|_| is_seen)?;
    Some(usize::from(width.0))
}

/// Where data goes.
pub(super) enum Output {
    Standard(BufWriter<StdoutLock<'static>>),
    File(Target),
}

/// Standard output, or the file named.
pub(super) fn open(output: Option<&Path>, how: How) -> anyhow::Result<Output> {
    Ok(match output {
        Some(path) => Output::File(Target::create(path, how)?),
        None => Output::Standard(BufWriter::new(io::stdout().lock())),
    })
}

impl Output {
    /// Fails if it is one of `inputs`.
    pub(super) fn spare(&self, inputs: &[PathBuf]) -> anyhow::Result<()> {
        match self {
            Self::File(target) => target.spare(inputs),
            Self::Standard(_) => Ok(()),
        }
    }

    /// The directory in which the file gets its name at the end.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        match self {
            Self::File(target) => target.directory(),
            Self::Standard(_) => None,
        }
    }

    /// All was written.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::File(target) => target.finish(),
            Self::Standard(mut out) => out.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(target) => target.write(bytes),
            Self::Standard(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(target) => target.flush(),
            Self::Standard(out) => out.flush(),
        }
    }
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
