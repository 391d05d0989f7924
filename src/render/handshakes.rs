//! Handshakes to be unlocked elsewhere: a lock a line, each with the schema, so that files of them
//! can be joined and cut at will (`docs/fleet.md`).

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::tls::Lock;

/// The schema of a line.
pub const SCHEMA: &str = "smtp-decrypt/handshakes/v1";

#[derive(Serialize, Deserialize)]
struct Line<'l> {
    schema: Cow<'l, str>,
    #[serde(flatten)]
    lock: Cow<'l, Lock>,
}

/// Writes a line.
///
/// # Errors
///
/// What `out` says.
pub fn write(lock: &Lock, out: &mut dyn Write) -> io::Result<()> {
    let line = Line { schema: SCHEMA.into(), lock: Cow::Borrowed(lock) };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// Reads a line.
///
/// # Errors
///
/// If it is none of this schema: what was found, or expected.
pub fn read(line: &str) -> Result<Lock, String> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if line.schema != SCHEMA {
        return Err(format!("the schema is not {SCHEMA:?}"));
    }
    if let Some(field) = line.lock.oversize() {
        return Err(format!("{field} is longer than any"));
    }
    Ok(line.lock.into_owned())
}
