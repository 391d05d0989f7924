//! The RSA keys in files, or what is wrong with each and what to do:
//! `cargo run -p tls-passive --example key_files -- KEYFILE...`

use std::io::{self, Write};

use tls_passive::keys::{KeyRing, KeySource};

fn main() -> io::Result<()> {
    let files = std::env::args_os().skip(1).map(|path| KeySource::KeyFile(path.into()));
    let (ring, errors) = KeyRing::load(&files.collect::<Vec<_>>());
    let mut out = io::stdout().lock();
    for key in ring.keys() {
        writeln!(out, "{:?}", key.identity())?;
    }
    for error in errors {
        writeln!(out, "{error}\n  {}", error.hint())?;
    }
    Ok(())
}
