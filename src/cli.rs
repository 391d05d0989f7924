//! The command line: the only room that knows clap, file names given by users, terminals and exit
//! codes.

mod anonymize;
mod args;
mod asked;
mod check;
mod compare;
mod exit;
mod explain;
mod export;
mod follow;
mod handshakes;
mod interrupt;
mod keys;
mod limits;
mod missing;
mod mistyped;
mod output;
mod packaging;
mod plan;
mod pre_shared;
mod precautions;
mod profile;
mod progress;
mod redaction;
mod secrets_from;
mod select;
mod show;
mod split;
mod staging;
mod target;
mod trust;
mod unlock;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
pub use exit::Exit;

/// Runs the program on the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    precautions::no_core_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with code 0.
            let _ = error.print();
            return Exit::of_usage(&error).into();
        }
    };
    let result = match &cli.command {
        None if let Some(code) = &cli.explain => explain::run(code),
        None if cli.limits => limits::run(),
        None => show::run(&cli.show),
        Some(Command::Show(args)) => show::run(args),
        Some(Command::Export(args)) => export::run(args),
        Some(Command::Anonymize(args)) => anonymize::run(args),
        Some(Command::Compare(args)) => compare::run(args),
        Some(Command::Check(args)) => check::run(args),
        Some(Command::Handshakes(args)) => handshakes::run(args),
        Some(Command::Split(args)) => split::run(args),
        Some(Command::Unlock(args)) => unlock::run(args),
        Some(Command::Keys(args)) => keys::run(args),
        Some(Command::Completions(args)) => packaging::completions(args),
        Some(Command::Man(args)) => packaging::man(args),
        Some(Command::Version) => packaging::version(),
    };
    match result {
        Ok(exit) => exit.into(),
        // The reader went away, as `head` does.
        Err(error) if output::is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            output::complain(&format!("{error:#}"));
            Exit::Usage.into()
        }
    }
}
