//! What went wrong, and what to do about it: `cargo run --example failures -- CAPTURE...`
//!
//! Try it: `cargo run --example failures -- testdata/starttls/starttls_refused/starttls_refused.pcap`. No key is needed to see
//! why a handshake failed.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};

use smtp_decrypt::Reader;
use smtp_decrypt::model::Severity;

fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args_os().skip(1), &mut io::stdout().lock())
}

/// Prints the findings of the captures in `arguments` to `out`.
pub(crate) fn run(
    arguments: impl Iterator<Item = OsString>,
    out: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    let mut sessions = Reader::open(arguments)?.sessions();
    for session in sessions.by_ref() {
        writeln!(out, "session {}: {}", session.id, session.outcome.name())?;
        for finding in session.findings.iter().filter(|found| found.severity != Severity::Info) {
            writeln!(out, "  {}: {}", finding.code, finding.message)?;
            if let Some(hint) = &finding.hint {
                writeln!(out, "    {hint}")?;
            }
        }
    }
    // A file that is damaged is no error that ends the run: it is told here.
    let files = sessions.conclude().captures;
    for file in files.iter().filter(|file| !file.complete) {
        writeln!(out, "{} was not read to its end", file.path)?;
    }
    Ok(())
}
