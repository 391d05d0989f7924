//! `split`: the packets of the connections that concern us, in shards. A connection that spans files
//! and hosts meets itself in one of them, so that each can be read alone (`docs/fleet.md`).

use std::io::{self, Write};

use super::args::SplitArgs;
use super::exit::{Exit, Faults};
use super::staging::Staging;
use super::target::How;
use super::{output, plan, precautions};
use crate::export::Placed;
use crate::export::shards::Shards;
use crate::render::term;
use crate::sandbox::Access;
use crate::sieve::{self, Tally};

/// Runs the command.
pub(super) fn run(args: &SplitArgs) -> anyhow::Result<Exit> {
    run_to(args, &mut output::open(None, How::default())?)
}

fn run_to(args: &SplitArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let staging = Staging::new(&args.output)?;
    if !args.no_sandbox {
        let write = vec![args.output.clone()];
        let access = Access { read: args.captures.clone(), write, ..Access::default() };
        precautions::confine(&access, false);
    }
    let mut capture = plan::capture_of(&args.captures);
    let mut shards = Shards::new(args.shards, staging.aside());
    let tally = sieve::run(&mut capture, args.all_tls, &args.port, &mut |kept| shards.take(&kept));
    let files = shards.finish()?;
    staging.publish(&files, args.force)?;
    list(&files, &staging, out)?;
    if !args.quiet {
        output::say(&told(&tally));
    }
    let captures = plan::complain_of_damage(&capture);
    Ok(Exit::of_run(Faults { captures, ..Faults::default() }))
}

/// A line a file: path, bytes.
fn list(files: &[Placed], staging: &Staging, out: &mut dyn Write) -> io::Result<()> {
    for file in files {
        let path = staging.path(file).display().to_string();
        writeln!(out, "{}\t{}", term::escaped(&path), file.bytes)?;
    }
    out.flush()
}

fn told(tally: &Tally) -> String {
    format!(
        "kept {} of {} packets, {} of {} bytes; {} connection{}",
        tally.kept_packets,
        tally.packets,
        tally.kept_bytes,
        tally.bytes,
        tally.connections,
        if tally.connections == 1 { "" } else { "s" }
    )
}
