//! `anonymize`: a capture that may be shared.

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::bail;

use super::args::AnonymizeArgs;
use super::exit::Exit;
use super::export::list;
use super::output;
use super::plan::{self, Plan};
use super::staging::Staging;
use super::target::{self, How};
use crate::export::{Run, anonymize};
use crate::report::SessionReport;
use crate::sandbox::Access;

/// Runs the command.
pub(super) fn run(args: &AnonymizeArgs) -> anyhow::Result<Exit> {
    let Some(name) = args.output.file_name() else { bail!("-o names no file") };
    let name = name.to_string_lossy().into_owned();
    let folder = args.output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(mut plan) = Plan::with_readable_keys(&args.shared, &[]) else {
        return Ok(Exit::Usage);
    };
    // Pseudonyms are counted in the order in which names come: one worker keeps to it.
    plan.use_threads(NonZeroUsize::MIN);
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let staging = Staging::new(folder)?;
    plan.confine(&args.shared, Access { write: vec![folder.to_owned()], ..Access::default() });
    let mut capture = plan::capture(&args.shared);
    target::spare(&args.output, &plan.inputs(&args.shared, &capture))?;
    let setup = plan.setup.clone();
    let mut wants = |session: &SessionReport| plan.wants(session);
    let mut run = Run::new(setup, &mut capture, &mut wants, staging.aside());
    let files = anonymize::write(&mut run, &name)?;
    let Run { summary, notice, .. } = run;
    if !args.shared.quiet {
        output::tell(&notice);
    }
    staging.publish(&files, args.force)?;
    list(&files, &staging, &mut output::open(None, How::default())?)?;
    if !args.shared.quiet && !files.is_empty() {
        let path = args.output.display();
        output::say(&format!("look it through: smtp-decrypt --reveal auth,body {path}"));
    }
    Ok(plan.conclude(&capture, &summary))
}
