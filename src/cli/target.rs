//! The file that `-o` names: it has its name when it is whole, and not before.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::interrupt::Unfinished;
use crate::capture::UNFINISHED;

/// How it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct How {
    /// With secrets in it: nobody else may read it.
    pub(super) private: bool,
    /// Somebody may read along: under its name from the first byte on.
    pub(super) live: bool,
}

/// An open file. Dropped before [`finish`](Self::finish) it leaves nothing behind.
pub(super) struct Target {
    out: BufWriter<File>,
    /// None where it is written in its place: a device, a pipe, or live.
    staged: Option<Staged>,
}

struct Staged {
    aside: PathBuf,
    path: PathBuf,
    _unfinished: Unfinished,
}

impl Target {
    /// Opens the file named.
    ///
    /// # Errors
    ///
    /// It cannot be written, or is a link to another directory.
    pub(super) fn create(path: &Path, how: How) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        let path = match is_stream(path) {
            true => path.to_owned(),
            false => within_its_directory(path)?,
        };
        if is_stream(&path) || is_device(&path) {
            let file = OpenOptions::new().write(true).open(&path).with_context(cannot)?;
            return Ok(Self { out: BufWriter::new(file), staged: None });
        }
        if how.live {
            let file = in_place(&path, how).with_context(cannot)?;
            return Ok(Self { out: BufWriter::new(file), staged: None });
        }
        let aside = aside(&path);
        let unfinished = Unfinished::new(&aside);
        let staged = Staged { aside, path, _unfinished: unfinished };
        let file = staged.open(how).with_context(cannot)?;
        Ok(Self { out: BufWriter::new(file), staged: Some(staged) })
    }

    /// Fails if the file is one of `inputs`.
    ///
    /// # Errors
    ///
    /// It is one.
    pub(super) fn spare(&self, inputs: &[PathBuf]) -> anyhow::Result<()> {
        self.staged.as_ref().map_or(Ok(()), |staged| spare(&staged.path, inputs))
    }

    /// The directory in which it gets its name.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        self.staged.as_ref().map(|staged| directory(&staged.path).to_owned())
    }

    /// Gives the file its name.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        match &self.staged {
            Some(staged) => fs::rename(&staged.aside, &staged.path),
            None => Ok(()),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Staged {
    /// What is there already must be the user's to write, and its rights are kept.
    fn open(&self, how: How) -> io::Result<File> {
        let before = match OpenOptions::new().write(true).open(&self.path) {
            Ok(file) => Some(file.metadata()?.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        for_owner(&mut options, how.private);
        let file = options.open(&self.aside)?;
        if let Some(rights) = before.filter(|_| !how.private) {
            file.set_permissions(rights)?;
        }
        Ok(file)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Once it has its name there is none aside.
        let _ = fs::remove_file(&self.aside);
    }
}

fn in_place(path: &Path, how: How) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    for_owner(&mut options, how.private);
    let file = options.open(path)?;
    #[cfg(unix)]
    if how.private {
        file.set_permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600))?;
    }
    Ok(file)
}

fn for_owner(options: &mut OpenOptions, private: bool) {
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = (options, private);
}

/// Fails if the file named is one of `inputs`.
///
/// # Errors
///
/// It is one.
pub(super) fn spare(path: &Path, inputs: &[PathBuf]) -> anyhow::Result<()> {
    match inputs.iter().find(|input| is_same_file(input, path)) {
        Some(input) => {
            bail!("-o {} would overwrite the input {}", path.display(), input.display())
        }
        None => Ok(()),
    }
}

/// What has no content to replace: a pipe, a device.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| !file.is_file() && !file.is_dir())
}

/// What the process has open already, by its name: these are links that the system laid.
fn is_stream(path: &Path) -> bool {
    let is_of = |folder: &str| path.parent() == Some(Path::new(folder));
    [Path::new("/dev/stdout"), Path::new("/dev/stderr")].contains(&path)
        || is_of("/dev/fd")
        || is_of("/proc/self/fd")
}

/// The path without the links that it may be: somebody else may have laid one to a file of the user's.
pub(super) fn within_its_directory(path: &Path) -> anyhow::Result<PathBuf> {
    if !path.is_symlink() {
        return Ok(path.to_owned());
    }
    let home = directory(path).canonicalize();
    match (path.canonicalize(), home) {
        (Ok(target), Ok(home)) if target.starts_with(&home) => Ok(target),
        _ => bail!("{} is a link out of its directory: name the file itself", path.display()),
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    directory(path).join(format!(".{name}{UNFINISHED}{}", std::process::id()))
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_keeps_its_content_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        fs::write(&path, "old").unwrap();
        let mut target = Target::create(&path, How::default()).unwrap();
        target.write_all(b"half").unwrap();
        drop(target);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut target = Target::create(&path, How::default()).unwrap();
        target.write_all(b"whole").unwrap();
        target.finish().unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), names(folder.path())),
            (b"whole".into(), vec!["report".into()])
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_its_directory_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
        fs::create_dir(&inside).unwrap();
        fs::write(&outside, "mine").unwrap();
        for target in [outside.as_path(), Path::new("nowhere")] {
            let link = inside.join(target.file_name().unwrap());
            std::os::unix::fs::symlink(target, &link).unwrap();
            let error = Target::create(&link, How::default()).err().unwrap().to_string();
            assert!(error.contains("link out of its directory"), "{error}");
        }
        assert_eq!(fs::read(&outside).unwrap(), b"mine");
    }
}
