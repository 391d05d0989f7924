//! A key log file, read in pieces: logs of long-lived programs have tens of megabytes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use zeroize::Zeroizing;

use super::KeyLog;
use super::parser::Parser;
use super::secret::Origin;
use crate::keys::error::{KeyError, Place};
use crate::keys::problem::Problem;

/// How much is read at once, and so all that is held besides the secrets.
const PIECE: usize = 64 << 10;

/// Six times what a log of as many secrets as are kept has: a pipe may have no end.
pub(in crate::keys) const MAX_BYTES: usize = 1 << 30;

/// Files of a folder that are read as logs, at most, in order of their names.
pub(in crate::keys) const MOST_FILES: usize = 4096;

/// How a gzip file begins (RFC 1952 §2.3.1).
const GZIP: &[u8] = b"\x1f\x8b";

/// Reads the key log at `path`, which may be a pipe, a gzip file, or `-` for standard input.
pub(in crate::keys) fn load(path: &Path) -> Result<(KeyLog, Vec<KeyError>), KeyError> {
    let mut parser = Parser::new(&path.display().to_string(), Origin::File);
    match read(path, &mut parser) {
        Ok(()) => Ok(parser.finish()),
        Err(problem) => Err(KeyError::new(Place::file(path), problem)),
    }
}

/// The files of a folder of logs, without those that are hidden.
pub(in crate::keys) fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    files.truncate(MOST_FILES);
    Ok(files)
}

fn read(path: &Path, parser: &mut Parser) -> Result<(), Problem> {
    match path == Path::new("-") {
        true => read_any(io::stdin().lock(), parser),
        false => read_any(File::open(path).map_err(Problem::Unreadable)?, parser),
    }
}

/// What is compressed is unpacked; what the decoder holds of it is not wiped.
fn read_any(mut file: impl Read, parser: &mut Parser) -> Result<(), Problem> {
    let mut head = [0; GZIP.len()];
    let mut have = 0;
    while have < head.len() {
        match file.read(head.get_mut(have..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(length) => have += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem::Unreadable(error)),
        }
    }
    let head = head.get(..have).unwrap_or_default();
    match head == GZIP {
        true => read_plain(MultiGzDecoder::new(head.chain(file)), parser),
        false => read_plain(head.chain(file), parser),
    }
}

fn read_plain(mut file: impl Read, parser: &mut Parser) -> Result<(), Problem> {
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let mut taken = 0;
    while parser.wants_more() {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                parser.feed(&piece[..length]);
                taken += length;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem::Unreadable(error)),
        }
        if taken > MAX_BYTES {
            return Err(Problem::TooLarge(MAX_BYTES as u64));
        }
    }
    Ok(())
}
