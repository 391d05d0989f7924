//! `keys`: whether key material is good, what of a capture each key opens, and what is missing.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::bail;

use super::args::{KeysArgs, KeysFormat, SharedArgs};
use super::exit::Exit;
use super::output;
use super::plan::{self, Plan};
use crate::engine;
use crate::render::json;
use crate::render::text::{self, keys as page};
use crate::report::{KeyAudit, KeyAuditor};

/// Runs the command.
pub(super) fn run(args: &KeysArgs) -> anyhow::Result<Exit> {
    let shared = &args.shared;
    let has_material = [&shared.keys, &shared.key, &shared.keylog].iter().any(|m| !m.is_empty());
    if !has_material && shared.captures.is_empty() {
        bail!("nothing to validate: name --keys, --key or --keylog, or a capture");
    }
    let mut plan = Plan::new(shared, &[]);
    let mut auditor = KeyAuditor::default();
    let captures = match shared.captures.is_empty() {
        true => Vec::new(),
        false => read(shared, &mut plan, &mut auditor),
    };
    // Files that are read, and so must not be written.
    let inputs: Vec<_> = plan.key_files(shared).chain(captures).collect();
    write(args, &inputs, &auditor.finish(&plan.setup.keys, &plan.key_errors))?;
    Ok(match shared.captures.is_empty() {
        true => plan.exit_without_captures(),
        false => plan.exit(),
    })
}

/// Shows the sessions to the auditor. Gives the files that were read.
fn read(shared: &SharedArgs, plan: &mut Plan, auditor: &mut KeyAuditor) -> Vec<PathBuf> {
    let mut capture = plan::capture(shared);
    let setup = plan.setup.clone();
    let on_session = |session| {
        if plan.wants(&session) {
            auditor.see(&session);
        }
        ControlFlow::Continue(())
    };
    let totals = engine::run(&mut capture, &setup, |_| None, on_session);
    plan.observe(&capture, &totals.summary);
    capture.files().map(|file| PathBuf::from(&file.path)).collect()
}

fn write(args: &KeysArgs, inputs: &[PathBuf], audit: &KeyAudit) -> anyhow::Result<()> {
    let mut out = output::create(args.output.as_deref(), inputs, false)?;
    match args.format {
        KeysFormat::Text => page::write(audit, &style(args), &mut out)?,
        KeysFormat::Json => json::document(audit, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

fn style(args: &KeysArgs) -> text::Style {
    let (output, default) = (args.output.as_deref(), text::Style::default());
    text::Style {
        colors: output::has_colors(args.shared.color, output),
        width: output::width(output).unwrap_or(default.width),
        detail: args.shared.verbose > 0,
        ..default
    }
}
