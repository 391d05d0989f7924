//! `show`: decrypted conversations and timing.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use super::args::ShowArgs;
use super::exit::Exit;
use super::plan::{self, Plan};
use super::redaction::Redacted;
use super::{follow, output};
use crate::capture::Capture;
use crate::engine;
use crate::render::{Renderer, Rest, text};
use crate::report::{CaptureReport, KeyReport, Opened, Summary};

/// Runs the command.
pub(super) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let mut plan = Plan::new(&args.shared, &args.reveal);
    plan.limit(&args.slow);
    let mut capture = match args.follow {
        true => followed(args, &mut plan)?,
        false => plan::capture(&args.shared),
    };
    let mut out = output::create(
        args.output.as_deref(),
        &inputs(args, &plan, &capture),
        !args.reveal.is_empty(),
    )?;
    let mut renderer = (args.format.renderer)(&style(args));
    if !args.redact.is_empty() {
        renderer = Box::new(Redacted::new(renderer, args.redact_map.clone()));
    }
    let summary = render(&mut plan, &mut capture, &mut *renderer, &mut out)?;
    out.flush()?;
    Ok(plan.conclude(&capture, &summary))
}

/// One capture, as it grows.
fn followed(args: &ShowArgs, plan: &mut Plan) -> anyhow::Result<Capture> {
    let [path] = &args.shared.captures[..] else {
        bail!("--follow takes one capture, not {}", args.shared.captures.len());
    };
    if path.is_dir() {
        bail!("--follow takes a file or -, and {} is a directory", path.display());
    }
    let interrupted = follow::interrupts()?;
    plan.follows();
    follow::capture(path, args.idle.map(|idle| Duration::from_secs(idle.into())), interrupted)
}

/// Files that are read, and so must not be written.
fn inputs(args: &ShowArgs, plan: &Plan, capture: &Capture) -> Vec<PathBuf> {
    let shared = &args.shared;
    let named = [&shared.keys, &shared.key, &shared.keylog].into_iter().flatten();
    let keys = plan.setup.keys.ring.keys().iter().map(|key| PathBuf::from(&key.identity().path));
    let captures = capture.files().map(|file| PathBuf::from(&file.path));
    named.chain(&shared.password_file).cloned().chain(keys).chain(captures).collect()
}

fn style(args: &ShowArgs) -> text::Style {
    text::Style {
        colors: output::has_colors(args.shared.color, args.output.as_deref()),
        timing_only: args.timing,
        ..text::Style::default()
    }
}

/// Sessions as they end, then the rest.
fn render(
    plan: &mut Plan,
    capture: &mut Capture,
    renderer: &mut dyn Renderer,
    out: &mut dyn Write,
) -> io::Result<Summary> {
    let setup = plan.setup.clone();
    let mut opened = Opened::default();
    let mut written = Ok(());
    let totals = engine::run(
        capture,
        &setup,
        |_| None,
        |session| {
            if written.is_ok() && plan.wants(&session) {
                opened.count(&session);
                written = renderer.session(session, out);
                if plan.is_following() && written.is_ok() {
                    written = out.flush();
                }
            }
        },
    );
    written?;
    let rest = Rest {
        captures: capture.files().map(CaptureReport::new).collect(),
        keys: KeyReport::of_counted(&setup.keys, &opened),
        findings: totals.findings,
        quality: totals.quality,
        summary: totals.summary.clone(),
    };
    renderer.finish(rest, out)?;
    Ok(totals.summary)
}
