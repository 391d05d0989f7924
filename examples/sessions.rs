//! A line a session: `cargo run --example sessions -- KEYS CAPTURE...`
//!
//! Try it: `cargo run --example sessions -- testdata/mails/mixed/mixed.keys testdata/mails/mixed/mixed.pcap`.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use smtp_decrypt::{KeySource, Reader, SessionReport};

fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args_os().skip(1), &mut io::stdout().lock())
}

/// Prints the sessions of the captures in `arguments` to `out`.
pub(crate) fn run(
    mut arguments: impl Iterator<Item = OsString>,
    out: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    let keys = PathBuf::from(arguments.next().ok_or("usage: sessions KEYS CAPTURE...")?);
    let mut reader = Reader::open(arguments)?;
    if let Some(error) = reader.load_keys(&[KeySource::List(keys)]).into_iter().next() {
        return Err(error.into());
    }
    for session in reader.sessions() {
        writeln!(out, "{}", line(&session))?;
    }
    Ok(())
}

fn line(session: &SessionReport) -> String {
    let tls = session.tls.as_ref();
    let decryption = tls.map_or("no TLS", |tls| tls.decryption.status.name());
    let mails = session.smtp.as_ref().map_or(0, |smtp| smtp.mails.len());
    format!("{} {} {mails} {decryption}", session.id, session.outcome.name())
}
