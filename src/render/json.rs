//! JSON: one document, described by `docs/report.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Conclusion, Renderer, visible};
use crate::report::{Generator, Report, SCHEMA, SessionReport};

/// Keeps the sessions until all are known: the document has them by `id`.
#[derive(Default)]
pub struct Document {
    sessions: Vec<SessionReport>,
}

impl Renderer for Document {
    fn session(&mut self, session: SessionReport, _: &mut dyn Write) -> io::Result<()> {
        self.sessions.push(session);
        Ok(())
    }

    fn finish(&mut self, rest: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        let mut sessions = std::mem::take(&mut self.sessions);
        sessions.sort_by_key(|session| session.id);
        let report = Report {
            schema: SCHEMA,
            generator: Generator::default(),
            captures: rest.captures,
            keys: rest.keys,
            sessions,
            deliveries: rest.deliveries,
            findings: rest.findings,
            quality: rest.quality,
            summary: rest.summary,
        };
        write(&report, out)
    }
}

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
    visible::pretty(document, out)?;
    out.write_all(b"\n")
}
