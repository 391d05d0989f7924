//! Where bytes come from: a file or standard input, decompressed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::block::Block;
use super::members::Members;
use super::sniff::{self, Wrapping};
use super::{DamageKind, FileFacts};

/// What was named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, or a directory: then its regular files, sorted by name.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Input {
    /// If it is a directory, the files in it. Directories inside it are not looked into.
    ///
    /// # Errors
    ///
    /// The directory cannot be listed.
    pub(super) fn files(&self) -> Option<Result<Vec<Self>, DamageKind>> {
        match self {
            Self::File(path) if path.is_dir() => Some(match files_in(path) {
                Ok(files) => Ok(files.into_iter().map(Self::File).collect()),
                Err(error) => Err(DamageKind::Unreadable(error.to_string())),
            }),
            _ => None,
        }
    }

    /// How it is called in reports.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Stdin => "-".to_owned(),
        }
    }

    /// Pipes give their bytes once: only a regular file may be closed and opened again.
    pub(super) fn is_rereadable(&self) -> bool {
        matches!(self, Self::File(path) if path.is_file())
    }

    pub(super) fn open(&self) -> Result<Box<dyn Read + Send>, DamageKind> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin())),
            Self::File(path) => match File::open(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(error) => Err(DamageKind::Unreadable(error.to_string())),
            },
        }
    }
}

/// In the names of files that this program has not finished: they are no captures.
pub const UNFINISHED: &str = ".smtp-decrypt-";

fn files_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.is_file() && !is_unfinished(path));
    files.sort();
    Ok(files)
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(UNFINISHED))
}

/// The content of `raw`, by its magic number and never by its name, without its compression, in a
/// window of `block_size` bytes.
pub(super) fn decompress(
    raw: Box<dyn Read + Send>,
    block_size: usize,
    facts: &mut FileFacts,
) -> Result<Block, DamageKind> {
    let mut raw = Block::new(raw, block_size);
    raw.fill(sniff::WRAPPING_MAGIC)?;
    match sniff::wrapping(raw.unread()) {
        None => Ok(raw),
        Some(Wrapping::Compression(compression)) => {
            facts.compression = Some(compression);
            Ok(Block::new(Box::new(Members::new(raw)), block_size))
        }
        Some(Wrapping::Other(name)) => Err(DamageKind::UnsupportedCompression(name)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::capture::Compression;

    fn read(bytes: &[u8]) -> (Result<Vec<u8>, DamageKind>, Option<Compression>) {
        let mut facts = FileFacts::new("x");
        let source = Box::new(Cursor::new(bytes.to_vec()));
        let content = decompress(source, 64, &mut facts).and_then(|mut source| {
            let mut content = Vec::new();
            source.read_to_end(&mut content)?;
            Ok(content)
        });
        (content, facts.compression)
    }

    #[test]
    fn leaves_what_is_not_compressed_alone() {
        assert_eq!(read(b"plain"), (Ok(b"plain".to_vec()), None));
        assert_eq!(read(b""), (Ok(Vec::new()), None));
    }

    #[test]
    fn names_the_compression_it_cannot_undo() {
        let (content, compression) = read(b"BZh91AY&SY");
        assert_eq!(content, Err(DamageKind::UnsupportedCompression("bzip2")));
        assert_eq!(compression, None);
    }

    #[test]
    fn takes_the_files_of_a_directory_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["b.pcap", "a.pcap"].map(|name| directory.path().join(name));
        paths.iter().for_each(|path| fs::write(path, b"x").unwrap());
        fs::create_dir(directory.path().join("nested")).unwrap();
        let [b, a] = paths.map(Input::File);
        assert_eq!(Input::File(directory.path().to_owned()).files(), Some(Ok(vec![a, b])));
        assert_eq!(Input::Stdin.files(), None);
    }
}
