//! The files of `--format parquet`: one a table, in the directory of `-o`.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::render::Renderer;
use crate::render::parquet::Tables;

/// The tables in `folder`, which is made if missing; files of an earlier run are overwritten.
pub(super) fn open(folder: Option<&Path>) -> anyhow::Result<Box<dyn Renderer>> {
    let Some(folder) = folder else { bail!("--format parquet writes to a directory: -o DIR") };
    let begin = || -> io::Result<Tables> {
        fs::create_dir_all(folder)?;
        Tables::new(|name| {
            let file = File::create(folder.join(format!("{name}.parquet")))?;
            Ok(Box::new(io::BufWriter::new(file)))
        })
    };
    let tables = begin().with_context(|| format!("cannot write to {}", folder.display()))?;
    Ok(Box::new(tables))
}
