//! A key log file, read in pieces: logs of long-lived programs have tens of megabytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

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

/// Reads the key log at `path`, which may be a pipe.
pub(in crate::keys) fn load(path: &Path) -> Result<(KeyLog, Vec<KeyError>), KeyError> {
    let mut parser = Parser::new(&path.display().to_string(), Origin::File);
    match read(path, &mut parser) {
        Ok(()) => Ok(parser.finish()),
        Err(problem) => Err(KeyError::new(Place::file(path), problem)),
    }
}

fn read(path: &Path, parser: &mut Parser) -> Result<(), Problem> {
    let mut file = File::open(path).map_err(Problem::Unreadable)?;
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
