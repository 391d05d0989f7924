//! `show`: decrypted conversations and timing.

#[cfg(feature = "parquet")]
mod tables;

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::bail;

use super::args::{ShowArgs, Times};
use super::exit::Exit;
use super::follow;
use super::missing;
use super::output::{self, Output};
use super::plan::{self, Plan};
use super::progress::Progress;
use super::redaction::{self, Redacted};
use super::target::{self, How, Target};
use crate::capture::Capture;
use crate::engine::{self, Tap};
use crate::export::listener::{Heard, Interest, Listener};
use crate::judge::Opened;
use crate::render::{Renderer, text};
use crate::report::Conclusion;
use crate::report::{CaptureReport, KeyReport, Summary};
use crate::sandbox::Access;

/// Runs the command.
pub(super) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let Some(mut plan) = Plan::with_readable_keys(&args.shared, &args.reveal) else {
        return Ok(Exit::Usage);
    };
    if args.format.name == "text" && missing::are_all(&args.shared.captures) {
        return Ok(Exit::Capture);
    }
    plan.limit(&args.slow);
    if let Some(path) = args.output.as_deref().filter(|_| args.follow) {
        target::spare(path, &args.shared.captures)?;
    }
    let how = How { private: !args.reveal.is_empty(), live: args.follow };
    let mut out = output::open(args.output.as_deref().filter(|_| !is_folder(args)), how)?;
    let map = args.redact_map.as_deref().map(redaction::map).transpose()?;
    let mut renderer = renderer(args)?;
    plan.confine(&args.shared, access(&out, map.as_ref()));
    let mut capture = match args.follow {
        true => followed(args, &mut plan)?,
        false if args.shared.captures == [Path::new("-")] => follow::pipe()?,
        false => plan::capture(&args.shared),
    };
    out.spare(&plan.inputs(&args.shared, &capture))?;
    let progress = Progress::of(args, &mut capture);
    if !args.redact.is_empty() {
        if args.format.name == "tcpflow" {
            bail!("--redact has no pseudonyms for raw bytes: use text, html, json, ndjson or csv");
        }
        renderer = Box::new(Redacted::new(renderer, map));
    }
    let summary = render(args, &mut plan, &mut capture, &mut *renderer, &mut out)?;
    out.finish()?;
    drop(progress);
    Ok(plan.conclude(&capture, &summary))
}

#[cfg(feature = "parquet")]
fn is_folder(args: &ShowArgs) -> bool {
    args.format.name == crate::render::PARQUET
}

#[cfg(not(feature = "parquet"))]
fn is_folder(_args: &ShowArgs) -> bool {
    false
}

fn renderer(args: &ShowArgs) -> anyhow::Result<Box<dyn Renderer>> {
    #[cfg(feature = "parquet")]
    if is_folder(args) {
        return tables::open(args.output.as_deref(), !args.reveal.is_empty());
    }
    Ok((args.format.renderer)(&style(args)))
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
    plan.follows(Arc::clone(&interrupted));
    follow::capture(path, args.idle.map(|idle| Duration::from_secs(idle.into())), interrupted)
}

/// What is written gets its name at the end.
fn access(out: &Output, map: Option<&Target>) -> Access {
    let rename = out.directory().into_iter().chain(map.and_then(Target::directory)).collect();
    Access { rename, ..Access::default() }
}

fn style(args: &ShowArgs) -> text::Style {
    let default = text::Style::default();
    text::Style {
        colors: output::has_colors(args.shared.color, args.output.as_deref()),
        width: output::width(args.output.as_deref()).unwrap_or(default.width),
        times: times(args.time),
        detail: args.shared.verbose > 0,
        list_first: !is_live(args),
        views: text::Views {
            list: args.list,
            deliveries: args.deliveries,
            timing: args.timing,
            packets: args.packets,
            hex: args.hex,
        },
    }
}

/// What comes from a pipe may be captured right now: sessions are shown as they end. Of files
/// nobody can tell, and the list of sessions may stand first.
fn is_live(args: &ShowArgs) -> bool {
    let is_at_rest = |path: &PathBuf| path.is_file() || path.is_dir();
    args.follow || !args.shared.captures.iter().all(is_at_rest)
}

fn times(times: Times) -> text::Times {
    match times {
        Times::Relative => text::Times::Relative,
        Times::Delta => text::Times::Delta,
        Times::Utc => text::Times::Utc,
        Times::Local => text::Times::Local,
        Times::Epoch => text::Times::Epoch,
    }
}

fn interest(args: &ShowArgs) -> Interest {
    let has_views = args.format.has_views;
    Interest {
        packets: args.packets && has_views,
        bytes: args.format.needs_bytes || args.hex && has_views,
    }
}

/// Sessions as they end, then the rest.
fn render(
    args: &ShowArgs,
    plan: &mut Plan,
    capture: &mut Capture,
    renderer: &mut dyn Renderer,
    out: &mut dyn Write,
) -> io::Result<Summary> {
    let (setup, interest, is_live) = (plan.setup.clone(), interest(args), is_live(args));
    let (done, heard) = mpsc::channel::<Heard>();
    let mut transcripts = HashMap::new();
    let mut opened = Opened::default();
    let mut written = Ok(());
    let mut shown = 0;
    let reveal = setup.reveal;
    let listen = |_| {
        let listener = || Box::new(Listener::new(interest, reveal, done.clone()));
        interest.is_any().then(|| -> Box<dyn Tap> { listener() })
    };
    let mut totals = engine::run(capture, &setup, listen, |mut session| {
        transcripts.extend(heard.try_iter());
        session.transcript = transcripts.remove(&session.frames.first).map(Box::new);
        if !plan.wants(&session) {
            return ControlFlow::Continue(());
        }
        opened.count(&session);
        shown += 1;
        written = renderer.session(session, out);
        if is_live && written.is_ok() {
            written = out.flush();
        }
        // Nobody reads on: the rest of the capture is not wanted.
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    written?;
    totals.summary.shown_sessions = shown;
    let rest = Conclusion {
        captures: capture.files().map(CaptureReport::new).collect(),
        keys: KeyReport::of_counted(&setup.keys, &opened),
        deliveries: totals.deliveries,
        findings: totals.findings,
        quality: totals.quality,
        summary: totals.summary.clone(),
    };
    renderer.finish(rest, out)?;
    Ok(totals.summary)
}
