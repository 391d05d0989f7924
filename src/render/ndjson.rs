//! NDJSON: a session object a line as sessions end, then one line with the totals.

use std::io::{self, Write};

use serde::Serialize;

use super::{Conclusion, Renderer, visible};
use crate::report::{
    CaptureReport, Finding, Generator, KeyReport, Quality, SCHEMA, SessionReport, Summary,
};

/// Writes the lines.
pub struct Lines;

/// The last line: what a document has besides its sessions.
#[derive(Serialize)]
struct Last {
    summary: Summary,
    schema: &'static str,
    generator: Generator,
    captures: Vec<CaptureReport>,
    keys: Vec<KeyReport>,
    findings: Vec<Finding>,
    quality: Quality,
}

impl Renderer for Lines {
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        line(&session, out)
    }

    fn finish(&mut self, rest: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        let Conclusion { captures, keys, findings, quality, summary } = rest;
        let (schema, generator) = (SCHEMA, Generator::default());
        line(&Last { summary, schema, generator, captures, keys, findings, quality }, out)
    }
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    visible::compact(value, out)?;
    out.write_all(b"\n")
}
