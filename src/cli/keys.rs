//! `keys`: whether key material is good, what of a capture each key opens, and what is missing.

use std::ops::ControlFlow;

use anyhow::bail;

use super::args::{KeysArgs, KeysFormat};
use super::exit::Exit;
use super::output::{self, Output};
use super::plan::{self, Plan};
use super::target::How;
use crate::capture::Capture;
use crate::engine;
use crate::judge::KeyAuditor;
use crate::render::json;
use crate::render::text::{self, keys as page};
use crate::report::KeyAudit;
use crate::sandbox::Access;

/// Runs the command.
pub(super) fn run(args: &KeysArgs) -> anyhow::Result<Exit> {
    let shared = &args.shared;
    let material = [&shared.keys, &shared.key, &shared.keylog, &shared.secrets_from];
    let has_material = material.iter().any(|m| !m.is_empty());
    if !has_material && shared.captures.is_empty() {
        bail!("nothing to validate: name --keys, --key or --keylog, or a capture");
    }
    let mut plan = Plan::new(shared, &[]);
    let out = output::open(args.output.as_deref(), How::default())?;
    let rename = out.directory().into_iter().collect();
    plan.confine(shared, Access { rename, ..Access::default() });
    let mut auditor = KeyAuditor::default();
    let mut capture = plan::capture(shared);
    if !shared.captures.is_empty() {
        read(&mut capture, &mut plan, &mut auditor);
    }
    out.spare(&plan.inputs(shared, &capture))?;
    write(args, out, &auditor.finish(&plan.setup.keys, &plan.key_errors))?;
    Ok(match shared.captures.is_empty() {
        true => plan.exit_without_captures(),
        false => plan.exit(),
    })
}

/// Shows the sessions to the auditor.
fn read(capture: &mut Capture, plan: &mut Plan, auditor: &mut KeyAuditor) {
    let setup = plan.setup.clone();
    let on_session = |session| {
        if plan.wants(&session) {
            auditor.see(&session);
        }
        ControlFlow::Continue(())
    };
    let totals = engine::run(capture, &setup, |_| None, on_session);
    plan.observe(capture, &totals.summary);
}

fn write(args: &KeysArgs, mut out: Output, audit: &KeyAudit) -> anyhow::Result<()> {
    match args.format {
        KeysFormat::Text => page::write(audit, &style(args), &mut out)?,
        KeysFormat::Json => json::document(audit, &mut out)?,
    }
    Ok(out.finish()?)
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
