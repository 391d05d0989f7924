//! `compare`: where two negotiations part, and why.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};

use super::args::{AddressArg, CompareArgs, CompareFormat};
use super::check;
use super::exit::Exit;
use super::output::{self, Output};
use super::plan::{self, Plan};
use super::target::How;
use crate::compare::{Comparison, Pick, Side, Tolerance, compare};
use crate::engine::{self, Setup};
use crate::render::html::comparison as html;
use crate::render::json;
use crate::render::text::{self, compare as page};
use crate::sandbox::Access;

/// Runs the command.
pub(super) fn run(args: &CompareArgs) -> anyhow::Result<Exit> {
    let [good, bad] = args.shared.captures.as_slice() else {
        bail!("GOOD and BAD are two captures")
    };
    if good == bad && good == Path::new("-") {
        bail!("standard input can be one of the two captures, not both");
    }
    let Some(mut plan) = Plan::with_readable_keys(&args.shared, &[]) else {
        return Ok(Exit::Usage);
    };
    let out = output::open(args.output.as_deref(), How::default())?;
    let captures = args.shared.captures.iter().cloned();
    out.spare(&plan.key_files(&args.shared).chain(captures).collect::<Vec<_>>())?;
    let rename = out.directory().into_iter().collect();
    plan.confine(&args.shared, Access { rename, ..Access::default() });
    let good = side(&mut plan, good, pick(args.good_session, args.good_address))?;
    let bad = side(&mut plan, bad, pick(args.bad_session, args.bad_address))?;
    let tolerance = Tolerance { ratio: args.tolerance, floor_ns: args.floor };
    let comparison = compare(&good, &bad, &tolerance);
    write(args, &comparison, out)?;
    Ok(match plan.exit() {
        Exit::Done if !comparison.same => Exit::Differs,
        exit => exit,
    })
}

fn pick(session: Option<u64>, address: Option<AddressArg>) -> Pick {
    Pick {
        session,
        address: address.map(|address| address.ip),
        port: address.and_then(|address| address.port),
    }
}

/// Reads one side. Each side begins with the keys as given: a session of one capture is not resumed
/// in the other.
fn side(plan: &mut Plan, path: &Path, pick: Pick) -> anyhow::Result<Side> {
    if is_report(path) {
        return saved(path, pick);
    }
    let mut capture = plan::capture_of(&[path.to_path_buf()]);
    let setup = fresh(&plan.setup);
    let (mut side, mut seen) = (Side::default(), 0);
    let totals = engine::run(
        &mut capture,
        &setup,
        |_| None,
        |session| {
            seen += 1;
            if pick.takes(&session) && plan.wants(&session) {
                side.add(&session);
            }
            ControlFlow::Continue(())
        },
    );
    plan.observe(&capture, &totals.summary);
    if side.sessions() == 0 && seen > 0 {
        bail!("{}: none of its {seen} sessions is the one asked for", path.display());
    }
    Ok(side)
}

/// Whether a file is a saved report: no capture begins as a JSON object does.
fn is_report(path: &Path) -> bool {
    use std::io::Read as _;
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let file = std::fs::File::open(path).ok().filter(|_| is_file);
    let mut first = [0; 64];
    let read = file.and_then(|mut file| file.read(&mut first).ok()).unwrap_or(0);
    first.get(..read).is_some_and(|first| first.trim_ascii_start().starts_with(b"{"))
}

/// Reads a side of a report that was saved: `show --format json`, or `ndjson`.
fn saved(path: &Path, pick: Pick) -> anyhow::Result<Side> {
    let text = check::bounded(path, check::MOST_BASELINE)?;
    let mut side = Side::default();
    let seen = side
        .add_saved(text.as_slice(), pick)
        .map_err(|why| anyhow!("{}: no report of smtp-decrypt: {why}", path.display()))?;
    if side.sessions() == 0 && seen > 0 {
        bail!("{}: none of its {seen} sessions is the one asked for", path.display());
    }
    Ok(side)
}

fn fresh(setup: &Arc<Setup>) -> Arc<Setup> {
    let keys = crate::tls::Keys { ring: Arc::clone(&setup.keys.ring), ..Default::default() };
    Arc::new(Setup { keys, ..Setup::clone(setup) })
}

fn write(args: &CompareArgs, comparison: &Comparison, mut out: Output) -> anyhow::Result<()> {
    let style = text::Style {
        colors: output::has_colors(args.shared.color, args.output.as_deref()),
        width: args.width,
        ..text::Style::default()
    };
    match args.format {
        CompareFormat::Html => html::write(comparison, &mut out)?,
        CompareFormat::Json => json::document(comparison, &mut out)?,
        CompareFormat::Text => page::write(comparison, &style, &mut out)?,
    }
    Ok(out.finish()?)
}
