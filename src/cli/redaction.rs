//! `--redact`: pseudonyms in what is printed, and the file that tells whom they stand for.

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;

use super::target::{How, Target};
use crate::redact::Redactor;
use crate::render::Renderer;
use crate::report::Conclusion;
use crate::report::SessionReport;

/// Any format, with pseudonyms for the names and addresses of what it renders.
pub(super) struct Redacted {
    inner: Box<dyn Renderer>,
    redactor: Redactor,
    map: Option<Target>,
}

impl Redacted {
    pub(super) fn new(inner: Box<dyn Renderer>, map: Option<Target>) -> Self {
        Self { inner, redactor: Redactor::default(), map }
    }

    fn write_map(&self, mut out: Target) -> io::Result<()> {
        for (pseudonym, name) in self.redactor.table() {
            writeln!(out, "{pseudonym}\t{}", name.escape_debug())?;
        }
        out.finish()
    }
}

/// The file of the map: readable by its owner alone, and over nothing that exists.
pub(super) fn map(path: &Path) -> anyhow::Result<Target> {
    if path.symlink_metadata().is_ok() {
        bail!("cannot make {}: it exists", path.display());
    }
    Target::create(path, How { private: true, live: false })
}

impl Renderer for Redacted {
    fn session(&mut self, mut session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        self.redactor.session(&mut session);
        self.inner.session(session, out)
    }

    fn finish(&mut self, mut rest: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        self.redactor.keys(&mut rest.keys);
        self.redactor.deliveries(&mut rest.deliveries);
        self.redactor.findings(&mut rest.findings);
        self.redactor.quality(&mut rest.quality);
        self.inner.finish(rest, out)?;
        self.map.take().map_or(Ok(()), |out| self.write_map(out))
    }
}
