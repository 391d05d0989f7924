//! JSON: one document, described by `docs/report.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::Report;

/// Writes the report, indented, with a line end behind it.
///
/// # Errors
///
/// What `out` says.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    document(report, out)
}

/// A document as a value, as it would be written.
#[must_use]
pub fn value(document: &impl Serialize) -> serde_json::Value {
    // Only maps with keys that are no text cannot be JSON, and no document has one.
    serde_json::to_value(document).unwrap_or_default()
}

/// Writes any document, in the same way.
///
/// # Errors
///
/// What `out` says.
pub fn document(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}
