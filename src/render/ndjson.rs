//! NDJSON: a session object a line as sessions end, then one line with the totals.

use std::io::{self, Write};

use serde::Serialize;

use super::text::Views;
use super::{Conclusion, Renderer, visible};
use crate::report::{
    CaptureReport, DeliveryReport, Finding, Generator, KeyReport, Quality, SCHEMA, SessionReport,
    Summary,
};

/// Writes the lines.
#[derive(Debug, Default)]
pub struct Lines {
    /// A line a delivery instead of a session.
    deliveries: bool,
}

impl Lines {
    /// Lines of what the views ask for.
    #[must_use]
    pub fn of(views: Views) -> Self {
        Self { deliveries: views.deliveries }
    }
}

/// The last line: what a document has besides its sessions.
#[derive(Serialize)]
struct Last {
    summary: Summary,
    schema: &'static str,
    generator: Generator,
    captures: Vec<CaptureReport>,
    keys: Vec<KeyReport>,
    deliveries: Vec<DeliveryReport>,
    findings: Vec<Finding>,
    quality: Quality,
}

impl Renderer for Lines {
    fn session(&mut self, session: SessionReport, out: &mut dyn Write) -> io::Result<()> {
        if self.deliveries { Ok(()) } else { line(&session, out) }
    }

    fn finish(&mut self, rest: Conclusion, out: &mut dyn Write) -> io::Result<()> {
        let Conclusion { captures, keys, deliveries, findings, quality, summary } = rest;
        let deliveries = match self.deliveries {
            true => {
                deliveries.iter().try_for_each(|delivery| line(delivery, out))?;
                Vec::new()
            }
            false => deliveries,
        };
        let (schema, generator) = (SCHEMA, Generator::default());
        let last =
            Last { summary, schema, generator, captures, keys, deliveries, findings, quality };
        line(&last, out)
    }
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    visible::compact(value, out)?;
    out.write_all(b"\n")
}
