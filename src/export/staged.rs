//! Files are written aside first, and get their names when the capture is over: only then it is
//! known which connections are sessions, and their numbers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Bytes collected before they are written. Files are open only while that happens, so thousands
/// of connections need no descriptors; this times two is what a connection costs.
const BUFFER: usize = 16 << 10;

/// A file that was written, and the name that it gets.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Where it is.
    pub(crate) staged: PathBuf,
    /// Its name in the directory of the user; `/` parts directories.
    pub(crate) name: String,
    /// The session that it is of; none for what is of all.
    pub(crate) session: Option<u64>,
    /// Its length.
    pub(crate) bytes: u64,
}

/// A file under way. It exists from its first byte on.
pub(crate) struct StagedFile {
    path: PathBuf,
    /// Secrets may be in it.
    buffer: Zeroizing<Vec<u8>>,
    bytes: u64,
    written: io::Result<()>,
}

impl StagedFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, buffer: Zeroizing::default(), bytes: 0, written: Ok(()) }
    }

    /// Adds bytes. An error is told by [`finish`](Self::finish).
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// Adds what another file holds.
    pub(crate) fn append(&mut self, other: PathBuf) {
        self.flush();
        if self.written.is_err() {
            return;
        }
        let copied =
            File::open(other).and_then(|mut from| io::copy(&mut from, &mut append(&self.path)?));
        match copied {
            Ok(bytes) => self.bytes = self.bytes.saturating_add(bytes),
            Err(error) => self.written = Err(error),
        }
    }

    /// Its length so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file, empty if it has no bytes.
    pub(crate) fn finish(mut self) -> io::Result<(PathBuf, u64)> {
        self.flush();
        self.written?;
        Ok((self.path, self.bytes))
    }

    /// Nobody wants it.
    pub(crate) fn discard(self) {
        // Mostly it was never written; what stays goes with the directory.
        let _ = fs::remove_file(&self.path);
    }

    fn flush(&mut self) {
        if self.written.is_ok() {
            self.written = append(&self.path).and_then(|mut file| file.write_all(&self.buffer));
        }
        // The capacity goes too: an idle connection costs nothing.
        self.buffer = Zeroizing::default();
    }
}

/// Opens a file to write behind what it has.
fn append(path: &Path) -> io::Result<File> {
    private().append(true).open(path)
}

/// How a file is made that nobody else may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_told_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = StagedFile::new(dir.path().join("missing/x"));
        file.push(&[0; 2 * BUFFER]);
        assert!(file.finish().is_err());
    }
}
