//! Where bytes come from: a file or standard input, decompressed.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::gzip::Members;
use super::sniff::{self, Wrapping};
use super::{Compression, DamageKind, FileFacts};

/// What was named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, or a directory: then its regular files, sorted by name.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Input {
    /// The input itself, or the files of the directory it is.
    ///
    /// # Errors
    ///
    /// The directory cannot be listed, or has no file in it.
    pub(super) fn expand(self) -> Result<Vec<Self>, (Self, DamageKind)> {
        match &self {
            Self::File(path) if path.is_dir() => match files_in(path) {
                Ok(files) => Ok(files.into_iter().map(Self::File).collect()),
                Err(error) => Err((self, DamageKind::Unreadable(error.to_string()))),
            },
            _ => Ok(vec![self]),
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

fn files_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    match files.is_empty() {
        true => Err(io::Error::other("the directory has no file in it")),
        false => Ok(files),
    }
}

/// The content of `raw`, by its magic number and never by its name, without its compression.
pub(super) fn decompress(
    mut raw: Box<dyn Read + Send>,
    facts: &mut FileFacts,
) -> Result<Box<dyn Read + Send>, DamageKind> {
    let mut head = Vec::new();
    raw.by_ref().take(sniff::WRAPPING_MAGIC as u64).read_to_end(&mut head)?;
    let wrapping = sniff::wrapping(&head);
    let whole = Cursor::new(head).chain(raw);
    match wrapping {
        None => Ok(Box::new(whole)),
        Some(Wrapping::Compression(compression)) => {
            facts.compression = Some(compression);
            inflate(whole, compression)
        }
        Some(Wrapping::Other(name)) => Err(DamageKind::UnsupportedCompression(name)),
    }
}

fn inflate(
    whole: impl Read + Send + 'static,
    compression: Compression,
) -> Result<Box<dyn Read + Send>, DamageKind> {
    match compression {
        Compression::Gzip => Ok(Box::new(Members::new(whole))),
        Compression::Zstd | Compression::Lz4 | Compression::Xz => {
            Err(DamageKind::UnsupportedCompression(compression.name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> (Result<Vec<u8>, DamageKind>, Option<Compression>) {
        let mut facts = FileFacts::new("x");
        let content =
            decompress(Box::new(Cursor::new(bytes)), &mut facts).and_then(|mut source| {
                let mut content = Vec::new();
                source.read_to_end(&mut content)?;
                Ok(content)
            });
        (content, facts.compression)
    }

    #[test]
    fn leaves_what_is_not_compressed_alone() {
        assert_eq!(read(b"plain".to_vec()), (Ok(b"plain".to_vec()), None));
        assert_eq!(read(Vec::new()), (Ok(Vec::new()), None));
    }

    #[test]
    fn inflates_gzip() {
        assert_eq!(read(gzip(b"one")), (Ok(b"one".to_vec()), Some(Compression::Gzip)));
    }

    #[test]
    fn names_the_compression_it_cannot_undo() {
        let (content, compression) = read(vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]);
        assert_eq!(content, Err(DamageKind::UnsupportedCompression("zstd")));
        assert_eq!(compression, Some(Compression::Zstd));
    }

    #[test]
    fn calls_a_cut_gzip_file_truncated() {
        let mut cut = gzip(&[7; 1000]);
        cut.truncate(20);
        assert!(matches!(read(cut).0, Err(DamageKind::Truncated { .. })));
    }

    #[test]
    fn takes_the_files_of_a_directory_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["b.pcap", "a.pcap"].map(|name| directory.path().join(name));
        paths.iter().for_each(|path| fs::write(path, b"x").unwrap());
        fs::create_dir(directory.path().join("nested")).unwrap();
        let [b, a] = paths.map(Input::File);
        assert_eq!(Input::File(directory.path().to_owned()).expand(), Ok(vec![a, b]));
    }

    #[test]
    fn says_that_a_directory_has_no_files() {
        let directory = tempfile::tempdir().unwrap();
        let input = Input::File(directory.path().to_owned());
        assert!(matches!(input.expand(), Err((_, DamageKind::Unreadable(_)))));
    }
}
