//! A bar on standard error while a long capture is read.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::ShowArgs;
use super::output;
use crate::capture::Capture;

/// Captures of fewer bytes are read before a bar is seen (64 MiB: a second or two).
const LONG: u64 = 64 << 20;

/// What a file has for each packet besides its bytes: the record header of pcap, about as much in
/// pcapng.
const RECORD: u64 = 16;

/// Shows how far the captures are read, where somebody looks and it is long. Goes away when dropped.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn of(args: &ShowArgs, capture: &mut Capture) -> Self {
        let bytes: u64 = capture.files().map(|file| size(Path::new(&file.path))).sum();
        // Text that goes to the same terminal as sessions end would run into the bar.
        let is_free = args.output.is_some() || !output::is_terminal();
        let is_seen = io::stderr().is_terminal() && is_free && !args.shared.quiet;
        if !is_seen || bytes < LONG {
            return Self(None);
        }
        let is_packed = capture.files().any(|file| file.compression.is_some());
        let bar = if is_packed { spinner() } else { bar(bytes) };
        let shown = bar.clone();
        capture.watch(move |len| shown.inc(len + RECORD));
        Self(Some(bar))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bytes} of {total_bytes} [{wide_bar}] {eta}");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// How long a compressed file is, it does not say.
fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    match ProgressStyle::with_template("{spinner} {bytes} read, {binary_bytes_per_sec}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
