//! `export`: what was decrypted, as files.

pub(super) mod anonymize;
pub(super) mod cover;
mod eml;
mod flows;
mod keylog;
mod leaving;
mod pcapng_dsb;
pub(super) mod plain;
pub(super) mod runs;
pub(super) mod secrets;
mod segment;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::ops::ControlFlow;

use anyhow::{Context as _, bail};

use super::args::{ExportArgs, ExportKind};
use super::exit::Exit;
use super::output;
use super::plan::{self, Plan};
use super::staging;
use super::target::How;
use crate::capture::Capture;
use crate::engine;
use crate::render::flow_name::{DEFAULT_TEMPLATE, Template};
use crate::render::term;
use crate::report::{SessionReport, Summary};
use crate::sandbox::Access;
use crate::session::Tap;
use leaving::Leaving;
use staging::{Placed, Staging};

/// Runs the command.
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    run_to(args, &mut output::open(None, How::default())?)
}

/// Writes the list of the files to `out`.
fn run_to(args: &ExportArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let template = template(args)?;
    refuse_to_redact(args)?;
    let mut plan = Plan::new(&args.shared, &args.reveal);
    let staging = Staging::new(&args.output)?;
    plan.confine(&args.shared, Access { write: vec![args.output.clone()], ..Access::default() });
    let mut capture = plan::capture(&args.shared);
    let mut run = Run::new(&mut plan, &mut capture, &staging);
    run.redacts = !args.redact.is_empty();
    let files = match args.kind {
        ExportKind::Flows => flows::write(&mut run, &template)?,
        ExportKind::Eml => eml::write(&mut run)?,
        ExportKind::Keylog => keylog::write(&mut run)?,
        ExportKind::PcapngDsb => pcapng_dsb::write(&mut run)?,
        ExportKind::PcapngPlain => plain::write(&mut run)?,
    };
    let Run { summary, notes, closed, leaving, .. } = run;
    if !args.shared.quiet {
        leaving.tell();
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

/// One reading of the captures.
struct Run<'r> {
    plan: &'r mut Plan,
    capture: &'r mut Capture,
    staging: &'r Staging,
    summary: Summary,
    /// Names, addresses and bodies are not to leave.
    redacts: bool,
    /// What to say before they are.
    leaving: Leaving,
    /// What to say of the files written.
    notes: Vec<String>,
    /// Sessions with data that was not opened.
    closed: u64,
}

impl<'r> Run<'r> {
    fn new(plan: &'r mut Plan, capture: &'r mut Capture, staging: &'r Staging) -> Self {
        Self {
            plan,
            capture,
            staging,
            summary: Summary::default(),
            redacts: false,
            leaving: Leaving::default(),
            notes: Vec::new(),
            closed: 0,
        }
    }

    /// Reads all; `on_session` takes the sessions that are wanted.
    fn read(
        &mut self,
        tap: impl Fn(u64) -> Option<Box<dyn Tap>> + Sync,
        mut on_session: impl FnMut(&SessionReport),
    ) {
        let setup = self.plan.setup.clone();
        let (plan, closed) = (&mut *self.plan, &mut self.closed);
        let totals = engine::run(self.capture, &setup, tap, |session| {
            if plan.wants(&session) {
                *closed += u64::from(plan::is_closed(&session));
                on_session(&session);
            }
            ControlFlow::Continue(())
        });
        self.summary = totals.summary;
    }

    fn note_missing(&mut self, name: &str, bytes: u64, has_tls: bool) {
        // Of what is missing inside TLS only the length of the ciphertext is known.
        let about = if has_tls { "at most " } else { "" };
        if bytes > 0 {
            let note = format!("{name}: {about}{bytes} bytes are not in the capture, and left out");
            self.notes.push(note);
        }
    }
}

/// A line a file: path, bytes, session.
fn list(files: &[Placed], staging: &Staging, out: &mut dyn Write) -> io::Result<()> {
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
