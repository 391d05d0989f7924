//! A file that is written forward, with holes where nothing was: a stream may be said to have a
//! gigabyte missing, and the file has no byte of it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use crate::export::staged::private;

/// Bytes collected before they are written.
const BUFFER: usize = 16 << 10;

/// A file under way. It exists from its first byte on.
pub(super) struct SparseFile {
    path: PathBuf,
    /// Where what is collected belongs.
    start: u64,
    buffer: Vec<u8>,
    written: io::Result<()>,
}

impl SparseFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, start: 0, buffer: Vec::new(), written: Ok(()) }
    }

    /// Writes bytes at an offset. An error is told by [`finish`](Self::finish).
    pub(super) fn push(&mut self, at: u64, bytes: &[u8]) {
        let follows = at == self.start.saturating_add(self.buffer.len() as u64);
        if !follows || self.buffer.len() >= BUFFER {
            self.flush();
            self.start = at;
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn flush(&mut self) {
        if self.written.is_ok() && !self.buffer.is_empty() {
            self.written = self.write();
        }
        self.buffer = Vec::new();
    }

    fn write(&self) -> io::Result<()> {
        let mut file = private().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(self.start))?;
        file.write_all(&self.buffer)
    }

    /// Nobody wants it.
    pub(super) fn discard(self) {
        // Mostly it was never written; what stays goes with the directory.
        let _ = std::fs::remove_file(&self.path);
    }

    pub(super) fn finish(mut self) -> io::Result<Sparse> {
        self.flush();
        self.written?;
        Ok(Sparse { path: self.path })
    }
}

/// A file that was written.
pub(super) struct Sparse {
    path: PathBuf,
}

impl Sparse {
    /// Fills `bytes` with what stands from an offset on; zeros where nothing does.
    pub(super) fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        bytes.fill(0);
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(offset))?;
        let mut rest = bytes;
        loop {
            match file.read(rest)? {
                0 => return Ok(()),
                read => rest = rest.split_at_mut(read).1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_zeros_and_so_is_what_lies_behind_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = SparseFile::new(folder.path().join("a"));
        file.push(2, b"ab");
        file.push(4, b"c");
        file.push(1 << 30, b"z");
        let file = file.finish().unwrap();
        let mut bytes = [7; 6];
        file.read_at(1, &mut bytes).unwrap();
        assert_eq!(bytes, *b"\0abc\0\0");
        file.read_at((1 << 30) - 1, &mut bytes).unwrap();
        assert_eq!(bytes, *b"\0z\0\0\0\0");
    }

    #[test]
    fn a_file_of_nothing_is_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let file = SparseFile::new(folder.path().join("a")).finish().unwrap();
        let mut bytes = [7; 2];
        file.read_at(5, &mut bytes).unwrap();
        assert_eq!(bytes, [0; 2]);
    }
}
