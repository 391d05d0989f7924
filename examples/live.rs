//! The first session of a pipe that carries mail, as JSON:
//! `ssh host tcpdump -U -w - port 25 | cargo run --example live`
//!
//! Try it: `cargo run --example live < testdata/mails/plain/plain.pcap`.

use std::error::Error;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use smtp_decrypt::Reader;
use smtp_decrypt::model::Outcome;

fn main() -> Result<(), Box<dyn Error>> {
    run(io::stdin(), &mut io::stdout().lock())
}

/// Prints the first session of `source` that delivered a mail to `out`.
pub(crate) fn run(
    source: impl Read + Send + 'static,
    out: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    let mut found = None;
    Reader::from_reader("pipe", source).read(|session| {
        if session.outcome != Outcome::Delivered {
            return ControlFlow::Continue(());
        }
        found = Some(session);
        ControlFlow::Break(())
    });
    let session = found.ok_or("no mail was delivered")?;
    writeln!(out, "{}", serde_json::to_string_pretty(&session)?)?;
    Ok(())
}
