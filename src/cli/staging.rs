//! Files are written aside first, and get their names when the capture is over: only then it is
//! known whether every name is free.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::interrupt::Unfinished;
use super::target::within_its_directory;
use crate::export::Placed;

/// Directories left behind by runs that were killed, that are tried for a free name.
const MOST_TRIES: u32 = 1000;

/// A directory inside the one that the user named; gone when this is dropped.
pub(super) struct Staging {
    output: PathBuf,
    aside: PathBuf,
    _unfinished: Unfinished,
}

impl Staging {
    /// Makes `output`, if missing, and a directory inside it. A link that leads elsewhere is not
    /// followed: somebody else may have laid it.
    pub(super) fn new(output: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to {}", output.display());
        let output = &within_its_directory(output)?;
        fs::create_dir_all(output).with_context(cannot)?;
        let (aside, unfinished) = make_aside(output).with_context(cannot)?;
        Ok(Self { output: output.to_owned(), aside, _unfinished: unfinished })
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

fn make_aside(output: &Path) -> io::Result<(PathBuf, Unfinished)> {
    let process = std::process::id();
    for attempt in 0..MOST_TRIES {
        let aside = output.join(format!(".smtp-decrypt-{process}-{attempt}"));
        if aside.symlink_metadata().is_ok() {
            continue;
        }
        let unfinished = Unfinished::new(&aside);
        match private_directory(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| (aside, unfinished)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::StagedFile;

    fn placed(staging: &Staging, name: &str, bytes: &[u8]) -> Placed {
        let mut file = StagedFile::new(staging.aside().join(name.replace('/', "_")));
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
        let file = placed(&staging, "x/y", &[7; 48 << 10]);
        staging.publish(std::slice::from_ref(&file), false).unwrap();
        let path = dir.path().join("new/x/y");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(path).unwrap(), [7; 48 << 10]);
    }
}
