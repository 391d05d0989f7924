//! `--explain`: what a finding's code means.

use std::io::Write as _;

use anyhow::bail;

use super::exit::Exit;
use super::output;
use super::target::How;
use crate::render::explain::{explained, listed};
use crate::report::{Code, Outcome, codes};

/// A code as reports show it where its area is plain: `forward_secrecy` is `tls.forward_secrecy`.
fn without_area(name: &str) -> Option<Code> {
    codes::all().find(|code| code.name().split_once('.').is_some_and(|(_, last)| last == name))
}

/// What a session came to, which the finding below it explains.
fn of_outcome(outcome: Outcome) -> String {
    let name = outcome.name();
    format!(
        "{name} (outcome)\n\n{}.\n\nThe findings of the session say why: they stand below `Outcome`, \
         and\n`--explain CODE` explains each. `--outcome {name}` shows such sessions alone.\n",
        outcome.meaning()
    )
}

/// Explains one code or outcome, or lists all codes.
pub(super) fn run(typed: &str) -> anyhow::Result<Exit> {
    let name = typed.to_ascii_lowercase();
    let code = codes::named(&name).or_else(|| without_area(&name));
    let text = match (code, Outcome::named(&name)) {
        _ if name == "list" => listed(),
        (Some(code), _) => explained(code),
        (None, Some(outcome)) => of_outcome(outcome),
        (None, None) => bail!("no finding has the code {typed}; `--explain list` names all"),
    };
    let mut out = output::open(None, How::default())?;
    out.write_all(text.as_bytes())?;
    out.finish()?;
    Ok(Exit::Done)
}
