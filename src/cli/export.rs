//! `export`: what was decrypted, as files.

use super::args::ExportArgs;
use super::exit::Exit;

/// Runs the command.
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("export {:?} to {:?} force {}", args.kind, args.output, args.force)
}
