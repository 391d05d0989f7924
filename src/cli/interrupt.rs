//! An interrupted run leaves nothing behind: what is not finished goes before the process does, least
//! of all does decrypted mail stay.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What has no name yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file or a directory that goes if the run is interrupted while this lives.
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    /// To be made before what stands at the path is.
    pub(super) fn new(path: &Path) -> Self {
        unfinished().push(path.to_owned());
        #[cfg(unix)]
        signals::watch();
        Self(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// The first interrupt is for the caller, who ends by itself; the next one ends the process.
#[cfg(unix)]
pub(super) fn spare_the_first() {
    signals::spare_the_first();
}

/// The same.
#[cfg(not(unix))]
pub(super) fn spare_the_first() {}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what is not finished. A worker may still write to it: what comes meanwhile goes too.
fn clear_away() {
    const ATTEMPTS: u32 = 100;
    for path in unfinished().iter() {
        for _ in 0..ATTEMPTS {
            let gone = match path.symlink_metadata() {
                Ok(file) if file.is_dir() => fs::remove_dir_all(path).is_ok(),
                Ok(_) => fs::remove_file(path).is_ok(),
                Err(_) => true,
            };
            if gone {
                break;
            }
        }
    }
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, Once};
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::{flag, low_level};

    use super::clear_away;

    /// How soon a signal is noticed.
    const PAUSE: Duration = Duration::from_millis(20);

    static WATCHED: Once = Once::new();
    static SPARES_FIRST: AtomicBool = AtomicBool::new(false);

    /// Looks for signals on a thread of its own. (A pipe that a handler writes to would need a call
    /// that the confined process has not.)
    pub(super) fn watch() {
        WATCHED.call_once(|| {
            let caught = Arc::new(AtomicUsize::new(0));
            let ignored = ignored();
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                // `nohup` is obeyed.
                let is_ignored = ignored >> (signal - 1) & 1 == 1;
                if let (false, Ok(number)) = (is_ignored, usize::try_from(signal)) {
                    // What cannot be caught ends the process as before.
                    let _ = flag::register_usize(signal, Arc::clone(&caught), number);
                }
            }
            thread::spawn(move || {
                loop {
                    thread::sleep(PAUSE);
                    if let Ok(signal @ 1..) = i32::try_from(caught.swap(0, Ordering::Relaxed)) {
                        end(signal);
                    }
                }
            });
        });
    }

    pub(super) fn spare_the_first() {
        SPARES_FIRST.store(true, Ordering::Relaxed);
        watch();
    }

    fn end(signal: i32) {
        if signal != SIGHUP && SPARES_FIRST.swap(false, Ordering::Relaxed) {
            return;
        }
        clear_away();
        // The process ends as by a signal that nobody caught.
        let _ = low_level::emulate_default_handler(signal);
    }

    /// The signals that were ignored when the process began, a bit each; none where that is not told.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    }
}
