//! The files of `--format parquet`: one a table, in the directory of `-o`.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::target::{How, Target};
use crate::render::Renderer;
use crate::render::parquet::Tables;

/// The tables in `folder`, which is made if missing; files of an earlier run are overwritten. Each is
/// written in its place: what it holds stands at its end, so that a part of one is no table.
pub(super) fn open(folder: Option<&Path>, private: bool) -> anyhow::Result<Box<dyn Renderer>> {
    let Some(folder) = folder else { bail!("--format parquet writes to a directory: -o DIR") };
    let folder = &crate::cli::target::within_its_directory(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    let how = How { private, live: true };
    let tables = Tables::new(|name| {
        let file = Target::create(&folder.join(format!("{name}.parquet")), how);
        Ok(Box::new(file.map_err(|error| io::Error::other(format!("{error:#}")))?))
    })?;
    Ok(Box::new(tables))
}
