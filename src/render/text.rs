//! Text for people.

use std::io::{self, Write};

use crate::report::{Finding, SessionReport, Summary};

/// How the text looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// With colours.
    pub colors: bool,
    /// The timing alone.
    pub timing_only: bool,
}

/// Writes a session.
///
/// # Errors
///
/// What `out` says.
pub fn session(session: &SessionReport, _style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{session:#?}")
}

/// Writes the totals.
///
/// # Errors
///
/// What `out` says.
pub fn summary(
    summary: &Summary,
    findings: &[Finding],
    _style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{summary:#?} {findings:#?}")
}
