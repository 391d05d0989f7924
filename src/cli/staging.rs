//! Files are written aside first, and get their names when the capture is over: only then it is
//! known which connections are sessions, their numbers, and whether every name is free.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// Bytes collected before they are written. Files are open only while that happens, so thousands
/// of connections need no descriptors; this times two is what a connection costs.
const BUFFER: usize = 16 << 10;

/// Directories left behind by runs that were killed, that are tried for a free name.
const MOST_TRIES: u32 = 1000;

/// A directory inside the one that the user named; gone when this is dropped.
pub(super) struct Staging {
    output: PathBuf,
    aside: PathBuf,
}

impl Staging {
    /// Makes `output`, if missing, and a directory inside it.
    pub(super) fn new(output: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to {}", output.display());
        fs::create_dir_all(output).with_context(cannot)?;
        let aside = make_aside(output).with_context(cannot)?;
        Ok(Self { output: output.to_owned(), aside })
    }

    /// A file that has no name yet.
    pub(super) fn file(&self, name: &str) -> StagedFile {
        StagedFile::new(self.aside.join(name))
    }

    /// Where files without a name are.
    pub(super) fn aside(&self) -> &Path {
        &self.aside
    }

    /// Gives every file its name. Without `force`, none gets one if a single name is taken.
    pub(super) fn publish(&self, files: &[Placed], force: bool) -> anyhow::Result<()> {
        let taken = |file: &&Placed| self.output.join(&file.name).symlink_metadata().is_ok();
        if !force && let Some(file) = files.iter().find(taken) {
            bail!("{} exists; --force overwrites", self.path(file).display());
        }
        for (place, file) in files.iter().enumerate() {
            if let Err(error) = self.place(file) {
                // Some of the files would look like all of them.
                files.iter().take(place).for_each(|file| _ = fs::remove_file(self.path(file)));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Where a file is once it has its name.
    pub(super) fn path(&self, file: &Placed) -> PathBuf {
        self.output.join(&file.name)
    }

    fn place(&self, file: &Placed) -> anyhow::Result<()> {
        let path = self.path(file);
        let cannot = || format!("cannot write {}", path.display());
        self.make_parents(&file.name)?;
        fs::rename(&file.staged, &path).with_context(cannot)
    }
}

impl Staging {
    /// Makes the directories of a name, one by one: none may be a link, which could lead anywhere.
    fn make_parents(&self, name: &str) -> anyhow::Result<()> {
        let mut directory = self.output.clone();
        let Some((parents, _)) = name.rsplit_once('/') else { return Ok(()) };
        for parent in parents.split('/') {
            directory.push(parent);
            if directory.is_symlink() {
                bail!("{} is a link, and not followed", directory.display());
            }
            let made = fs::create_dir(&directory);
            if made.is_err() && !directory.is_dir() {
                made.with_context(|| format!("cannot make {}", directory.display()))?;
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What is left in it belongs to nobody; there is no one to tell that it stays.
        let _ = fs::remove_dir_all(&self.aside);
    }
}

/// A file that was written, and the name that it gets.
#[derive(Debug)]
pub(super) struct Placed {
    /// Where it is.
    pub(super) staged: PathBuf,
    /// Its name in the directory of the user; `/` parts directories.
    pub(super) name: String,
    /// The session that it is of; none for what is of all.
    pub(super) session: Option<u64>,
    /// Its length.
    pub(super) bytes: u64,
}

/// A file under way. It exists from its first byte on.
pub(super) struct StagedFile {
    path: PathBuf,
    /// Secrets may be in it.
    buffer: Zeroizing<Vec<u8>>,
    bytes: u64,
    written: io::Result<()>,
}

impl StagedFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, buffer: Zeroizing::default(), bytes: 0, written: Ok(()) }
    }

    /// Adds bytes. An error is told by [`finish`](Self::finish).
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// Adds what another file holds.
    pub(super) fn append(&mut self, other: PathBuf) {
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
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file, empty if it has no bytes.
    pub(super) fn finish(mut self) -> io::Result<(PathBuf, u64)> {
        self.flush();
        self.written?;
        Ok((self.path, self.bytes))
    }

    /// Nobody wants it.
    pub(super) fn discard(self) {
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

fn make_aside(output: &Path) -> io::Result<PathBuf> {
    let process = std::process::id();
    for attempt in 0..MOST_TRIES {
        let aside = output.join(format!(".smtp-decrypt-{process}-{attempt}"));
        match private_directory(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| aside),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(unix)]
fn private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Opens a file to write behind what it has.
fn append(path: &Path) -> io::Result<File> {
    private().append(true).open(path)
}

/// How a file is made that nobody else may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(staging: &Staging, name: &str, bytes: &[u8]) -> Placed {
        let mut file = staging.file(&name.replace('/', "_"));
        file.push(bytes);
        let (staged, bytes) = file.finish().unwrap();
        Placed { staged, name: name.to_owned(), session: None, bytes }
    }

    #[test]
    fn no_file_gets_its_name_if_one_name_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b"), "mine").unwrap();
        let staging = Staging::new(dir.path()).unwrap();
        let files = [placed(&staging, "a", b"1"), placed(&staging, "b", b"2")];
        let error = staging.publish(&files, false).unwrap_err().to_string();
        assert!(error.contains("/b exists"), "{error}");
        assert!(!dir.path().join("a").exists());
        assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"mine");
        staging.publish(&files, true).unwrap();
        assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"2");
        drop(staging);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let staging = Staging::new(&dir.path().join("new")).unwrap();
        let file = placed(&staging, "x/y", &[7; 3 * BUFFER]);
        staging.publish(std::slice::from_ref(&file), false).unwrap();
        let path = dir.path().join("new/x/y");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(path).unwrap(), [7; 3 * BUFFER]);
    }

    #[test]
    fn what_cannot_be_written_is_told_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = StagedFile::new(dir.path().join("missing/x"));
        file.push(&[0; 2 * BUFFER]);
        assert!(file.finish().is_err());
    }
}
