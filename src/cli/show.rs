//! `show`: decrypted conversations and timing.

use std::io::Write;
use std::time::Duration;

use anyhow::bail;

use super::args::{Format, ShowArgs};
use super::exit::Exit;
use super::plan::{self, Plan};
use super::{follow, output};
use crate::capture::Capture;
use crate::engine;
use crate::render::{json, text};
use crate::report::{CaptureReport, Generator, KeyReport, Report, SCHEMA, Summary};

/// Runs the command.
pub(super) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let mut plan = Plan::new(&args.shared, &args.reveal);
    let mut capture = match args.follow {
        true => followed(args, &mut plan)?,
        false => plan::capture(&args.shared),
    };
    let mut out = output::open(args.output.as_deref())?;
    let summary = match args.format {
        Format::Json => show_json(&mut plan, &mut capture, &mut out)?,
        Format::Text => show_text(&mut plan, &mut capture, args, &mut out)?,
    };
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

/// One document, written when all is known.
fn show_json(
    plan: &mut Plan,
    capture: &mut Capture,
    out: &mut dyn Write,
) -> anyhow::Result<Summary> {
    let setup = plan.setup.clone();
    let mut sessions = Vec::new();
    let totals = engine::run(
        capture,
        &setup,
        |_| None,
        |session| {
            if plan.wants(&session) {
                sessions.push(session);
            }
        },
    );
    sessions.sort_by_key(|session| session.id);
    let report = Report {
        schema: SCHEMA,
        generator: Generator::default(),
        captures: capture.files().map(CaptureReport::new).collect(),
        keys: KeyReport::of_keys(&setup.keys, &sessions),
        sessions,
        findings: totals.findings,
        quality: totals.quality,
        summary: totals.summary,
    };
    json::write(&report, out)?;
    Ok(report.summary)
}

/// Sessions as they end.
fn show_text(
    plan: &mut Plan,
    capture: &mut Capture,
    args: &ShowArgs,
    out: &mut dyn Write,
) -> anyhow::Result<Summary> {
    let style = text::Style {
        colors: output::has_colors(args.shared.color, args.output.as_deref()),
        timing_only: args.timing,
        ..text::Style::default()
    };
    let mut report = text::TextReport::new(style);
    let setup = plan.setup.clone();
    let mut written = Ok(());
    let totals = engine::run(
        capture,
        &setup,
        |_| None,
        |session| {
            if written.is_ok() && plan.wants(&session) {
                written = report.session(&session, out);
                if args.follow && written.is_ok() {
                    written = out.flush();
                }
            }
        },
    );
    written?;
    report.finish(&totals.summary, &totals.quality, &totals.findings, out)?;
    Ok(totals.summary)
}
