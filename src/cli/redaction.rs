//! `--redact`: pseudonyms in what is printed, and the file that tells whom they stand for.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::render::{Renderer, Rest};
use crate::report::{Redactor, SessionReport};

/// Any format, with pseudonyms for the names and addresses of what it renders.
pub(super) struct Redacted {
    inner: Box<dyn Renderer>,
    redactor: Redactor,
    map: Option<PathBuf>,
}

impl Redacted {
    pub(super) fn new(inner: Box<dyn Renderer>, map: Option<PathBuf>) -> Self {
        Self { inner, redactor: Redactor::default(), map }
    }

    /// Readable by its owner alone, and over nothing that exists.
    fn write_map(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let told = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot make {}: {error}", path.display()))
        };
        let mut out = BufWriter::new(options.open(path).map_err(told)?);
        for (pseudonym, name) in self.redactor.table() {
            writeln!(out, "{pseudonym}\t{}", name.escape_debug())?;
        }
        out.flush()
    }
}

impl Renderer for Redacted {
    fn session(&mut self, mut session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        self.redactor.session(&mut session);
        self.inner.session(session, out)
    }

    fn finish(&mut self, mut rest: Rest, out: &mut dyn Write) -> io::Result<()> {
        self.redactor.keys(&mut rest.keys);
        self.redactor.findings(&mut rest.findings);
        self.redactor.quality(&mut rest.quality);
        self.inner.finish(rest, out)?;
        self.map.as_ref().map_or(Ok(()), |path| self.write_map(path))
    }
}
