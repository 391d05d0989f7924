//! `export`: what was decrypted, as files.

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use anyhow::{Context as _, bail};

use super::args::{ExportArgs, ExportKind};
use super::exit::Exit;
use super::output;
use super::plan::{self, Plan};
use super::staging::Staging;
use super::target::How;
use crate::export::{Placed, Run, eml, flows, keylog, pcapng_dsb, plain};
use crate::render::flow_name::{DEFAULT_TEMPLATE, Template};
use crate::render::term;
use crate::report::SessionReport;
use crate::sandbox::Access;

/// Runs the command.
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    run_to(args, &mut output::open(None, How::default())?)
}

/// Writes the list of the files to `out`.
fn run_to(args: &ExportArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let template = template(args)?;
    refuse_to_redact(args)?;
    let Some(mut plan) = Plan::with_readable_keys(&args.shared, &args.reveal) else {
        return Ok(Exit::Usage);
    };
    let staging = Staging::new(&args.output)?;
    plan.confine(&args.shared, Access { write: vec![args.output.clone()], ..Access::default() });
    let mut capture = plan::capture(&args.shared);
    let setup = plan.setup.clone();
    let mut wants = |session: &SessionReport| plan.wants(session);
    let mut run = Run::new(setup, &mut capture, &mut wants, staging.aside());
    run.redacts = !args.redact.is_empty();
    let files = match args.kind {
        ExportKind::Flows => flows::write(&mut run, &template)?,
        ExportKind::Eml => eml::write(&mut run)?,
        ExportKind::Keylog => keylog::write(&mut run)?,
        ExportKind::PcapngDsb => pcapng_dsb::write(&mut run)?,
        ExportKind::PcapngPlain => plain::write(&mut run)?,
    };
    let Run { summary, notes, closed, notice, .. } = run;
    if !args.shared.quiet {
        output::tell(&notice);
    }
    staging.publish(&files, args.force)?;
    list(&files, &staging, out)?;
    if !args.shared.quiet {
        notes.iter().for_each(|note| output::say(note));
        say_closed(closed, args.kind);
        say_nothing(&files, args);
    }
    Ok(plan.conclude(&capture, &summary))
}

fn template(args: &ExportArgs) -> anyhow::Result<Template> {
    if args.name.is_some() && args.kind != ExportKind::Flows {
        bail!("--name is for flows");
    }
    Template::parse(args.name.as_deref().unwrap_or(DEFAULT_TEMPLATE)).context("--name")
}

/// Names in raw bytes can be masked in one kind alone.
fn refuse_to_redact(args: &ExportArgs) -> anyhow::Result<()> {
    let why = match args.kind {
        _ if args.redact.is_empty() => return Ok(()),
        ExportKind::PcapngPlain => return Ok(()),
        ExportKind::PcapngDsb => "the packets are ciphertext, which nobody can mask",
        ExportKind::Keylog => "a key log opens the capture with all that is in it",
        ExportKind::Eml | ExportKind::Flows => "a body is full of names, some of them encoded",
    };
    bail!("--redact: {why}; `export pcapng-plain --redact addresses` has no names")
}

/// A line a file: path, bytes, session.
pub(super) fn list(files: &[Placed], staging: &Staging, out: &mut dyn Write) -> io::Result<()> {
    for file in files {
        let path = staging.path(file);
        let path = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let session = file.session.map_or_else(|| "-".to_owned(), |id| id.to_string());
        writeln!(out, "{}\t{}\t{session}", term::escaped(&path), file.bytes)?;
    }
    out.flush()
}

/// That there is nothing is easily overlooked: the exit code is that of a run which went well.
fn say_nothing(files: &[Placed], args: &ExportArgs) {
    let is_of_session = |file: &Placed| file.session.is_some() || !args.kind.is_by_session();
    if !files.iter().any(is_of_session) {
        output::warn("nothing was there to write; with --require-decrypted that is an error (4)");
    }
}

fn say_closed(sessions: u64, kind: ExportKind) {
    if sessions > 0 {
        let they = if sessions == 1 { "session is" } else { "sessions are" };
        let so = if kind.holds_text() { ", and the ciphertext is left out" } else { "" };
        output::say(&format!(
            "{sessions} {they} not or not wholly decrypted{so}; `smtp-decrypt show` tells why"
        ));
    }
}
