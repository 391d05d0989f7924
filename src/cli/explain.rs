//! `--explain`: what a finding's code means.

use std::io::Write as _;

use anyhow::bail;

use super::exit::Exit;
use super::output;
use super::target::How;
use crate::render::explain::{explained, listed};
use crate::report::{Code, codes, explain};

/// A code as reports show it where its area is plain: `forward_secrecy` is `tls.forward_secrecy`.
fn without_area(name: &str) -> Option<&'static Code> {
    codes().find(|row| row.code.split_once('.').is_some_and(|(_, last)| last == name))
}

/// Explains one code, or lists all.
pub(super) fn run(code: &str) -> anyhow::Result<Exit> {
    let text = match (code, explain(code).or_else(|| without_area(code))) {
        ("list", _) => listed(),
        (_, Some(code)) => explained(code),
        (_, None) => bail!("no finding has the code {code}; `--explain list` names all"),
    };
    let mut out = output::open(None, How::default())?;
    out.write_all(text.as_bytes())?;
    out.finish()?;
    Ok(Exit::Done)
}
