//! Where words go: data to standard output or a file, everything else to standard error.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

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

/// Standard output, or the file named.
pub(super) fn open(output: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    let Some(path) = output else { return Ok(Box::new(BufWriter::new(io::stdout().lock()))) };
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Standard output, or the file named, which is overwritten, but never if it is one of `inputs`.
/// With secrets in it, nobody else may read it.
pub(super) fn create(
    output: Option<&Path>,
    inputs: &[PathBuf],
    has_secrets: bool,
) -> anyhow::Result<Box<dyn Write>> {
    let Some(path) = output else { return open(None) };
    if let Some(input) = inputs.iter().find(|input| is_same_file(input, path)) {
        bail!("-o {} would overwrite the input {}", path.display(), input.display());
    }
    if !has_secrets {
        return open(output);
    }
    let file = private(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |path: &Path| path.metadata().ok().map(|m| (m.dev(), m.ino()));
        // A device may be read and written: `-` and `/dev/stdout` can be one terminal.
        identity(a).is_some() && identity(a) == identity(b) && b.is_file()
    }
    #[cfg(not(unix))]
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A file that was there before may be readable for all: no longer.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
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
