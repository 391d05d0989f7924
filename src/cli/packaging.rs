//! What a package installs beside the program: manual pages and completions; and what this build
//! is.

use std::io::Write as _;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::exit::Exit;
use super::output;
use super::target::How;
use crate::keys::RsaEngine;

/// The commit, where whoever builds tells it. The build asks no git, so that the same sources give
/// the same program.
const COMMIT: Option<&str> = option_env!("SMTP_DECRYPT_COMMIT");

const C_LIBRARY: &str = if cfg!(target_env = "musl") {
    "-musl"
} else if cfg!(target_env = "gnu") {
    "-gnu"
} else {
    ""
};

/// Prints the manual page of the program or of one of its commands.
pub(super) fn man(args: &ManArgs) -> anyhow::Result<Exit> {
    let mut program = Cli::command();
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => {
            let command = program.find_subcommand(name);
            command.with_context(|| format!("there is no command {name}"))?.clone()
        }
    };
    let mut out = output::open(None, How::default())?;
    clap_mangen::Man::new(page).render(&mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints what completes the program's words in a shell.
pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    // The generator panics where it cannot write: a closed pipe is to be met by us.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    let mut out = output::open(None, How::default())?;
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints what this build is.
pub(super) fn version() -> anyhow::Result<Exit> {
    use std::env::consts::{ARCH, OS};
    let mut out = output::open(None, How::default())?;
    writeln!(out, "{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "commit  {}", COMMIT.unwrap_or("unknown"))?;
    writeln!(out, "target  {ARCH}-{OS}{C_LIBRARY}")?;
    writeln!(out, "build   {}", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    writeln!(out, "RSA     {}, on this processor", RsaEngine::default())?;
    out.flush()?;
    Ok(Exit::Done)
}
