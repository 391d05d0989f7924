//! JSON: one document, described by `docs/report.schema.json`.

use std::io::{self, Write};

use crate::report::Report;

/// Writes the report, indented, with a line end behind it.
///
/// # Errors
///
/// What `out` says.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
