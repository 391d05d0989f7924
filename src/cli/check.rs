//! `check`: assertions and baselines for CI.

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::args::{CheckArgs, CheckFormat};
use super::exit::Exit;
use super::output::{self, Output};
use super::plan::{self, Plan};
use super::target::{How, Target};
use crate::capture::Capture;
use crate::check::{
    BUILT_IN, Baseline, Change, Checker, Checks, Choice, Policy, PolicyError, explain, named,
    text_of,
};
use crate::compare::Tolerance;
use crate::engine;
use crate::render::text::{self, check as page};
use crate::render::{github, json, junit, sarif, tap};
use crate::report::{CaptureReport, Generator, KeyReport, Report, SCHEMA, SessionReport};
use crate::sandbox::Access;

/// Bytes of a policy: thousands of rules.
pub(super) const MOST_POLICY: u64 = 1 << 20;

/// Bytes of a stored report: 50,000 sessions.
pub(super) const MOST_BASELINE: u64 = 512 << 20;

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    if let Some(name) = &args.print_policy {
        return print(name);
    }
    if let Some(name) = &args.explain_policy {
        return explained(name);
    }
    // What was typed wrong is told before captures are read.
    let policies = policies(args)?;
    let stored = match (&args.baseline, args.update) {
        (Some(path), false) => Some(baseline(path)?),
        _ => None,
    };
    let Some(mut plan) = Plan::with_readable_keys(&args.shared, &[]) else {
        return Ok(Exit::Usage);
    };
    let out = output::open(args.output.as_deref(), How::default())?;
    let update = updated(args)?;
    let rename = out.directory().into_iter().chain(update.as_ref().and_then(Target::directory));
    plan.confine(&args.shared, Access { rename: rename.collect(), ..Access::default() });
    let mut checker = Checker::new(policies);
    let mut capture = plan::capture(&args.shared);
    let report = read(args, &mut capture, &mut plan, &mut checker)?;
    out.spare(&plan.inputs(&args.shared, &capture))?;
    if let Some(mut file) = update {
        json::write(&report, &mut file)?;
        file.finish()?;
        say_written(args, report.sessions.len());
    }
    let changes = stored.map(|(path, stored)| (path, changes(&stored, &report, args)));
    let checks = checker.finish(args.strict, args.allow_empty || args.update, changes)?;
    write(args, &checks, out)?;
    Ok(match plan.exit() {
        Exit::Done if !checks.passed => Exit::Differs,
        exit => exit,
    })
}

fn policies(args: &CheckArgs) -> anyhow::Result<Vec<Policy>> {
    let named = args.policy.iter().map(|name| policy(name));
    let mut policies = named.collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(least) = args.min_sessions {
        policies.push(Policy::of_count(least)?);
    }
    if policies.is_empty() && args.baseline.is_none() {
        let names = BUILT_IN.join(", ");
        bail!("nothing to check: name a --policy (a file, or one of {names}) or a --baseline");
    }
    Ok(policies)
}

fn print(name: &str) -> anyhow::Result<Exit> {
    let Some(text) = text_of(name) else {
        bail!("there is no built-in policy {name}, but {}", BUILT_IN.join(", "));
    };
    let mut out = output::open(None, How::default())?;
    out.write_all(text.as_bytes())?;
    out.finish()?;
    Ok(Exit::Done)
}

/// Shows what a policy names.
fn explained(name: &str) -> anyhow::Result<Exit> {
    let policy = policy(name)?;
    let mut out = output::open(None, How::default())?;
    out.write_all(explain(&policy).as_bytes())?;
    out.finish()?;
    Ok(Exit::Done)
}

fn say_written(args: &CheckArgs, sessions: usize) {
    let Some(path) = args.baseline.as_ref().filter(|_| !args.shared.quiet) else { return };
    let noun = if sessions == 1 { "session" } else { "sessions" };
    output::say(&format!("baseline {} written: {sessions} {noun}", path.display()));
}

/// A policy by its file, or a built-in one by its name.
fn policy(name: &str) -> anyhow::Result<Policy> {
    let path = Path::new(name);
    if let Some(policy) = named(name).filter(|_| !path.exists()) {
        return Ok(policy?);
    }
    if !path.exists() {
        bail!("there is no policy {name}: neither a file nor one of {}", BUILT_IN.join(", "));
    }
    let text = bounded(path, MOST_POLICY)?;
    let text = String::from_utf8(text).with_context(|| format!("{name}: not UTF-8"))?;
    Ok(Policy::parse(name, &text)?)
}

fn baseline(path: &Path) -> anyhow::Result<(String, Baseline)> {
    let name = path.display().to_string();
    if !path.exists() {
        bail!("there is no baseline {name}: `--update` writes it");
    }
    let stored = Baseline::parse(&name, &bounded(path, MOST_BASELINE)?)?;
    Ok((name, stored))
}

pub(super) fn bounded(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > most {
        bail!("{}: longer than {most} bytes", path.display());
    }
    Ok(bytes)
}

/// Reads the captures. Sessions are kept only for a baseline.
fn read(
    args: &CheckArgs,
    capture: &mut Capture,
    plan: &mut Plan,
    checker: &mut Checker,
) -> anyhow::Result<Report> {
    let setup = plan.setup.clone();
    let mut sessions: Vec<SessionReport> = Vec::new();
    let mut wrong: Option<PolicyError> = None;
    let totals = engine::run(
        capture,
        &setup,
        |_| None,
        |session| {
            if !plan.wants(&session) {
                return ControlFlow::Continue(());
            }
            wrong = checker.add(&session).err();
            if args.baseline.is_some() {
                sessions.push(session);
            }
            match wrong {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        },
    );
    if let Some(error) = wrong {
        return Err(error.into());
    }
    plan.observe(capture, &totals.summary);
    sessions.sort_by_key(|session| session.id);
    Ok(Report {
        schema: SCHEMA,
        generator: Generator::default(),
        captures: capture.files().map(CaptureReport::new).collect(),
        keys: KeyReport::of_keys(&setup.keys, &sessions),
        sessions,
        deliveries: totals.deliveries,
        findings: totals.findings,
        quality: totals.quality,
        summary: totals.summary,
    })
}

/// The baseline that is to be written. It stays what it was until the new one is whole.
fn updated(args: &CheckArgs) -> anyhow::Result<Option<Target>> {
    let path = args.baseline.as_deref().filter(|_| args.update);
    path.map(|path| Target::create(path, How::default())).transpose()
}

fn changes(stored: &Baseline, report: &Report, args: &CheckArgs) -> Vec<Change> {
    let tolerance = Tolerance { ratio: args.tolerance, floor_ns: args.floor };
    let choice = Choice { ignored: args.ignore.clone(), also: args.also.clone() };
    stored.changes(&json::value(report), &tolerance, &choice)
}

fn write(args: &CheckArgs, checks: &Checks, mut out: Output) -> anyhow::Result<()> {
    let style = text::Style {
        colors: output::has_colors(args.shared.color, args.output.as_deref()),
        ..text::Style::default()
    };
    match args.format {
        CheckFormat::Text => page::write(checks, &style, &mut out)?,
        CheckFormat::Json => json::document(checks, &mut out)?,
        CheckFormat::Junit => junit::write(checks, &mut out)?,
        CheckFormat::Github => github::write(checks, &mut out)?,
        CheckFormat::Sarif => sarif::write(checks, &mut out)?,
        CheckFormat::Tap => tap::write(checks, &mut out)?,
    }
    Ok(out.finish()?)
}
